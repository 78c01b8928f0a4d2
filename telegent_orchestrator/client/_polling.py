"""Following a workflow while servers and workers are started anew under whoever looks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio.service import RPCError, RPCStatusCode

Seen = TypeVar("Seen")
Away = Callable[[Exception], None]
"""Hears, once each time, that Temporal or its worker has no answer just now, and why."""

PASSING = frozenset(
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


def passing(error: BaseException) -> bool:
    """Whether asking again a little later may help."""
    if isinstance(error, RPCError):
        return error.status in PASSING
    return isinstance(error, TimeoutError)


async def answered(
    look: Callable[[], Awaitable[Seen]], every: timedelta, away: Away | None = None
) -> Seen:
    """What `look` sees, which is tried until Temporal and its worker answer.

    Raises what `look` raises when trying again is of no use, such as: there is no such workflow.
    """
    told = False
    while True:
        try:
            return await look()
        except Exception as error:
            if not passing(error):
                raise
            if away and not told:
                away(error)
            told = True
            await asyncio.sleep(every.total_seconds())


async def changes(
    look: Callable[[], Awaitable[tuple[Seen, bool]]], every: timedelta, away: Away | None
) -> AsyncIterator[Seen]:
    """Yields what `look` sees whenever it has changed, until its second value says: it is over."""
    last: Seen | None = None
    while True:
        now, over = await answered(look, every, away)
        if now != last:
            yield now
        if over:
            return
        last = now
        await asyncio.sleep(every.total_seconds())
