"""`tgo list`: what is there, by what Temporal indexes. No worker is asked."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.rendering import executions_table
from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep
from telegent_orchestrator.client.executions import (
    Execution,
    ExecutionFilter,
    ExecutionList,
    ExecutionStatus,
    WorkflowKind,
)
from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.port_out import PortOutState

PORT_STATES = [
    *(state.value for state in PortState),
    *(out.search_attribute_value for out in PortOutState),
]
STATUSES = [run.value for run in ExecutionStatus]
DURATION = re.compile(r"(\d{1,5})([hdw])")
HOURS_PER_UNIT = {"h": 1, "d": 24, "w": 168}


def _complete_state(incomplete: str) -> list[str]:
    return [state for state in [*STATUSES, *PORT_STATES] if state.startswith(incomplete)]


def list_executions(
    context: typer.Context,
    states: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            autocompletion=_complete_state,
            help="State of a port, such as ACTION_REQUIRED, or how a workflow runs: "
            f"{', '.join(STATUSES)}. Repeatable: any of several; of both kinds, one of each.",
        ),
    ] = None,
    needs_action: Annotated[
        bool,
        typer.Option("--needs-action", help="Only what waits for a person; longest first."),
    ] = False,
    account: Annotated[
        str | None, typer.Option("--account", help="Only those of this account at Telegent.")
    ] = None,
    order: Annotated[
        str | None, typer.Option("--order", help="Only the port-in of this order at Telegent.")
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", help="Only those at this step, such as 'Voice route'.")
    ] = None,
    kinds: Annotated[
        list[WorkflowKind] | None,
        typer.Option("--type", help="Repeatable. All but lines and parts of bulks by default."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="WHEN",
            help="Only those started since: `36h`, `7d`, `2w`, or a date such as 2026-11-01.",
        ),
    ] = None,
    unchanged_since: Annotated[
        str | None,
        typer.Option(
            "--unchanged-since",
            metavar="WHEN",
            help="Only ports that have been in their state since then, or longer.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to show.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List onboardings, lines, port-ins, port-outs and bulks: running ones first, newest first."""
    connection: Connection = context.obj
    with Output(as_json) as output:
        execution_filter = ExecutionFilter(
            statuses=[ExecutionStatus(state) for state in states or () if state in STATUSES],
            port_states=[state for state in states or () if state in PORT_STATES],
            kinds=kinds or [],
            needs_action=needs_action,
            account_id=account,
            order_id=order,
            step=step,
            started_after=_parse_time("--since", since),
            state_entered_before=_parse_time("--unchanged-since", unchanged_since),
        )
        _validate_states(states or [])
        found = asyncio.run(_find(connection, execution_filter, limit))
        if as_json:
            output.document(found)
        else:
            _show(found, needs_action, connection, output)


async def _find(
    connection: Connection, execution_filter: ExecutionFilter, limit: int
) -> ExecutionList:
    async with connection.open() as session:
        return await session.executions.find(execution_filter, limit)


def _show(found: ExecutionList, needs_action: bool, connection: Connection, output: Output) -> None:
    if not found.executions:
        output.show("nothing is there that fits")
        return
    output.show(executions_table(found.executions))
    if more := found.total - len(found.executions):
        output.show("", f"{more} more: give --limit {found.total}")
    if needs_action:
        status = connection.command(*_status_command(found.executions[0]))
        output.show_next_steps(
            [NextStep(reason="what one needs is in its status, such as:", commands=[status])]
        )


def _status_command(found: Execution) -> tuple[str, ...]:
    """The command that shows what it waits for: a line's question is shown by its onboarding."""
    onboarding = found.parent_id if found.kind is WorkflowKind.LINE else found.workflow_id
    if found.kind in (WorkflowKind.ONBOARDING, WorkflowKind.LINE) and onboarding:
        return "status", onboarding.removeprefix("onboarding-")
    return "port-in", "status", found.workflow_id


def _validate_states(states: list[str]) -> None:
    if unknown := [state for state in states if state not in {*STATUSES, *PORT_STATES}]:
        raise CommandError(
            f"no such state: {', '.join(unknown)}",
            ExitStatus.USAGE,
            errors=["one of: " + ", ".join([*STATUSES, *PORT_STATES])],
        )


def _parse_time(option: str, since: str | None) -> datetime | None:
    """A span back from now, or a date or time; without a zone it is meant here."""
    if since is None:
        return None
    if duration := DURATION.fullmatch(since):
        return datetime.now(UTC) - timedelta(hours=int(duration[1]) * HOURS_PER_UNIT[duration[2]])
    try:
        return datetime.fromisoformat(since).astimezone()
    except (ValueError, OverflowError):
        raise CommandError(
            f"{option} {since}: give a span such as 36h, 7d or 2w, or a date such as 2026-11-01",
            ExitStatus.USAGE,
        ) from None
