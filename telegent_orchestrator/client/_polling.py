"""Polls a workflow, also while its worker or the Temporal server restarts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio.service import RPCError, RPCStatusCode

Snapshot = TypeVar("Snapshot")
OnUnavailable = Callable[[Exception], None]
"""Called with the error, once each time that Temporal or its worker stops responding."""
DEFAULT_POLL_INTERVAL = timedelta(seconds=1)

TRANSIENT_CODES = frozenset(
    {
        RPCStatusCode.CANCELLED,  # the SDK's own timeout: no worker has answered a query
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.FAILED_PRECONDITION,  # no worker has polled the first workflow task yet
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.UNKNOWN,  # a connection that broke during a response
        RPCStatusCode.ABORTED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.INTERNAL,
    }
)
"""Errors that a restart of a worker or a server causes, so that a retry may succeed."""


def is_transient(error: BaseException) -> bool:
    """Whether a retry may succeed."""
    if isinstance(error, RPCError):
        return error.status in TRANSIENT_CODES
    return isinstance(error, TimeoutError)


async def retry_until_available(
    read: Callable[[], Awaitable[Snapshot]],
    interval: timedelta,
    on_unavailable: OnUnavailable | None = None,
) -> Snapshot:
    """Call `read` until Temporal and its worker respond.

    Raises what `read` raises if a retry cannot help, for example: the workflow does not exist.
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
    """Yield each changed snapshot that `read` returns, until its second value is True."""
    last: Snapshot | None = None
    while True:
        now, ended = await retry_until_available(read, interval, on_unavailable)
        if now != last:
            yield now
        if ended:
            return
        last = now
        await asyncio.sleep(interval.total_seconds())
