"""Work that goes on at the same time, and of which none is left behind."""

import asyncio
from collections.abc import Awaitable

from temporalio import workflow


async def side_by_side(*works: Awaitable[None]) -> None:
    """Does all of them; returns when each has ended, also when it is cancelled.

    Raises the first failure, in the order given. `asyncio.gather` would raise as soon as one fails
    or is cancelled, while another still waits to hear whether its create has happened.
    """
    for ended in await asyncio.gather(*works, return_exceptions=True):
        if ended is not None:
            raise ended


def stop_when_cancelled() -> None:
    """Raises once the workflow was asked to cancel.

    A call that waits for its answer takes the request in without raising it again.
    """
    if workflow.cancellation_reason() is not None:
        raise asyncio.CancelledError
