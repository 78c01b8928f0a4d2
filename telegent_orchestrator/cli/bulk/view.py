"""What `--json` prints of a bulk, and what people are told to do next."""

from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.bulk import BulkState, BulkStatus, RowResult
from telegent_orchestrator.cli.connection import Session
from telegent_orchestrator.cli.results import NextStep
from telegent_orchestrator.cli.views import State, View
from telegent_orchestrator.client.bulk import BulkHandle
from telegent_orchestrator.client.executions import ExecutionStatus

BULK_STATES = {
    BulkState.RUNNING: State.RUNNING,
    BulkState.PAUSED: State.NEEDS_OPERATOR,
    BulkState.NEEDS_OPERATOR: State.NEEDS_OPERATOR,
    BulkState.STOPPING: State.RUNNING,
    BulkState.COMPLETED: State.DONE,
    BulkState.CANCELLED: State.CANCELLED,
    BulkState.INCOMPLETE: State.FAILED,
}
MAX_FAILED_ROWS = 10


class BulkView(View):
    """A bulk. `failed`: the first rows that failed or were cancelled."""

    reference: str
    status: BulkStatus
    failed: list[RowResult] = []


async def bulk_view(handle: BulkHandle, session: Session) -> BulkView:
    """The bulk as it is now."""
    execution = await handle.execution()
    status = await handle.status()
    ended = execution.status not in (ExecutionStatus.RUNNING, ExecutionStatus.CONTINUED)
    # Somebody may have ended it without asking it.
    ended_badly = ended and not status.state.final
    return BulkView(
        workflow_id=handle.id,
        reference=handle.reference,
        state=State.FAILED if ended_badly else BULK_STATES[status.state],
        in_progress=bool(status.counts.running) and not ended,
        started_at=status.started_at,
        ended_at=execution.ended_at,
        errors=[f"it was {execution.status.value}"] if ended_badly else [],
        status=status,
        failed=await _failed(handle, status),
        next=_next_steps(handle.reference, status, session),
    )


async def _failed(handle: BulkHandle, status: BulkStatus) -> list[RowResult]:
    found: list[RowResult] = []
    for part in status.batches:
        if part.counts.unsuccessful and len(found) < MAX_FAILED_ROWS:
            rows = handle.rows([part.batch])
            found += [row async for row in rows if row.state.unsuccessful]
    return found[:MAX_FAILED_ROWS]


def _next_steps(reference: str, status: BulkStatus, session: Session) -> list[NextStep]:
    def command(*arguments: str) -> str:
        return session.command("bulk", *arguments)

    steps = []
    if status.missing and not status.state.final:
        reason = f"{status.missing} rows were not sent: send the same file again"
        command_line = command("start", "FILE", "--id", reference)
        steps.append(NextStep(reason=reason, commands=[command_line]))
    if status.state is BulkState.PAUSED:
        resume = command("resume", reference, "--reason", PLACEHOLDER)
        steps.append(NextStep(reason="it is paused; go on with:", commands=[resume]))
    if status.state is BulkState.NEEDS_OPERATOR:
        until = f" until {status.retry_until:%Y-%m-%d %H:%M} UTC" if status.retry_until else ""
        unsuccessful = status.counts.describe_unsuccessful
        reason = f"{unsuccessful}: start these rows again{until}, or end the bulk:"
        commands = [
            command(word, reference, "--reason", PLACEHOLDER) for word in ("retry", "cancel")
        ]
        steps.append(NextStep(reason=reason, commands=commands))
    if status.state is BulkState.INCOMPLETE:
        reason = (
            "its time is over; the same file under another id knows what is done, and can retry:"
        )
        command_line = command("start", "FILE", "--id", PLACEHOLDER)
        steps.append(NextStep(reason=reason, commands=[command_line]))
    if status.counts.ended:
        report = command("report", reference, "--csv", "rows.csv", "--html", "report.html")
        steps.append(NextStep(reason="what happened to each row:", commands=[report]))
    return steps
