"""The report of a bulk as one HTML page without scripts or external files."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import groupby

from telegent_orchestrator._validation import truncate
from telegent_orchestrator.bulk import BulkStatus, RowResult, RowState
from telegent_orchestrator.cli.rendering import format_duration

STATE_COLORS = {
    RowState.DONE: "#2e7d32",
    RowState.ALREADY_DONE: "#81c784",
    RowState.FAILED: "#c62828",
    RowState.CANCELLED: "#ef6c00",
    RowState.RUNNING: "#0277bd",
    RowState.WAITING: "#9e9e9e",
}
DURATION_BINS = (1, 2, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400, 604_800)
"""Upper bounds in seconds of the bars in the chart of durations."""
MAX_PROGRESS_BARS = 24
MAX_REASONS = 10
MAX_LISTED_ROWS = 500
"""Rows that the page lists; the CSV has all."""
STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem;
  color: #222 }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse }
td, th { padding: .25rem .75rem; text-align: left; border-bottom: 1px solid #ddd;
  vertical-align: top }
td.number { text-align: right } .state { white-space: nowrap } td.bar { border: 0; width: 480px }
td.label { border: 0 } svg { display: block }"""

Bar = tuple[str, int, str]
"""Label, value and colour."""


def render_page(status: BulkStatus, rows: Sequence[RowResult]) -> str:
    """The whole page."""
    unfinished = [row for row in rows if row.state not in (RowState.DONE, RowState.ALREADY_DONE)]
    title = f"Bulk {escape(status.reference)}"
    return "\n".join(
        [
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>\n{STYLE}\n</style></head><body>",
            f"<h1>{title}: {status.state.value}</h1>",
            f"<p>{escape(_summary(status, rows))}</p>",
            _chart("Rows by state", _state_bars(rows)),
            _chart("Rows ended over time", _progress_bars(status, rows)),
            _chart("Duration of rows", _duration_bars(rows)),
            _chart("Why rows failed", _reason_bars(rows)),
            _unfinished_table(unfinished),
            "<h2>Timeline</h2>",
            _table(
                [f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.by, entry.event]
                for entry in status.timeline
            ),
            "</body></html>\n",
        ]
    )


def row_seconds(row: RowResult) -> float | None:
    """How long the row took; None if it has not ended."""
    if row.started_at is None or row.ended_at is None:
        return None
    return (row.ended_at - row.started_at).total_seconds()


def _summary(status: BulkStatus, rows: Sequence[RowResult]) -> str:
    counts = status.counts
    durations = _durations(rows)
    spread = ""
    if durations:
        median, p95 = durations[len(durations) // 2], durations[int(len(durations) * 0.95)]
        spread = (
            f" Median duration of a row: {format_duration(median)}; 95th percentile: "
            f"{format_duration(p95)}."
        )
    return (
        f"{counts.ended} of {status.rows} rows have ended, {counts.succeeded} of them successfully."
        f" Started {status.started_at:%Y-%m-%d %H:%M} UTC, at most {status.window} rows at a time."
        f"{spread} As of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC."
    )


def _state_bars(rows: Sequence[RowResult]) -> list[Bar]:
    found = Counter(row.state for row in rows)
    return [(state.value, found[state], STATE_COLORS[state]) for state in RowState if found[state]]


def _progress_bars(status: BulkStatus, rows: Sequence[RowResult]) -> list[Bar]:
    """How many rows had ended, at equal intervals since the start of the bulk."""
    ended = sorted(row.ended_at for row in rows if row.ended_at)
    if not ended:
        return []
    interval = max((ended[-1] - status.started_at) / MAX_PROGRESS_BARS, timedelta(seconds=1))
    bars: list[Bar] = []
    total = 0
    for number, group in groupby(
        ended, key=lambda moment: (moment - status.started_at) // interval
    ):
        total += len(list(group))
        label = f"after {format_duration(((number + 1) * interval).total_seconds())}"
        bars.append((label, total, STATE_COLORS[RowState.RUNNING]))
    return bars


def _duration_bars(rows: Sequence[RowResult]) -> list[Bar]:
    counts = Counter(
        next((bound for bound in DURATION_BINS if seconds <= bound), None)
        for seconds in _durations(rows)
    )
    color = STATE_COLORS[RowState.RUNNING]
    bars = [
        (f"up to {format_duration(bound)}", counts[bound], color)
        for bound in DURATION_BINS
        if counts[bound]
    ]
    return bars + [("longer", counts[None], color)] * bool(counts[None])


def _reason_bars(rows: Sequence[RowResult]) -> list[Bar]:
    failed = Counter(truncate(row.detail, 90) for row in rows if row.state is RowState.FAILED)
    color = STATE_COLORS[RowState.FAILED]
    return [(reason, count, color) for reason, count in failed.most_common(MAX_REASONS)]


def _durations(rows: Sequence[RowResult]) -> list[float]:
    return sorted(seconds for row in rows if (seconds := row_seconds(row)) is not None)


def _chart(title: str, bars: Sequence[Bar]) -> str:
    if not bars:
        return ""
    longest = max(value for _, value, _ in bars)
    lines = [
        f'<tr><td class="label">{escape(label)}</td><td class="number label">{value:,}</td>'
        f'<td class="bar"><svg width="480" height="16" role="img" aria-label="{value}">'
        f'<rect width="{480 * value / longest:.0f}" height="16" fill="{color}"/></svg></td></tr>'
        for label, value, color in bars
    ]
    return "\n".join([f"<h2>{escape(title)}</h2>", "<table>", *lines, "</table>"])


def _unfinished_table(rows: Sequence[RowResult]) -> str:
    if not rows:
        return ""
    listed = _table(
        (
            [str(row.row), row.reference, row.state.value, row.detail]
            for row in rows[:MAX_LISTED_ROWS]
        ),
        header=["row", "reference", "state", "detail"],
    )
    more = len(rows) - MAX_LISTED_ROWS
    note = f"<p>{more} more rows are in the CSV report.</p>" if more > 0 else ""
    return f"<h2>Rows that are not done</h2>\n{listed}{note}"


def _table(rows: Iterable[Sequence[str]], header: Sequence[str] = ()) -> str:
    lines = [f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows]
    if header:
        lines.insert(0, f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in header)}</tr>")
    return "\n".join(["<table>", *lines, "</table>"])
