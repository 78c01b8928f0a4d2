"""Waiting for the end of a workflow that the running one has not started."""

from collections.abc import Awaitable, Callable

from activities.internal_activities import InternalActivities
from workflows.support.activity_calls import AWAIT_WORKFLOW_OPTIONS, prepare_call


async def await_end(workflow_id: str, what: str, show: Callable[[str], Awaitable[None]]) -> None:
    """Returns when a workflow has ended, or does not exist.

    Args:
        workflow_id: The workflow.
        what: What it is, for the summary of the wait.
        show: Called with the time since which it needs an operator, at first and whenever that
            changes; empty: it needs none.
    """
    since = ""
    while True:
        await show(since)
        wait = prepare_call(
            AWAIT_WORKFLOW_OPTIONS,
            InternalActivities.await_end_or_operator,
            f"Wait until {what} ends or needs an operator",
            workflow_id,
            since,
        )
        awaited = await wait()
        if awaited.ended:
            return
        since = awaited.needs_operator_since
