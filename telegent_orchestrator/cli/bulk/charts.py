"""The report of a bulk as one HTML page, with everything in it: no script, nothing to load."""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files

import pygal  # type: ignore[import-untyped]  # it has no types
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from pygal.style import CleanStyle  # type: ignore[import-untyped]  # it has no types

from telegent_orchestrator._validation import truncate
from telegent_orchestrator.bulk import BulkStatus, RowResult, RowState
from telegent_orchestrator.cli.rendering import format_duration

# Pygal looks for its maps at every import of anything, in a way that Python warns of.
sys.meta_path[:] = [
    finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)
]

STATE_COLORS = {
    RowState.DONE: "#2e7d32",
    RowState.ALREADY_DONE: "#81c784",
    RowState.FAILED: "#c62828",
    RowState.CANCELLED: "#ef6c00",
    RowState.RUNNING: "#0277bd",
    RowState.WAITING: "#9e9e9e",
}
DURATION_BINS = (1, 2, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400, 604_800)
"""Seconds: the columns of the chart of how long rows took."""
MAX_POINTS = 200
MAX_REASONS = 10
MAX_LISTED_ROWS = 500
"""Rows that the page lists; the CSV has all."""


def render_page(status: BulkStatus, rows: Sequence[RowResult]) -> str:
    """The whole page."""
    template = (files(__package__) / "bulk_report.html.jinja").read_text(encoding="utf-8")
    durations = sorted(_durations(rows))
    unfinished = [row for row in rows if row.state not in (RowState.DONE, RowState.ALREADY_DONE)]
    charts = [
        _state_chart(rows),
        _progress_chart(status, rows),
        _duration_chart(durations),
        _reason_chart(unfinished),
    ]
    return (
        Environment(autoescape=True, undefined=StrictUndefined)
        .from_string(template)
        .render(
            status=status,
            created_at=datetime.now(UTC),
            median=format_duration(durations[len(durations) // 2]) if durations else "",
            p95=format_duration(durations[int(len(durations) * 0.95)]) if durations else "",
            charts=[Markup(chart) for chart in charts if chart],  # noqa: S704 - pygal escapes
            unfinished=unfinished[:MAX_LISTED_ROWS],
            more=max(0, len(unfinished) - MAX_LISTED_ROWS),
        )
    )


def _state_chart(rows: Sequence[RowResult]) -> str:
    found = Counter(row.state for row in rows)
    chart = _new_chart(
        pygal.HorizontalBar,
        "How rows stand",
        [STATE_COLORS[state] for state in RowState if found[state]],
    )
    for state in RowState:
        if found[state]:
            chart.add(state.value, found[state])
    return _render_svg(chart)


def _progress_chart(status: BulkStatus, rows: Sequence[RowResult]) -> str:
    """Rows ended, by the time since the bulk's start."""
    moments = sorted(row.ended_at for row in rows if row.ended_at)
    if not moments:
        return ""
    since = [(moment - status.started_at).total_seconds() for moment in moments]
    unit, word = (60, "minutes") if since[-1] > 300 else (1, "seconds")
    step = max(1, len(since) // MAX_POINTS)
    points = [(0, 0), *((since[at] / unit, at + 1) for at in range(0, len(since), step))]
    points.append((since[-1] / unit, len(since)))
    chart = _new_chart(
        pygal.XY, "Rows ended", ["#0277bd"], show_dots=False, fill=True, x_title=word
    )
    chart.print_values = False
    chart.add("rows", points)
    return _render_svg(chart)


def _duration_chart(durations: Sequence[float]) -> str:
    if not durations:
        return ""
    columns = Counter(
        next((span for span in DURATION_BINS if one <= span), None) for one in durations
    )
    names = {span: f"up to {format_duration(span).removesuffix('.0s')}" for span in DURATION_BINS}
    used = [span for span in DURATION_BINS if columns[span]]
    chart = _new_chart(pygal.Bar, "How long rows took", ["#0277bd"])
    chart.x_labels = [names[span] + ("s" if span < 60 else "") for span in used]
    values = [columns[span] for span in used]
    if columns[None]:
        chart.x_labels.append("longer")
        values.append(columns[None])
    chart.add("rows", values)
    return _render_svg(chart)


def _reason_chart(unfinished: Sequence[RowResult]) -> str:
    failed = Counter(truncate(row.detail, 90) for row in unfinished if row.state is RowState.FAILED)
    if not failed:
        return ""
    reasons = failed.most_common(MAX_REASONS)
    chart = _new_chart(pygal.HorizontalBar, "Why rows failed", ["#c62828"] * len(reasons))
    chart.truncate_legend = -1
    chart.legend_at_bottom = True
    chart.legend_at_bottom_columns = 1
    for reason, count in reasons:
        chart.add(reason, count)
    return _render_svg(chart)


def _durations(rows: Sequence[RowResult]) -> list[float]:
    return [
        (row.ended_at - row.started_at).total_seconds()
        for row in rows
        if row.started_at and row.ended_at
    ]


def _new_chart(kind: type, title: str, colours: list[str], **more: object) -> "pygal.Graph":
    style = CleanStyle(
        colors=tuple(colours), background="transparent", plot_background="transparent"
    )
    return kind(
        title=title,
        style=style,
        # Pygal's scripts would come from elsewhere.
        js=(),
        height=320,
        width=720,
        print_values=True,
        value_formatter=lambda value: f"{value:,.0f}",
        show_legend=kind is pygal.HorizontalBar,
        **more,
    )


def _render_svg(chart: "pygal.Graph") -> str:
    svg: str = chart.render(is_unicode=True, disable_xml_declaration=True)
    # They are for pygal's own scripts, and name its makers.
    return re.sub(r"<script.*?</script>|<!--.*?-->", "", svg, flags=re.DOTALL)
