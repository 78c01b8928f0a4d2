"""The share of the vendor's request limit that this process may spend."""

import asyncio
import random

from aiolimiter import AsyncLimiter

# The vendor's documents say that a 429 "may carry Retry-After" and nothing about one that does not.
DEFAULT_PAUSE = 10.0
# A wrong date in Retry-After must not stop the process for a day.
MAX_PAUSE = 600.0


class RateLimiter:
    """How many requests this process may send; token requests count like all others.

    A leaky bucket of `burst` requests that refills at `per_minute`. The most that can leave in
    *any* rolling 60 seconds is a full bucket and a minute's refill, burst + per_minute. The
    defaults, 5 + 45, make that the 50 requests a minute of the vendor's standard tier (quick
    start guide), so that no placing of the vendor's window can see more.

    After a 429 every request is held back for as long as the vendor asks.

    One budget belongs to one event loop. Several clients may share it.
    """

    def __init__(self, per_minute: int = 45, burst: int = 5) -> None:
        if per_minute < 1 or burst < 1:
            raise ValueError(
                f"per_minute ({per_minute}) and burst ({burst}) must both be 1 or more; "
                "together they are the most requests in any 60 seconds"
            )
        self.max_per_minute = per_minute + burst
        """The most requests in any 60 seconds."""
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
            # A 429 may have arrived while this request queued for the bucket. What it took from
            # the bucket is then lost: waiting with it in hand would let all the held requests
            # leave at one moment.
            if self._paused_until <= loop.time():
                return

    def pause(self, retry_after: float | None) -> None:
        """Hold back every request for `retry_after` seconds (None: a default pause)."""
        pause = DEFAULT_PAUSE if retry_after is None else retry_after
        # The jitter keeps several processes that were refused together from returning together.
        jitter = random.uniform(0.0, 1.0)  # noqa: S311 - spreads load, guards nothing
        until = asyncio.get_running_loop().time() + min(pause, MAX_PAUSE) + jitter
        self._paused_until = max(self._paused_until, until)
