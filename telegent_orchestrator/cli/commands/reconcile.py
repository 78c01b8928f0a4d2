"""`tgo reconcile`: what differs between Telegent and what the workflows know."""

import asyncio
import csv
import io
from pathlib import Path
from typing import Annotated

import typer

from telegent_orchestrator.cli.bulk.report import escape_formula
from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.reports import ReportWords, latest_report, new_report
from telegent_orchestrator.cli.results import CommandError, ExitStatus
from telegent_orchestrator.client import ReconcileClient
from telegent_orchestrator.reconcile import ReconcileReport

COLUMNS = (*("kind", "phone_number", "line", "subscription_id", "detail", "remedy", "workflow_id"),)
WORDS = ReportWords(
    command="reconcile",
    none_yet="no reconciliation of this namespace has completed yet",
    waiting="reading Telegent's lists with a share of the requests",
    interrupted="the comparison continues",
    failed="nothing was compared",
)


def reconcile(
    context: typer.Context,
    latest: Annotated[
        bool,
        typer.Option("--latest", help="Show the latest report, and compare nothing."),
    ] = False,
    csv_file: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="Also write the findings to a file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Report how Telegent differs from what the workflows know. Changes nothing.

    Exit status 3 if they differ. Leaves most of Telegent's request limit to other
    work, so it takes minutes if there are many lines.
    """
    with Output(as_json) as output:
        report = asyncio.run(_run(context.obj, latest, output))
        if csv_file:
            _write(csv_file, findings_csv(report))
        if as_json:
            output.document(report)
        else:
            _show(report, output)
        raise typer.Exit(ExitStatus.NEEDS_OPERATOR if report.total else ExitStatus.DONE)


async def _run(connection: Connection, latest: bool, output: Output) -> ReconcileReport:
    async with connection.open() as session:
        client = ReconcileClient(session.temporal)
        if latest:
            return await latest_report(client, session, WORDS)
        return await new_report(client, session, output, WORDS)


def findings_csv(report: ReconcileReport) -> str:
    """One line per finding. Cells that look like formulas begin with an apostrophe."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for finding in report.findings:
        values = finding.model_dump(mode="json")
        table.writerow([escape_formula(values[column]) for column in COLUMNS])
    return text.getvalue()


def _write(file: str, text: str) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{file} cannot be written: {error.strerror}", ExitStatus.USAGE
        ) from None


def _show(report: ReconcileReport, output: Output) -> None:
    output.show(
        f"{report.total} findings in {report.numbers} numbers, {report.subscriptions} "
        f"subscriptions and {report.lines} known lines; {report.requests} requests to Telegent"
    )
    for what, count in (
        ("numbers were being changed, and are compared the next time", report.in_progress),
        (
            "numbers are older than what Temporal keeps, so no workflow knows them",
            report.older_numbers,
        ),
    ):
        if count:
            output.show(f"  {count} {what}")
    output.show(*(f"  not compared: {what}" for what in report.not_compared))
    for finding in report.findings:
        line = f" ({finding.line})" if finding.line else ""
        output.show(
            f"{finding.kind.value} {finding.phone_number or finding.subscription_id}{line}: "
            f"{finding.detail}",
            f"  {finding.remedy}",
        )
    if more := report.total - len(report.findings):
        output.show(f"and {more} more")
