"""How activities are called: each kind of call with its options, and a summary for the UI."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, RetryState

from activities.support.outcomes import failure_message
from activities.support.write_specs import WRITE_SPEC_ATTR, WriteKind, write_spec_of
from workflows.support.activity_options import (
    BULK_PRIORITY,
    CREATE_OPTIONS,
    IDEMPOTENT_WRITE_OPTIONS,
    LOCAL_OPTIONS,
    MAX_ROUND,
    POLL_OPTIONS,
    PORT_REQUEST_OPTIONS,
    READ_OPTIONS,
    STALL_AFTER,
    STALL_AFTER_IN_BULK,
    ActivityOptions,
    with_priority,
)
from workflows.support.metrics import count_stalled_call
from workflows.support.progress import RUNNING_STEP

P = ParamSpec("P")
T = TypeVar("T")
# The first parameter is the resource that the worker binds; the workflow only names the method.
Activity = Callable[Concatenate[Any, P], Awaitable[T]]

WRITE_OPTIONS = {
    WriteKind.IDEMPOTENT: IDEMPOTENT_WRITE_OPTIONS,
    WriteKind.CREATE: CREATE_OPTIONS,
    WriteKind.PURCHASE: CREATE_OPTIONS,
    WriteKind.PORT_REQUEST: PORT_REQUEST_OPTIONS,
}


async def execute_read(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Reads; repeats it until there is a response.

    Raises:
        ActivityError: The vendor rejects it.
    """
    if hasattr(activity, WRITE_SPEC_ATTR):
        raise RuntimeError(f"{activity.__qualname__} writes")
    return await _execute_in_rounds(activity, summary, READ_OPTIONS, args, kwargs)


async def execute_poll(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Polls until the activity succeeds.

    Raises:
        ActivityError: What it waits for cannot happen any more.
    """
    return await _execute_in_rounds(activity, summary, POLL_OPTIONS, args, kwargs)


async def execute_idempotent_write(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Writes; repeats it until there is a response.

    Raises:
        ActivityError: The vendor rejects it.
    """
    if write_spec_of(activity).kind is not WriteKind.IDEMPOTENT:
        raise RuntimeError(f"{activity.__qualname__} must not be repeated blindly")
    return await _execute_in_rounds(activity, summary, IDEMPOTENT_WRITE_OPTIONS, args, kwargs)


def prepare_write(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> Callable[[], Coroutine[Any, Any, T]]:
    """A write with the options of its kind, to be sent each time it is called."""
    return prepare_call(
        WRITE_OPTIONS[write_spec_of(activity).kind], activity, summary, *args, **kwargs
    )


def prepare_call(
    options: ActivityOptions,
    activity: Activity[P, T],
    summary: str,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Callable[[], Coroutine[Any, Any, T]]:
    """A call with options of its own, to be made each time it is called."""
    return lambda: _call(activity, summary, options, args, kwargs)


async def execute_local(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Asks settings or Temporal, in a local activity."""
    _reject_keyword_arguments(kwargs)
    result: T = await workflow.execute_local_activity_method(
        activity, args=args, summary=summary, **LOCAL_OPTIONS
    )
    return result


class Stall:
    """Calls of one step that may make no progress for long, which an operator should know then."""

    def __init__(self) -> None:
        self._step, self._since = RUNNING_STEP.get(), workflow.now()
        self._shown = False

    @classmethod
    @contextmanager
    def watching(cls) -> Iterator["Stall"]:
        """Watches the calls in the block, which make progress when it ends."""
        stall = cls()
        try:
            yield stall
        finally:
            if stall._shown and stall._step:
                stall._step.resume()

    def check(self, activity: str, reason: str) -> None:
        """Shows why there is no progress, when that has lasted long enough."""
        if workflow.now() - self._since < STALL_AFTER:
            return
        if not self._shown:
            count_stalled_call(activity)
        self._shown = True
        if self._step:
            self._step.stall(reason, self._since)


async def _execute_in_rounds(
    activity: Activity[P, T],
    summary: str,
    options: ActivityOptions,
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> T:
    """Repeats a call without end, and so that it comes back from time to time to say why.

    The first round ends when a stall is to be shown; the later ones are longer and longer.
    """
    in_bulk = workflow.info().priority.priority_key == BULK_PRIORITY.priority_key
    length = STALL_AFTER_IN_BULK if in_bulk else STALL_AFTER
    with Stall.watching() as stall:
        while True:
            one_round = options.copy()
            one_round["schedule_to_close_timeout"] = length
            try:
                return await _call(activity, summary, one_round, args, kwargs)
            except ActivityError as error:
                if error.retry_state is not RetryState.TIMEOUT:
                    raise
                stall.check(error.activity_type, failure_message(error))
                length = min(length * 2, MAX_ROUND)


async def _call(
    activity: Activity[P, T],
    summary: str,
    options: ActivityOptions,
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> T:
    _reject_keyword_arguments(kwargs)
    handle: workflow.ActivityHandle[T] = workflow.start_activity_method(
        activity, args=args, summary=summary, **with_priority(options, workflow.info().priority)
    )
    try:
        return await handle
    except asyncio.CancelledError:
        if "cancellation_type" not in options:
            raise
        # A cancel that arrives together with the response would hide it, and what it created.
        await workflow.wait_condition(handle.done)
        return await handle


def _reject_keyword_arguments(kwargs: dict[str, object]) -> None:
    if kwargs:
        raise TypeError("Temporal passes arguments to activities by position")
