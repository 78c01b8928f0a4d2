"""Work that goes on at the same time or against a cancel, and of which none is left behind."""

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow

T = TypeVar("T")


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


async def undisturbed(work: Coroutine[Any, Any, T]) -> T:
    """Does it to its end, also when the workflow is cancelled meanwhile.

    Whether it was, `workflow.cancellation_reason` tells afterwards.
    """
    doing = asyncio.create_task(work)
    while not doing.done():
        with contextlib.suppress(asyncio.CancelledError):
            await workflow.wait_condition(doing.done)
    return doing.result()


async def pause_for(pause: timedelta, summary: str, *, whatever_happens: bool = False) -> None:
    """Waits; raises CancelledError at once when the workflow is cancelled, or was before."""
    with contextlib.suppress(TimeoutError):
        await workflow.wait_condition(
            lambda: workflow.cancellation_reason() is not None and not whatever_happens,
            timeout=pause,
            timeout_summary=summary,
        )
    if not whatever_happens:
        stop_when_cancelled()
