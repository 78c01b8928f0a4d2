"""`telegent list`: what is there, by what Temporal indexes. No worker is asked."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.rendering import executions_table
from telegent_orchestrator.cli.results import Advice, Exit, Stop
from telegent_orchestrator.client.executions import Execution, Found, Kind, Run, Wanted
from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.port_out import PortOutState

PORT_STATES = [*(state.value for state in PortState), *(out.searchable for out in PortOutState)]
RUNS = [run.value for run in Run]
SPAN = re.compile(r"(\d{1,5})([hdw])")
HOURS = {"h": 1, "d": 24, "w": 168}


def _states(incomplete: str) -> list[str]:
    return [state for state in [*RUNS, *PORT_STATES] if state.startswith(incomplete)]


def list_executions(
    context: typer.Context,
    states: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            autocompletion=_states,
            help="State of a port, such as ACTION_REQUIRED, or how a workflow runs: "
            f"{', '.join(RUNS)}. Repeatable: any of several; of both kinds, one of each.",
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
        list[Kind] | None,
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
    with Output(as_json) as say:
        wanted = Wanted(
            runs=[Run(state) for state in states or () if state in RUNS],
            port_states=[state for state in states or () if state in PORT_STATES],
            kinds=kinds or [],
            needs_action=needs_action,
            account_id=account,
            order_id=order,
            step=step,
            since=_moment("--since", since),
            unchanged_since=_moment("--unchanged-since", unchanged_since),
        )
        _refuse_unknown(states or [])
        found = asyncio.run(_find(connection, wanted, limit))
        if as_json:
            say.document(found)
        else:
            _show(found, needs_action, connection, say)


async def _find(connection: Connection, wanted: Wanted, limit: int) -> Found:
    async with connection.open() as house:
        return await house.executions.find(wanted, limit)


def _show(found: Found, needs_action: bool, connection: Connection, say: Output) -> None:
    if not found.executions:
        say.show("nothing is there that fits")
        return
    say.show(executions_table(found.executions))
    if more := found.total - len(found.executions):
        say.show("", f"{more} more: give --limit {found.total}")
    if needs_action:
        status = connection.command(*_status_of(found.executions[0]))
        say.advise([Advice(why="what one needs is in its status, such as:", commands=[status])])


def _status_of(found: Execution) -> tuple[str, ...]:
    """The command that shows what it waits for: a line's question is shown by its onboarding."""
    onboarding = found.parent_id if found.kind is Kind.LINE else found.workflow_id
    if found.kind in (Kind.ONBOARDING, Kind.LINE) and onboarding:
        return "status", onboarding.removeprefix("onboarding-")
    return "port-in", "status", found.workflow_id


def _refuse_unknown(states: list[str]) -> None:
    if unknown := [state for state in states if state not in {*RUNS, *PORT_STATES}]:
        raise Stop(
            f"no such state: {', '.join(unknown)}",
            Exit.USAGE,
            faults=["one of: " + ", ".join([*RUNS, *PORT_STATES])],
        )


def _moment(option: str, since: str | None) -> datetime | None:
    """A span back from now, or a date or time; without a zone it is meant here."""
    if since is None:
        return None
    if span := SPAN.fullmatch(since):
        return datetime.now(UTC) - timedelta(hours=int(span[1]) * HOURS[span[2]])
    try:
        return datetime.fromisoformat(since).astimezone()
    except (ValueError, OverflowError):
        raise Stop(
            f"{option} {since}: give a span such as 36h, 7d or 2w, or a date such as 2026-11-01",
            Exit.USAGE,
        ) from None
