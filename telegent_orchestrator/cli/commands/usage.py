"""`tgo usage`: how much data the numbers have used."""

import asyncio
from typing import Annotated

import typer

from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.reports import ReportWords, latest_report, new_report
from telegent_orchestrator.client import UsageClient
from telegent_orchestrator.usage import UsageReport

WORDS = ReportWords(
    command="usage",
    none_yet="no reading of usage in this namespace has completed yet",
    waiting="reading usage with a share of the requests",
    interrupted="the reading continues",
    failed="no usage was read",
)


def usage(
    context: typer.Context,
    latest: Annotated[
        bool, typer.Option("--latest", help="Show the latest report, and read nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how much data the numbers have used, those nearest to their limit first.

    Uses only a part of the request limit, so that it takes minutes with many
    numbers. Sends no events: the readings of the schedule do.
    """
    with Output(as_json) as output:
        report = asyncio.run(_run(context.obj, latest, output))
        if as_json:
            output.document(report)
        else:
            _show(report, output)


async def _run(connection: Connection, latest: bool, output: Output) -> UsageReport:
    async with connection.open() as session:
        client = UsageClient(session.temporal)
        if latest:
            return await latest_report(client, session, WORDS)
        return await new_report(client, session, output, WORDS)


def _show(report: UsageReport, output: Output) -> None:
    reached = "".join(
        f", {count} at {threshold} % of the limit" for threshold, count in report.counts.items()
    )
    output.show(
        f"usage of {report.read} of {report.numbers} numbers{reached}; "
        f"{report.requests} requests to Telegent"
    )
    if report.delayed:
        output.show(f"  events of {report.delayed} numbers wait for the next reading")
    output.show(*(f"  not read: {what}" for what in report.not_read))
    for each in report.lines:
        line = f" ({each.line})" if each.line else ""
        output.show(f"{each.phone_number}{line}: {each} {each.behavior}".rstrip())
    if more := report.read - len(report.lines):
        output.show(f"and {more} more")
