"""Changes the status of a line's number: suspend, restore, and how a line ends or comes back."""

from collections.abc import Awaitable, Callable

from temporalio.exceptions import ActivityError

from activities.line_changes import LineChangeActivities, StatusChangeInput
from activities.support.number_states import NumberState
from telegent_orchestrator.line_changes import LineState, Restore, Suspend
from telegent_orchestrator.names import ORDER_KEY
from telegent_orchestrator.progress import ResolutionAction
from workflows.line_changes.changed_line import ChangedLine, resolve_unconfirmed
from workflows.support.activity_calls import execute_poll, execute_settled_write

STATUS = "Status"
StatusWrite = Callable[[LineChangeActivities, StatusChangeInput], Awaitable[str | None]]


async def suspend_or_restore(line: ChangedLine, change: Suspend | Restore) -> None:
    """Suspends or restores the line."""
    if isinstance(change, Suspend):
        write, wanted = LineChangeActivities.suspend_line, NumberState.SUSPENDED
        state = LineState.SUSPENDED
    else:
        write, wanted = LineChangeActivities.restore_line, NumberState.ACTIVE
        state = LineState.ACTIVE
    await set_status(line, STATUS, write, StatusChangeInput(before=line.known, wanted=wanted))
    line.result.line_state = state


async def set_status(
    line: ChangedLine, step: str, write: StatusWrite, request: StatusChangeInput
) -> None:
    """Sends a change of the number's status, and waits until Telegent shows it."""
    if request.reached(line.known):
        line.progress.skip(step, f"the number is {request.wanted.value} already")
        return
    async with line.progress.step(step):
        while True:
            try:
                await _send_and_confirm(line, write, request)
            except ActivityError as error:
                if await resolve_unconfirmed(error) is ResolutionAction.RETRY:
                    continue
            return


async def _send_and_confirm(
    line: ChangedLine, write: StatusWrite, request: StatusChangeInput
) -> None:
    line.result.changed = True
    order_id = await execute_settled_write(write, "Send the change of the number", request)
    line.result.order_id = order_id or line.result.order_id
    line.progress.search_attributes[ORDER_KEY] = line.result.order_id or ""
    line.saw(
        await execute_poll(
            LineChangeActivities.await_line_status,
            "Wait until Telegent shows it",
            request,
            order_id,
        )
    )
