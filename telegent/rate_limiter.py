"""Keeps this process within the vendor's request limit."""

import asyncio
import random

from aiolimiter import AsyncLimiter

# Seconds. The vendor documents that a 429 "may carry Retry-After", and no wait without it.
DEFAULT_PAUSE = 10.0
# Seconds. A wrong date in Retry-After must not stop the process for a day.
MAX_PAUSE = 600.0


class RateLimiter:
    """Limits the requests of this process, token requests included.

    A leaky bucket of `burst` requests that refills at `per_minute`. At most `burst + per_minute`
    requests leave in any rolling 60 seconds. The defaults, 5 + 45, match the 50 requests per minute
    of the vendor's standard tier (quick start guide), wherever the vendor's window starts.

    After a 429 all requests wait as long as the vendor requests.

    A limiter belongs to one event loop. Several clients may share it.

    Args:
        per_minute: Requests per minute that the bucket refills.
        burst: Requests that may leave at once.
    """

    def __init__(self, per_minute: int = 45, burst: int = 5) -> None:
        if per_minute < 1 or burst < 1:
            raise ValueError(
                f"per_minute ({per_minute}) and burst ({burst}) must both be 1 or more; "
                "together they are the most requests in any 60 seconds"
            )
        self.max_per_minute = per_minute + burst
        """The maximum number of requests in any 60 seconds."""
        self._bucket = AsyncLimiter(burst, 60 * burst / per_minute)
        self._paused_until = 0.0

    async def acquire(self) -> None:
        """Wait until one request may be sent."""
        loop = asyncio.get_running_loop()
        while True:
            if (pause := self._paused_until - loop.time()) > 0:
                await asyncio.sleep(pause)
                continue
            await self._bucket.acquire()
            # A 429 may have arrived while this request waited for the bucket. Its slot is then
            # lost: if waiting requests kept their slots, they would all leave at one moment.
            if self._paused_until <= loop.time():
                return

    def pause(self, retry_after: float | None) -> None:
        """Delay all requests.

        Args:
            retry_after: Seconds, at most `MAX_PAUSE`; None for `DEFAULT_PAUSE`.
        """
        pause = DEFAULT_PAUSE if retry_after is None else retry_after
        # Without jitter, processes that were limited together would also resume together.
        jitter = random.uniform(0.0, 1.0)  # noqa: S311 - spreads load, guards nothing
        until = asyncio.get_running_loop().time() + min(pause, MAX_PAUSE) + jitter
        self._paused_until = max(self._paused_until, until)
