"""What `bulk status` and `--watch` show about a bulk, as text and as JSON."""

from collections.abc import Sequence

from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.bulk import BulkState, BulkStatus, RowResult, bulk_batch_id
from telegent_orchestrator.cli.connection import Session
from telegent_orchestrator.cli.results import NextStep
from telegent_orchestrator.cli.views import State, View
from telegent_orchestrator.client.bulk import BulkHandle
from telegent_orchestrator.client.executions import (
    Execution,
    ExecutionFilter,
    ExecutionStatus,
    WorkflowKind,
)

BULK_STATES = {
    BulkState.RUNNING: State.RUNNING,
    BulkState.PAUSED: State.NEEDS_OPERATOR,
    BulkState.NEEDS_OPERATOR: State.NEEDS_OPERATOR,
    BulkState.STOPPING: State.RUNNING,
    BulkState.COMPLETED: State.DONE,
    BulkState.CANCELLED: State.CANCELLED,
    BulkState.INCOMPLETE: State.FAILED,
}
MAX_LISTED_ROWS = 10


class BulkView(View):
    """A bulk.

    Attributes:
        failed: The first rows that failed or were cancelled.
        waiting: Workflows of running rows that need an operator, the oldest first.
    """

    reference: str
    status: BulkStatus
    failed: list[RowResult] = []
    waiting: list[Execution] = []


async def bulk_view(handle: BulkHandle, session: Session) -> BulkView:
    """Read the bulk."""
    execution = await handle.execution()
    status = await handle.status()
    ended = execution.status not in (ExecutionStatus.RUNNING, ExecutionStatus.CONTINUED)
    # Terminated or timed out: the workflow itself has not recorded an end.
    ended_badly = ended and not status.state.final
    waiting = [] if ended else await _waiting(handle, status, session)
    # A row has one workflow that needs an operator, or several: count the rows.
    waiting_rows = len({execution.reference for execution in waiting})
    in_progress = status.counts.running > waiting_rows and not ended
    state = State.FAILED if ended_badly else BULK_STATES[status.state]
    if state is State.RUNNING and waiting and not in_progress and not _may_start(status):
        state = State.NEEDS_OPERATOR
    return BulkView(
        workflow_id=handle.id,
        reference=handle.reference,
        state=state,
        in_progress=in_progress or (state is State.RUNNING and not ended),
        started_at=status.started_at,
        ended_at=execution.ended_at,
        errors=[f"it was {execution.status.value}"] if ended_badly else [],
        status=status,
        failed=await _failed(handle, status),
        waiting=waiting[:MAX_LISTED_ROWS],
        next=[*_waiting_steps(waiting, session), *_next_steps(handle.reference, status, session)],
    )


def _may_start(status: BulkStatus) -> bool:
    """Whether more rows can start while the running ones wait."""
    counts = status.counts
    return counts.waiting > 0 and counts.running < status.window


async def _waiting(handle: BulkHandle, status: BulkStatus, session: Session) -> list[Execution]:
    """Workflows that rows have started and that need an operator."""
    batches = [
        bulk_batch_id(handle.reference, batch.batch)
        for batch in status.batches
        if batch.counts.running
    ]
    if not batches:
        return []
    kinds = [WorkflowKind.ONBOARDING, WorkflowKind.LINE, WorkflowKind.PORT_IN]
    filters = ExecutionFilter(kinds=kinds, needs_operator=True, root_ids=batches)
    found = await session.executions.find(filters, status.counts.running * len(kinds))
    return found.executions


async def _failed(handle: BulkHandle, status: BulkStatus) -> list[RowResult]:
    found: list[RowResult] = []
    for batch in status.batches:
        if batch.counts.unsuccessful and len(found) < MAX_LISTED_ROWS:
            rows = handle.rows([batch.batch])
            found += [row async for row in rows if row.state.unsuccessful]
    return found[:MAX_LISTED_ROWS]


def _waiting_steps(waiting: Sequence[Execution], session: Session) -> list[NextStep]:
    references = dict.fromkeys(
        execution.reference or execution.workflow_id for execution in waiting
    )
    steps = []
    for execution in waiting[:MAX_LISTED_ROWS]:
        if execution.reference not in references:
            continue
        del references[execution.reference]
        why = f": {execution.reason}" if execution.reason else ""
        steps.append(
            NextStep(
                reason=f"{execution.reference} needs an operator{why}",
                commands=[session.command("status", execution.reference)],
            )
        )
    if references:
        steps.append(
            NextStep(
                reason=f"{len(references)} more rows need an operator:",
                commands=[session.command("list", "--needs-operator")],
            )
        )
    return steps


def _next_steps(reference: str, status: BulkStatus, session: Session) -> list[NextStep]:
    def command(*arguments: str) -> str:
        return session.command("bulk", *arguments)

    steps = []
    if status.missing and not status.state.final:
        reason = f"{status.missing} rows have not been sent: send the same file again"
        command_line = command("start", "FILE", "--reference", reference)
        steps.append(NextStep(reason=reason, commands=[command_line]))
    if status.state is BulkState.PAUSED:
        resume = command("resume", reference, "--reason", PLACEHOLDER)
        steps.append(NextStep(reason="it is paused; resume it with:", commands=[resume]))
    if status.state is BulkState.NEEDS_OPERATOR:
        until = f" until {status.retry_until:%Y-%m-%d %H:%M} UTC" if status.retry_until else ""
        unsuccessful = status.counts.describe_unsuccessful
        reason = f"{unsuccessful}: retry these rows{until}, or end the bulk:"
        commands = [
            command(action, reference, "--reason", PLACEHOLDER) for action in ("retry", "cancel")
        ]
        steps.append(NextStep(reason=reason, commands=commands))
    if status.state is BulkState.INCOMPLETE:
        reason = (
            "the retry window has expired; start the same file under a new reference to retry "
            "unfinished rows:"
        )
        command_line = command("start", "FILE", "--reference", PLACEHOLDER)
        steps.append(NextStep(reason=reason, commands=[command_line]))
    if status.counts.ended:
        report = command("report", reference, "--csv", "rows.csv", "--html", "report.html")
        steps.append(NextStep(reason="write the outcome of each row:", commands=[report]))
    return steps
