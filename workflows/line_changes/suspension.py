"""Suspends and restores a line."""

from temporalio.exceptions import ActivityError

from activities.line_changes import LineChangeActivities, StatusChangeInput
from activities.support.number_states import NumberState
from telegent_orchestrator.line_changes import LineState, Restore, Suspend
from telegent_orchestrator.names import ORDER_KEY
from telegent_orchestrator.progress import ResolutionAction
from workflows.line_changes.changed_line import ChangedLine, resolve_unconfirmed
from workflows.support.activity_calls import execute_poll, execute_settled_write

STATUS = "Status"


async def change_status(line: ChangedLine, change: Suspend | Restore) -> None:
    """Suspends or restores the line, and waits until Telegent shows it."""
    suspend = isinstance(change, Suspend)
    assert line.record is not None, "the line is read before it is changed"
    request = StatusChangeInput(
        before=line.record, wanted=NumberState.SUSPENDED if suspend else NumberState.ACTIVE
    )
    if request.reached(line.record):
        line.progress.skip(STATUS, f"the line is {request.wanted.value} already")
        return
    async with line.progress.step(STATUS):
        while True:
            line.result.changed = True
            line.result.order_id = await execute_settled_write(
                LineChangeActivities.suspend_line if suspend else LineChangeActivities.restore_line,
                f"{change.kind} the line".capitalize(),
                request,
            )
            line.progress.search_attributes[ORDER_KEY] = line.result.order_id or ""
            try:
                line.saw(
                    await execute_poll(
                        LineChangeActivities.await_line_status,
                        "Wait until Telegent shows it",
                        request,
                        line.result.order_id,
                    )
                )
                break
            except ActivityError as error:
                if await resolve_unconfirmed(error) is ResolutionAction.ADOPT:
                    break
        line.result.line_state = LineState.SUSPENDED if suspend else LineState.ACTIVE
