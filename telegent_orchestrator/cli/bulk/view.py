"""What `--json` prints of a bulk, and what people are told to do next."""

from telegent_orchestrator._models import OPEN
from telegent_orchestrator.bulk import BulkState, BulkStatus, RowResult
from telegent_orchestrator.cli.connection import House
from telegent_orchestrator.cli.results import Advice
from telegent_orchestrator.cli.views import State, View
from telegent_orchestrator.client.bulk import BulkHandle
from telegent_orchestrator.client.executions import Run

STATES = {
    BulkState.RUNNING: State.RUNNING,
    BulkState.PAUSED: State.NEEDS_PERSON,
    BulkState.NEEDS_PERSON: State.NEEDS_PERSON,
    BulkState.STOPPING: State.RUNNING,
    BulkState.COMPLETED: State.DONE,
    BulkState.CANCELLED: State.CANCELLED,
    BulkState.INCOMPLETE: State.FAILED,
}
MOST_FAILED = 10


class BulkView(View):
    """A bulk. `failed`: the first rows that failed or were cancelled."""

    reference: str
    status: BulkStatus
    failed: list[RowResult] = []


async def bulk_view(handle: BulkHandle, house: House) -> BulkView:
    """The bulk as it is now."""
    execution = await handle.execution()
    status = await handle.status()
    over = execution.run not in (Run.RUNNING, Run.CONTINUED)
    # Somebody may have ended it without asking it.
    ended_badly = over and not status.state.final
    return BulkView(
        workflow_id=handle.id,
        reference=handle.reference,
        state=State.FAILED if ended_badly else STATES[status.state],
        moving=bool(status.counts.running) and not over,
        started_at=status.started_at,
        ended_at=execution.ended_at,
        faults=[f"it was {execution.run.value}"] if ended_badly else [],
        status=status,
        failed=await _failed(handle, status),
        next=_advice(handle.reference, status, house),
    )


async def _failed(handle: BulkHandle, status: BulkStatus) -> list[RowResult]:
    found: list[RowResult] = []
    for part in status.parts:
        if part.counts.not_well and len(found) < MOST_FAILED:
            rows = handle.rows([part.part])
            found += [row async for row in rows if row.state.not_well]
    return found[:MOST_FAILED]


def _advice(reference: str, status: BulkStatus, house: House) -> list[Advice]:
    def command(*words: str) -> str:
        return house.command("bulk", *words)

    advice = []
    if status.missing and not status.state.final:
        why = f"{status.missing} rows were not sent: send the same file again"
        again = command("start", "FILE", "--id", reference)
        advice.append(Advice(why=why, commands=[again]))
    if status.state is BulkState.PAUSED:
        resume = command("resume", reference, "--reason", OPEN)
        advice.append(Advice(why="it is paused; go on with:", commands=[resume]))
    if status.state is BulkState.NEEDS_PERSON:
        until = f" until {status.retry_until:%Y-%m-%d %H:%M} UTC" if status.retry_until else ""
        left = status.counts.not_well_in_words
        why = f"{left}: start these rows again{until}, or end the bulk:"
        ways = [command(word, reference, "--reason", OPEN) for word in ("retry", "cancel")]
        advice.append(Advice(why=why, commands=ways))
    if status.state is BulkState.INCOMPLETE:
        why = "its time is over; the same file under another id knows what is done, and can retry:"
        again = command("start", "FILE", "--id", OPEN)
        advice.append(Advice(why=why, commands=[again]))
    if status.counts.ended:
        report = command("report", reference, "--csv", "rows.csv", "--html", "report.html")
        advice.append(Advice(why="what happened to each row:", commands=[report]))
    return advice
