"""Calls that are repeated while they were certainly not executed."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.support.outcomes import (
    NOT_EXECUTED,
    Outcome,
    classify_failure,
    failure_message,
    reported_wait,
)
from workflows.support.activity_calls import (
    MAX_RETRY_AFTER,
    NEW_ID_RETRIES,
    RETRY_BACKOFF,
    Stall,
)
from workflows.support.cancellation import cancellable_sleep
from workflows.support.metrics import count_lost_response
from workflows.support.progress import ProgressTracker

T = TypeVar("T")


async def repeat_while_not_executed(
    progress: ProgressTracker,
    step: str,
    call: Callable[[], Coroutine[Any, Any, T]],
    *,
    ignore_cancellation: bool = False,
) -> T:
    """Makes a call, and repeats it after a pause as long as it was certainly not executed.

    When the workflow is cancelled during a call, the call continues: its response says what exists.

    Args:
        progress: The steps of the workflow.
        step: The name of the step that shows why the call is repeated.
        call: The call.
        ignore_cancellation: Do not end the pauses between calls when the workflow is cancelled.

    Raises:
        ActivityError: The outcome is unknown, or the vendor rejects it permanently.
        asyncio.CancelledError: The workflow was cancelled in a pause between calls.
    """
    delay, max_delay = RETRY_BACKOFF
    started = workflow.now()
    with Stall.watching() as stall:
        while True:
            sent = workflow.now()
            try:
                return await call()
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                outcome = classify_failure(error)
                if outcome is Outcome.UNKNOWN:
                    count_lost_response(error.activity_type)
                paused = _pause_before_retry(error, outcome, delay, sent - started)
                if paused is None:
                    raise
                reason, pause = paused
                message = f"{reason}; trying again in {pause.total_seconds():.0f} s"
                progress.set_detail(step, message)
                stall.check(error.activity_type, failure_message(error))
                await cancellable_sleep(
                    pause,
                    f"{step}: {reason}, then try again",
                    ignore_cancellation=ignore_cancellation,
                )
                delay = min(delay * 2, max_delay)


def _pause_before_retry(
    error: ActivityError, outcome: Outcome, delay: timedelta, sent_after: timedelta
) -> tuple[str, timedelta] | None:
    """Why a call was not executed, and the pause before it is repeated; None: do not repeat it.

    Args:
        error: Its failure.
        outcome: How the failure is classified.
        delay: The pause, unless the vendor asks for a longer one.
        sent_after: How long after the first call this one was sent.
    """
    if outcome is Outcome.NOT_FOUND:
        # The id may be that of a resource which was created a moment ago. A failure with this
        # outcome carries the read lag.
        read_lag = reported_wait(error)
        if sent_after >= read_lag:
            return None
        pause = max(read_lag / NEW_ID_RETRIES, delay)
        return "an id is unknown to Telegent, maybe because it is new", min(pause, read_lag)
    reason = NOT_EXECUTED.get(outcome)
    return (reason, max(delay, min(reported_wait(error), MAX_RETRY_AFTER))) if reason else None
