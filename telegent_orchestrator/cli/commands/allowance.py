"""`tgo allowance`: the vendor's request limit, as the workers share it."""

import asyncio
import time
from typing import Annotated

import typer

from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.input import By, build_message, current_user
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.rendering import sanitize
from telegent_orchestrator.cli.results import CommandError, ExitStatus
from telegent_orchestrator.cli.watching import with_timeout
from telegent_orchestrator.client._calls import update
from telegent_orchestrator.names import STATUS_QUERY
from telegent_orchestrator.request_allowance import (
    ALLOWANCE_ID,
    SET_LIMIT_UPDATE,
    AllowanceStatus,
    LimitCommand,
)

NOT_FOUND = CommandError(
    "no worker of this namespace has sent a request to Telegent yet; their limit is "
    "TELEGENT_REQUESTS_PER_MINUTE",
    ExitStatus.USAGE,
)


def allowance(
    context: typer.Context,
    limit: Annotated[
        int | None,
        typer.Option(
            "--set",
            metavar="N",
            help="From now on, allow all workers together N requests per minute.",
        ),
    ] = None,
    reset: Annotated[
        bool,
        typer.Option(
            "--reset", help="Return to the workers' setting TELEGENT_REQUESTS_PER_MINUTE."
        ),
    ] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Show how many requests to Telegent are allowed and used, or change the limit."""
    with Output(as_json) as output:
        if limit is not None and reset:
            raise CommandError("give --set or --reset, not both", ExitStatus.USAGE)
        message = None
        if limit is not None or reset:
            message = build_message(
                LimitCommand, requests_per_minute=limit, by=by or current_user()
            )
        status = asyncio.run(_run(context.obj, message))
        if as_json:
            output.document(status)
        else:
            output.show(*map(sanitize, _lines(status)))


async def _run(connection: Connection, command: LimitCommand | None) -> AllowanceStatus:
    async with connection.open(NOT_FOUND) as session:
        handle = session.temporal.get_workflow_handle(ALLOWANCE_ID)
        if command:
            return await with_timeout(update(handle, SET_LIMIT_UPDATE, command, AllowanceStatus))
        status: AllowanceStatus = await with_timeout(
            handle.query(STATUS_QUERY, time.time(), result_type=AllowanceStatus)
        )
        return status


def _lines(status: AllowanceStatus) -> list[str]:
    source = f"set by {status.set_by}" if status.set_by else "TELEGENT_REQUESTS_PER_MINUTE"
    lines = [
        f"limit: {status.requests_per_minute:g} requests a minute ({source})",
        f"used in the last {status.window_seconds:g} s: {status.used}, "
        f"and {status.leased} that workers have not reported yet",
    ]
    if status.permitted_per_minute < status.requests_per_minute:
        lines.append(
            f"lowered to {status.permitted_per_minute:g} a minute, because Telegent rejected "
            "requests (429); the limit as set is tried again after some minutes"
        )
    if status.paused_seconds:
        lines.append(f"Telegent asked to wait: {status.paused_seconds:.0f} s are left")
    return lines
