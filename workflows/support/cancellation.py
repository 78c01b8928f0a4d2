"""Work that runs in parallel or while the workflow is being cancelled."""

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow

T = TypeVar("T")


async def run_all(*awaitables: Awaitable[None]) -> None:
    """Runs all of them; returns when each has ended, also when it is cancelled.

    `asyncio.gather` would raise as soon as one fails or is cancelled, while another still waits for
    the outcome of its create.

    Raises:
        BaseException: The first failure, in the order given.
    """
    for result in await asyncio.gather(*awaitables, return_exceptions=True):
        if result is not None:
            raise result


def raise_if_cancelled() -> None:
    """Raises CancelledError after the workflow was asked to cancel.

    A call that waits for its response swallows the request, so it has to be raised again.
    """
    if workflow.cancellation_reason() is not None:
        raise asyncio.CancelledError


async def shield(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end, also when the workflow is cancelled meanwhile.

    `workflow.cancellation_reason` says afterwards whether it was.
    """
    task = asyncio.create_task(coroutine)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await workflow.wait_condition(task.done)
    return task.result()


async def cancel_and_wait(
    work: workflow.ActivityHandle[Any] | workflow.ChildWorkflowHandle[Any, Any],
) -> None:
    """Cancels work whose result is no longer needed, and waits until it has ended."""
    work.cancel()
    await workflow.wait_condition(work.done)
    # asyncio complains of an exception that was never retrieved; and retrieving that of a cancelled
    # task raises what would pass for the workflow's cancellation.
    if not work.cancelled():
        work.exception()


async def cancellable_sleep(duration: timedelta, summary: str) -> None:
    """Sleeps; raises CancelledError at once when the workflow is cancelled, or was before."""
    with contextlib.suppress(TimeoutError):
        await workflow.wait_condition(
            lambda: workflow.cancellation_reason() is not None,
            timeout=duration,
            timeout_summary=summary,
        )
    raise_if_cancelled()
