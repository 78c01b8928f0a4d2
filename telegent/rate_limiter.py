"""Keeps the requests of this process within the vendor's limit."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from telegent.allowance import Allowance

# Seconds. The vendor documents that a 429 "may carry Retry-After", and no wait without it.
DEFAULT_PAUSE = 10.0
# Seconds. A wrong date in Retry-After must not stop the process for a day.
MAX_PAUSE = 600.0
# Requests in any minute that the standard tier allows (quick start guide).
DEFAULT_PER_MINUTE = 50


T = TypeVar("T")


class Permit:
    """One request that may be sent. Exactly one of its methods counts, the first that is called."""

    def __init__(
        self,
        settle: Callable[[], None],
        reject: Callable[[float | None], None],
        give_back: Callable[[], None],
    ) -> None:
        self._settle, self._reject, self._give_back = settle, reject, give_back
        self._ended = False

    def settle(self) -> None:
        """The request has its response, or will not get one."""
        if self._end():
            self._settle()

    def reject(self, retry_after: float | None) -> None:
        """The vendor rejects the request with 429, and names seconds to wait or not."""
        if self._end():
            self._reject(retry_after)

    def give_back(self) -> None:
        """The request is not sent."""
        if self._end():
            self._give_back()

    def _end(self) -> bool:
        ended, self._ended = self._ended, True
        return not ended


class RateLimiter:
    """Limits the requests of this process, token requests included; see `Allowance`.

    After a 429 all requests wait as long as the vendor requests. If requests within the limit are
    rejected, the limit is lowered to what the vendor permits.

    A limiter belongs to one event loop. Several clients may share it.

    Args:
        per_minute: Requests a minute.
        window: Seconds in any of which the vendor counts; in a window of another length than a
            minute, proportionally many.
    """

    def __init__(self, per_minute: int = DEFAULT_PER_MINUTE, window: float = 60.0) -> None:
        self._allowance = Allowance(requests_in_window(per_minute, window), window)
        self._waiters: deque[asyncio.Future[Permit]] = deque()
        self._announcing: deque[asyncio.Future[None]] = deque()
        self._announced = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def per_minute(self) -> float:
        """Requests a minute that are sent; fewer than set after a 429."""
        return self._allowance.effective * 60 / self._allowance.window

    @property
    def waiting(self) -> int:
        """Requests that wait for a permit."""
        return len(self._waiters)

    async def close(self) -> None:
        """Send nothing more."""

    async def acquire(self) -> Permit:
        """Wait until one request may be sent."""
        return await self._wait_in(self._waiters, Permit.give_back)

    async def announce(self) -> None:
        """Wait until one more request could be sent at once, in addition to those announced before.

        It is not reserved: what acquires first is sent first.
        """
        await self._wait_in(self._announcing, lambda _: self.withdraw())

    def withdraw(self) -> None:
        """Note that an announced request has been acquired, or will not be."""
        self._announced -= 1
        self._admit()

    def pause(self, retry_after: float | None) -> None:
        """Delay all requests.

        Args:
            retry_after: Seconds, at most `MAX_PAUSE`; None for `DEFAULT_PAUSE`.
        """
        self._allowance.pause(self._now() + pause_seconds(retry_after))
        self._admit()

    async def _wait_in(self, queue: deque[asyncio.Future[T]], undo: Callable[[T], None]) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        queue.append(future)
        self._admit()
        try:
            return await future
        except asyncio.CancelledError:
            if not future.cancelled():
                undo(future.result())
            elif future in queue:
                queue.remove(future)
                self._admit()
            raise

    def _admit(self) -> None:
        """Let the first that wait continue, as far as requests may leave."""
        if self._timer:
            self._timer.cancel()
        while self._waiters or self._announcing:
            if (self._waiters or self._announcing)[0].cancelled():
                # Its task has not removed it yet.
                (self._waiters or self._announcing).popleft()
                continue
            now = self._now()
            at = self._next_at(now) if self._waiters else self._announce_at(now)
            if at is None:
                break
            if at > now:
                self._timer = asyncio.get_running_loop().call_at(at, self._admit)
                break
            if self._waiters:
                self._waiters.popleft().set_result(self._take(now))
            else:
                self._announced += 1
                self._announcing.popleft().set_result(None)

    def _next_at(self, now: float, count: int = 1) -> float | None:
        """When `count` requests may leave; None: `_admit` is called when that is known."""
        return self._allowance.next_at(now, count)

    def _announce_at(self, now: float) -> float | None:
        """When one more request may be announced; None as for `_next_at`."""
        return self._next_at(now, self._announced + 1)

    def _take(self, now: float) -> Permit:
        self._allowance.take(now)

        def settle() -> None:
            self._allowance.settle(self._now())
            self._admit()

        def reject(retry_after: float | None) -> None:
            self._allowance.reject(self._now(), now)
            self._allowance.give_back()
            self.pause(retry_after)

        def give_back() -> None:
            self._allowance.give_back()
            self._admit()

        return Permit(settle, reject, give_back)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def requests_in_window(per_minute: float, window: float) -> int:
    """How many requests in any `window` seconds are so many a minute; at least one."""
    return max(1, round(per_minute * window / 60))


def pause_seconds(retry_after: float | None) -> float:
    """How long to wait after a response with this Retry-After, or with none."""
    return DEFAULT_PAUSE if retry_after is None else min(retry_after, MAX_PAUSE)
