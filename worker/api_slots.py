"""How many vendor calls a worker takes from the queue: no more than may be sent.

Calls wait in the queue of Temporal, which hands out the most urgent one first and divides the calls
of one priority between the customers. In the process they would leave in the order in which they
came. A worker therefore asks for a call only when its request could leave at once.
"""

import asyncio
from collections import deque

from temporalio.worker import (
    CustomSlotSupplier,
    FixedSizeSlotSupplier,
    SlotMarkUsedContext,
    SlotPermit,
    SlotReleaseContext,
    SlotReserveContext,
    WorkerTuner,
)

from telegent import RateLimiter

MAX_CALLS = 100
"""Vendor calls that one process runs at once, if Telegent responds slowly."""
TIME_TO_ASK = 0.1
"""Seconds after its start in which a call asks the rate limiter, unless it waits for another."""


def concurrent_polls(per_minute: float) -> int:
    """Polls of the queue at a time.

    A call that finds no poll is written to Temporal's database first: with 5 polls, nine of ten
    calls were at 20 onboardings in flight, with 20 polls two of ten.
    """
    return min(20, 1 + int(per_minute) // 600)


def api_tuner(rate_limiter: RateLimiter) -> WorkerTuner:
    """The slots of a worker that runs vendor calls only."""
    none = FixedSizeSlotSupplier(1)
    return WorkerTuner.create_composite(
        workflow_supplier=none,
        activity_supplier=ApiSlots(rate_limiter),
        local_activity_supplier=none,
        nexus_supplier=none,
    )


class _Slot(SlotPermit):
    """A slot whose call is about to send a request, until it is `withdrawn`."""

    def __init__(self, rate_limiter: RateLimiter) -> None:
        self._rate_limiter: RateLimiter | None = rate_limiter
        self.used_at = 0.0

    def withdraw(self) -> None:
        if self._rate_limiter:
            self._rate_limiter.withdraw()
        self._rate_limiter = None


class ApiSlots(CustomSlotSupplier):
    """Slots that are free while more requests could leave at once than calls are about to send.

    The SDK uses and releases slots in threads of its own. To wake the event loop each time would
    take more CPU time than all else here, so it learns of it when the next slot is reserved.
    """

    def __init__(self, rate_limiter: RateLimiter) -> None:
        self._rate_limiter = rate_limiter
        self._free = asyncio.Semaphore(MAX_CALLS)
        self._loop: asyncio.AbstractEventLoop
        self._reserving = 0
        self._used = deque[_Slot]()
        self._released = deque[_Slot]()

    async def reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit:
        """Wait until one more call may be taken from the queue."""
        self._loop = asyncio.get_running_loop()
        # Before what follows: from here on, the threads wake the event loop.
        self._reserving += 1
        try:
            self._catch_up()
            await self._free.acquire()
            try:
                await self._rate_limiter.announce()
            except asyncio.CancelledError:
                self._free.release()
                raise
        finally:
            self._reserving -= 1
        return _Slot(self._rate_limiter)

    def try_reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit | None:
        """Refuse calls that a workflow hands to its own process, past the queue."""
        return None

    def mark_slot_used(self, ctx: SlotMarkUsedContext) -> None:
        """Note that a call begins."""
        assert isinstance(ctx.permit, _Slot)
        ctx.permit.used_at = self._loop.time()
        self._note(self._used, ctx.permit)

    def release_slot(self, ctx: SlotReleaseContext) -> None:
        """Note that a call has ended, or that there was none."""
        assert isinstance(ctx.permit, _Slot)
        self._note(self._released, ctx.permit)

    def _note(self, changed: deque[_Slot], slot: _Slot) -> None:
        changed.append(slot)
        if self._reserving:
            self._loop.call_soon_threadsafe(self._catch_up)

    def _catch_up(self) -> None:
        while self._used:
            slot = self._used.popleft()
            self._loop.call_at(slot.used_at + TIME_TO_ASK, slot.withdraw)
        while self._released:
            self._released.popleft().withdraw()
            self._free.release()
