"""`tgo list`: workflows by what Temporal indexes. Needs no worker."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.table import Table

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.next_steps import listed_next_steps
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.rendering import format_duration, sanitize
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
from telegent_orchestrator.progress import StepState

PORT_STATES = [
    *(state.value for state in PortState),
    *(state.search_attribute_value for state in PortOutState),
]
STATUSES = [status.value for status in ExecutionStatus]
DURATION = re.compile(r"([0-9]{1,5})([hdw])")
HOURS_PER_UNIT = {"h": 1, "d": 24, "w": 168}


class ListedExecution(Execution):
    """A workflow in the list. `next`: what to do if it needs an operator."""

    next: list[NextStep] = []


class Listing(WireModel):
    """What `list --json` prints. `total`: how many match, of which these may be a part."""

    executions: list[ListedExecution]
    total: int


def _complete_state(incomplete: str) -> list[str]:
    return [state for state in [*STATUSES, *PORT_STATES] if state.startswith(incomplete)]


States = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        metavar="STATE",
        autocompletion=_complete_state,
        help="State of a port-in or port-out, such as ACTION_REQUIRED, or of the workflow in "
        f"Temporal: {', '.join(STATUSES)}. Repeatable: one of those given must match; if both "
        "port states and workflow states are given, one of each.",
    ),
]
NeedsOperator = Annotated[
    bool,
    typer.Option(
        "--needs-operator", help="Only what needs an operator, the longest waiting first."
    ),
]
Account = Annotated[
    str | None,
    typer.Option("--account", help="Only those of the account with this id at Telegent."),
]
Order = Annotated[
    str | None, typer.Option("--order", help="Only the port-in with this order id at Telegent.")
]
Step = Annotated[
    str | None, typer.Option("--step", help="Only those at this step, such as 'Voice route'.")
]
Kinds = Annotated[
    list[WorkflowKind] | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help=f"One of {', '.join(kind.value for kind in WorkflowKind)} (a line is part of an "
        "onboarding; a renewal-change is a new plan that waits for the renewal; `tgo line bulk` "
        "starts a line-change-set, `tgo bulk` starts a bulk, which starts bulk-batches). "
        "Repeatable. Default: all but bulk-batch and line; with --needs-operator, also line.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="WHEN",
        help="Only those started since: `36h`, `7d`, `2w`, or a date such as 2026-11-01.",
    ),
]
UnchangedSince = Annotated[
    str | None,
    typer.Option(
        "--unchanged-since",
        metavar="WHEN",
        help="Only port-ins and port-outs whose state has not changed since WHEN (see --since).",
    ),
]
ShowNumbers = Annotated[bool, typer.Option("--show-numbers", help="Show phone numbers in full.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many to show.")]


def list_executions(
    context: typer.Context,
    states: States = None,
    needs_operator: NeedsOperator = False,
    account: Account = None,
    order: Order = None,
    step: Step = None,
    kinds: Kinds = None,
    since: Since = None,
    unchanged_since: UnchangedSince = None,
    show_numbers: ShowNumbers = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List onboardings, port-ins, port-outs, line changes and bulk jobs, running ones first."""
    connection: Connection = context.obj
    with Output(as_json) as output:
        _validate_states(states or [])
        execution_filter = ExecutionFilter(
            statuses=[ExecutionStatus(state) for state in states or () if state in STATUSES],
            port_states=[state for state in states or () if state in PORT_STATES],
            kinds=kinds or [],
            needs_operator=needs_operator,
            account_id=account,
            order_id=order,
            step=step,
            started_after=_parse_time("--since", since),
            state_entered_before=_parse_time("--unchanged-since", unchanged_since),
        )
        found = asyncio.run(_find(connection, execution_filter, limit))
        if unreadable := sum(execution.memo_unreadable for execution in found.executions):
            output.notice(
                f"numbers, references and reasons of {unreadable} workflows are missing: they are "
                "encrypted, and this command does not have the worker's keys: give them with "
                "--payload-keys-file (TELEGENT_PAYLOAD_KEYS_FILE)"
            )
        listing = _listing(found, show_numbers, connection)
        if as_json:
            output.document(listing)
        else:
            _show(listing, output)


def executions_table(executions: Sequence[Execution]) -> RenderableType:
    """One row for each workflow, with the id that the other commands take."""
    columns = {
        "Type": [execution.kind.value if execution.kind else "" for execution in executions],
        "Id": [_short_id(execution) for execution in executions],
        "Number": [execution.phone_number for execution in executions],
        "Reference": [_reference(execution) for execution in executions],
        "State": [_state(execution) for execution in executions],
        "For": [_time_in_state(execution) for execution in executions],
        "Step": [execution.step or "" for execution in executions],
        "Age": [_age(execution.started_at) for execution in executions],
        "Reason": [execution.reason for execution in executions],
    }
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    # Columns that are empty in every row would only narrow the others.
    shown = {
        title: cells
        for title, cells in columns.items()
        if any(cells) or title not in ("Number", "Reference", "Reason")
    }
    for title in shown:
        ids = title in ("Type", "Id", "Number")
        table.add_column(title, no_wrap=ids, overflow="fold")
    for row in zip(*shown.values(), strict=True):
        table.add_row(*map(sanitize, row))
    return table


async def _find(
    connection: Connection, execution_filter: ExecutionFilter, limit: int
) -> ExecutionList:
    async with connection.open(any_keys=True) as session:
        return await session.executions.find(execution_filter, limit)


def _listing(found: ExecutionList, show_numbers: bool, connection: Connection) -> Listing:
    executions = found.executions
    if not show_numbers:
        executions = [execution.masked() for execution in executions]
    return Listing(
        executions=[
            ListedExecution(
                **dict(execution), next=listed_next_steps(execution, connection.command)
            )
            for execution in executions
        ],
        total=found.total,
    )


def _show(listing: Listing, output: Output) -> None:
    if not listing.executions:
        output.show("no workflow matches")
        return
    output.show(executions_table(listing.executions))
    if more := listing.total - len(listing.executions):
        output.show("", f"{more} more: use --limit {listing.total}")
    next_steps = [step for execution in listing.executions for step in execution.next]
    output.show(*[""] * bool(next_steps))
    output.show_next_steps(next_steps)


def _short_id(execution: Execution) -> str:
    """The reference of onboardings and bulks, the workflow id of others."""
    named = execution.kind in (WorkflowKind.ONBOARDING, WorkflowKind.BULK)
    prefix = f"{execution.kind.value}-" if execution.kind and named else ""
    return execution.workflow_id.removeprefix(prefix)


def _reference(execution: Execution) -> str:
    return "" if execution.kind in (WorkflowKind.ONBOARDING, None) else execution.reference


def _state(execution: Execution) -> str:
    """The state of a port-in or port-out, and the workflow's status if it is unexpected with it.

    Of others the workflow's status, or that they need an operator.
    """
    expected = (ExecutionStatus.RUNNING, ExecutionStatus.COMPLETED)
    if execution.port_state and execution.status in expected:
        return execution.port_state
    if execution.needs_operator:
        return StepState.NEEDS_OPERATOR.value
    return ", ".join(filter(None, (execution.port_state, execution.status.value)))


def _time_in_state(execution: Execution) -> str:
    if execution.status is not ExecutionStatus.RUNNING:
        return ""
    return _age(execution.port_state_entered_at or execution.needs_operator_since)


def _age(moment: datetime | None) -> str:
    return format_duration((datetime.now(UTC) - moment).total_seconds()) if moment else ""


def _validate_states(states: list[str]) -> None:
    if unknown := [state for state in states if state not in {*STATUSES, *PORT_STATES}]:
        raise CommandError(
            f"unknown state: {', '.join(unknown)}",
            ExitStatus.USAGE,
            errors=["one of: " + ", ".join([*STATUSES, *PORT_STATES])],
        )


def _parse_time(option: str, text: str | None) -> datetime | None:
    """A duration before now, or a date or time; without a zone, in the local zone."""
    if text is None:
        return None
    if duration := DURATION.fullmatch(text):
        return datetime.now(UTC) - timedelta(hours=int(duration[1]) * HOURS_PER_UNIT[duration[2]])
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise CommandError(
            f"{option} {text}: use a duration such as 36h, 7d or 2w, or a date such as 2026-11-01",
            ExitStatus.USAGE,
        ) from None
