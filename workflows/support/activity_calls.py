"""How activities are called: each kind of call with its policy, and a summary for people."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from temporalio import workflow

from activities.support.write_specs import ROW, Kind, write_of
from workflows.support.activity_options import (
    CREATE,
    HOUSE,
    PORT_REQUEST,
    READ,
    SET,
    Policy,
    in_turn,
)

P = ParamSpec("P")
T = TypeVar("T")
# The first parameter is the resource that the worker binds; the workflow only names the method.
Activity = Callable[Concatenate[Any, P], Awaitable[T]]

POLICIES = {
    Kind.SET: SET,
    Kind.CREATE: CREATE,
    Kind.PURCHASE: CREATE,
    Kind.PORT_REQUEST: PORT_REQUEST,
}


async def read(activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs) -> T:
    """Reads, again and again until there is an answer. Raises ActivityError when refused."""
    if hasattr(activity, ROW):
        raise RuntimeError(f"{activity.__qualname__} writes")
    return await _call(activity, summary, READ, args, kwargs)


async def put(activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs) -> T:
    """Sets something to a value, again and again until that is answered.

    Raises ActivityError when refused.
    """
    if write_of(activity).kind is not Kind.SET:
        raise RuntimeError(f"{activity.__qualname__} must not be repeated blindly")
    return await _call(activity, summary, SET, args, kwargs)


def writing(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> Callable[[], Coroutine[Any, Any, T]]:
    """A write under the policy of its kind, each time it is called."""
    return requesting(POLICIES[write_of(activity).kind], activity, summary, *args, **kwargs)


def requesting(
    policy: Policy, activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> Callable[[], Coroutine[Any, Any, T]]:
    """A call under a policy of its own, each time it is called."""
    return lambda: _call(activity, summary, policy, args, kwargs)


async def ask_house(activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs) -> T:
    """Asks our own side, in a local activity."""
    _positional(kwargs)
    answer: T = await workflow.execute_local_activity_method(
        activity, args=args, summary=summary, **HOUSE
    )
    return answer


async def _call(
    activity: Activity[P, T],
    summary: str,
    policy: Policy,
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> T:
    _positional(kwargs)
    asked: workflow.ActivityHandle[T] = workflow.start_activity_method(
        activity, args=args, summary=summary, **in_turn(policy, workflow.info().priority)
    )
    try:
        return await asked
    except asyncio.CancelledError:
        if "cancellation_type" not in policy:
            raise
        # A cancel that comes together with the answer would hide it, and what it says exists.
        await workflow.wait_condition(asked.done)
        return await asked


def _positional(kwargs: dict[str, object]) -> None:
    if kwargs:
        raise TypeError("Temporal passes arguments to activities by position")
