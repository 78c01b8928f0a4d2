"""The outcome of each row of a bulk, as a CSV file and as an HTML page."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import BulkState, BulkStatus, Counts, RowResult, RowState
from telegent_orchestrator.cli.bulk.html_report import render_page, row_seconds
from telegent_orchestrator.cli.results import CommandError, ExitStatus
from telegent_orchestrator.names import onboarding_id

COLUMNS = (
    *("row", "reference", "state", "detail", "account_id", "phone_numbers"),
    *("started_at", "ended_at", "seconds", "workflow_id"),
)
FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Beginnings of cells that spreadsheets take for formulas."""
PHONE_NUMBERS = re.compile(r"\+[0-9]{8,15}( \+[0-9]{8,15})*")
"""They begin with a plus sign and cannot do harm; programs read them from the report."""


class ReportResult(WireModel):
    """What `bulk report --json` prints."""

    reference: str
    state: BulkState
    counts: Counts
    files: list[str]


def write_report(
    status: BulkStatus, rows: Sequence[RowResult], csv_file: str | None, html_file: str | None
) -> ReportResult:
    """Write the files. Raises CommandError if one cannot be written."""
    files = []
    if csv_file:
        files.append(_write(csv_file, rows_csv(rows)))
    if html_file:
        files.append(_write(html_file, render_page(status, rows)))
    return ReportResult(
        reference=status.reference, state=status.state, counts=status.counts, files=files
    )


def rows_csv(rows: Sequence[RowResult]) -> str:
    """One line per row; times in UTC. Cells that look like formulas begin with an apostrophe."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        seconds = row_seconds(row)
        cells = [
            str(row.row),
            row.reference,
            row.state.value,
            row.detail,
            row.account_id,
            " ".join(row.phone_numbers),
            _format_time(row.started_at),
            _format_time(row.ended_at),
            "" if seconds is None else f"{seconds:.1f}",
            "" if row.state is RowState.WAITING else onboarding_id(row.reference),
        ]
        table.writerow([escape_formula(cell) for cell in cells])
    return text.getvalue()


def _write(file: str, text: str) -> str:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{file} cannot be written: {error.strerror}", ExitStatus.USAGE
        ) from None
    return file


def _format_time(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else ""


def escape_formula(cell: str) -> str:
    """The cell, with an apostrophe in front if a spreadsheet would take it for a formula."""
    if PHONE_NUMBERS.fullmatch(cell):
        return cell
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA_PREFIXES) else cell
