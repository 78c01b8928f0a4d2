"""Following a workflow while servers and workers are started anew under whoever looks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio.service import RPCError, RPCStatusCode

Snapshot = TypeVar("Snapshot")
OnUnavailable = Callable[[Exception], None]
"""Hears, once each time, that Temporal or its worker has no answer just now, and why."""

TRANSIENT_CODES = frozenset(
    {
        RPCStatusCode.CANCELLED,  # the SDK's own time limit: no worker has answered a query
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.FAILED_PRECONDITION,  # no worker has taken it up yet
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.UNKNOWN,  # a connection that broke in the middle of an answer
        RPCStatusCode.ABORTED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.INTERNAL,
    }
)
"""What may be over in a moment: a worker or a server that is started anew."""


def is_transient(error: BaseException) -> bool:
    """Whether asking again a little later may help."""
    if isinstance(error, RPCError):
        return error.status in TRANSIENT_CODES
    return isinstance(error, TimeoutError)


async def retry_until_available(
    read: Callable[[], Awaitable[Snapshot]],
    interval: timedelta,
    on_unavailable: OnUnavailable | None = None,
) -> Snapshot:
    """What `read` sees, which is tried until Temporal and its worker answer.

    Raises what `read` raises when trying again is of no use, such as: there is no such workflow.
    """
    reported = False
    while True:
        try:
            return await read()
        except Exception as error:
            if not is_transient(error):
                raise
            if on_unavailable and not reported:
                on_unavailable(error)
            reported = True
            await asyncio.sleep(interval.total_seconds())


async def poll_changes(
    read: Callable[[], Awaitable[tuple[Snapshot, bool]]],
    interval: timedelta,
    on_unavailable: OnUnavailable | None,
) -> AsyncIterator[Snapshot]:
    """Yields what `read` sees whenever it has changed, until its second value says: it is over."""
    last: Snapshot | None = None
    while True:
        now, ended = await retry_until_available(read, interval, on_unavailable)
        if now != last:
            yield now
        if ended:
            return
        last = now
        await asyncio.sleep(interval.total_seconds())
