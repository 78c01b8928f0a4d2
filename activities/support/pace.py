"""Long reads of many numbers, slowly: with a share of the requests that are allowed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from temporalio import activity

from activities.support.outcomes import pending
from telegent import RateLimiter, RequestRejectedError, TelegentError

NUMBERS_PER_REQUEST = 100
"""How many numbers one request reads. The vendor documents no maximum."""
MAX_SPLITS = 20
"""How often a rejected request for many numbers is split in two."""
HEARTBEAT_INTERVAL = timedelta(seconds=10)
RESTART_DELAY = timedelta(seconds=1)

T = TypeVar("T")


class Pace:
    """Spreads requests evenly, so that they take no more than a share of those that are allowed.

    Attributes:
        requests: How many it has let through.
    """

    def __init__(self, rate_limiter: RateLimiter, share: float) -> None:
        self._rate_limiter, self._share = rate_limiter, share
        self._next_at = time.monotonic()
        self.requests = 0

    async def turn(self) -> None:
        """Waits until the next request may be sent.

        Raises:
            ApplicationError: `Pending` when the worker stops: another one begins again.
        """
        wait = self._next_at - time.monotonic()
        if await _stops_within(max(wait, 0)):
            raise pending("this worker stops; another one begins again", RESTART_DELAY)
        interval = 60 / (self._rate_limiter.per_minute * self._share)
        self._next_at = max(self._next_at, time.monotonic()) + interval
        self.requests += 1

    async def read_parts(
        self, numbers: Sequence[str], read: Callable[[Sequence[str]], Awaitable[list[T]]]
    ) -> AsyncIterator[tuple[Sequence[str], list[T] | TelegentError]]:
        """Reads a hundred numbers with each request.

        A part that is rejected is split in two: one of its numbers may have no data, and the others
        are read.

        Yields:
            Each part, with what was read of it or the error.
        """
        parts = [
            numbers[start : start + NUMBERS_PER_REQUEST]
            for start in range(0, len(numbers), NUMBERS_PER_REQUEST)
        ]
        splits = 0
        while parts:
            part = parts.pop(0)
            await self.turn()
            try:
                yield part, await read(part)
            except TelegentError as error:
                rejected = isinstance(error, RequestRejectedError)
                if rejected and len(part) > 1 and splits < MAX_SPLITS:
                    splits, half = splits + 1, len(part) // 2
                    parts = [part[:half], part[half:], *parts]
                else:
                    yield part, error

    @asynccontextmanager
    async def heartbeats(self) -> AsyncIterator[None]:
        """Tells Temporal, while the block runs, that this worker is alive, and how far it is."""

        async def beat() -> None:
            while True:
                activity.heartbeat(f"{self.requests} requests to Telegent")
                await asyncio.sleep(HEARTBEAT_INTERVAL.total_seconds())

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()


async def _stops_within(seconds: float) -> bool:
    """Whether the worker is told to stop in this time."""
    try:
        async with asyncio.timeout(seconds):
            await activity.wait_for_worker_shutdown()
    except TimeoutError:
        return False
    return True
