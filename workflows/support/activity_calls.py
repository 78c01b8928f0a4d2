"""How activities are called: each kind of call with its options, and a summary for people."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from temporalio import workflow

from activities.support.write_specs import WRITE_SPEC_ATTR, WriteKind, write_spec_of
from workflows.support.activity_options import (
    CREATE_OPTIONS,
    IDEMPOTENT_WRITE_OPTIONS,
    LOCAL_OPTIONS,
    PORT_REQUEST_OPTIONS,
    READ_OPTIONS,
    ActivityOptions,
    with_priority,
)

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
    """Reads, again and again until there is an answer. Raises ActivityError when refused."""
    if hasattr(activity, WRITE_SPEC_ATTR):
        raise RuntimeError(f"{activity.__qualname__} writes")
    return await _call(activity, summary, READ_OPTIONS, args, kwargs)


async def execute_idempotent_write(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Sets something to a value, again and again until that is answered.

    Raises ActivityError when refused.
    """
    if write_spec_of(activity).kind is not WriteKind.IDEMPOTENT:
        raise RuntimeError(f"{activity.__qualname__} must not be repeated blindly")
    return await _call(activity, summary, IDEMPOTENT_WRITE_OPTIONS, args, kwargs)


def prepare_write(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> Callable[[], Coroutine[Any, Any, T]]:
    """A write under the policy of its kind, each time it is called."""
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
    """A call under a policy of its own, each time it is called."""
    return lambda: _call(activity, summary, options, args, kwargs)


async def execute_local(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Asks our own side, in a local activity."""
    _reject_keyword_arguments(kwargs)
    result: T = await workflow.execute_local_activity_method(
        activity, args=args, summary=summary, **LOCAL_OPTIONS
    )
    return result


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
        # A cancel that comes together with the answer would hide it, and what it says exists.
        await workflow.wait_condition(handle.done)
        return await handle


def _reject_keyword_arguments(kwargs: dict[str, object]) -> None:
    if kwargs:
        raise TypeError("Temporal passes arguments to activities by position")
