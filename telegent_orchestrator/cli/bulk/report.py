"""`tgo bulk report`: what happened to each row, as CSV, and as a page with charts."""

import asyncio
import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import BulkState, Counts, RowResult, RowState
from telegent_orchestrator.cli.bulk.charts import render_page
from telegent_orchestrator.cli.commands.bulk import Reference, not_found
from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import CommandError, ExitStatus
from telegent_orchestrator.names import onboarding_id

COLUMNS = (
    *("row", "reference", "state", "detail", "account_id", "phone_numbers"),
    *("started_at", "ended_at", "seconds", "workflow_id"),
)


class ReportResult(WireModel):
    """What `bulk report --json` prints: counts, and the files that were written."""

    reference: str
    state: BulkState
    counts: Counts
    files: list[str]


def report(
    context: typer.Context,
    bulk: Reference,
    csv_file: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="Write one line for each row here.")
    ] = None,
    html_file: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write a page with charts here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write what happened to each row. The files hold phone numbers."""
    with Output(as_json) as output:
        if not (csv_file or html_file):
            raise CommandError(
                "say what to write: --csv FILE, --html FILE, or both", ExitStatus.USAGE
            )
        done = asyncio.run(_report(context.obj, bulk, csv_file, html_file))
        if as_json:
            output.document(done)
        else:
            output.show(*(f"written: {file}" for file in done.files))


def rows_csv(rows: list[RowResult]) -> str:
    """One line for each row; times in UTC."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        duration = row_seconds(row)
        table.writerow(
            [
                row.row,
                row.reference,
                row.state.value,
                _escape_formula(row.detail),
                row.account_id,
                " ".join(row.phone_numbers),
                _format_time(row.started_at),
                _format_time(row.ended_at),
                "" if duration is None else f"{duration:.1f}",
                "" if row.state is RowState.WAITING else onboarding_id(row.reference),
            ]
        )
    return text.getvalue()


def row_seconds(row: RowResult) -> float | None:
    """How long the row took; None when it has not ended."""
    if row.started_at is None or row.ended_at is None:
        return None
    return (row.ended_at - row.started_at).total_seconds()


async def _report(
    connection: Connection, reference: str, csv_file: str | None, html_file: str | None
) -> ReportResult:
    async with connection.open(not_found(reference, connection)) as session:
        handle = session.bulks.get(reference)
        status = await handle.status()
        rows = [row async for row in handle.rows()]
    files = []
    if csv_file:
        files.append(_write(csv_file, rows_csv(rows)))
    if html_file:
        files.append(_write(html_file, render_page(status, rows)))
    return ReportResult(reference=reference, state=status.state, counts=status.counts, files=files)


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


def _escape_formula(text: str) -> str:
    """The vendor's words; a spreadsheet would take some of them for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
