"""How many vendor calls a worker takes from the queue: no more than may be sent.

Calls wait in the queue of Temporal, which hands out the most urgent one first and divides the calls
of one priority between the customers. In the process they would leave in the order in which they
came. A worker therefore asks for a call only when its request could leave at once.
"""

import asyncio

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
    """Polls of the queue at a time: one may last as long as several requests of a high limit."""
    return min(5, 1 + int(per_minute) // 600)


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

    def withdraw(self) -> None:
        if self._rate_limiter:
            self._rate_limiter.withdraw()
        self._rate_limiter = None


class ApiSlots(CustomSlotSupplier):
    """Slots that are free while more requests could leave at once than calls are about to send."""

    def __init__(self, rate_limiter: RateLimiter) -> None:
        self._rate_limiter = rate_limiter
        self._free = asyncio.Semaphore(MAX_CALLS)
        self._loop: asyncio.AbstractEventLoop

    async def reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit:
        """Wait until one more call may be taken from the queue."""
        self._loop = asyncio.get_running_loop()
        await self._free.acquire()
        try:
            await self._rate_limiter.announce()
        except asyncio.CancelledError:
            self._free.release()
            raise
        return _Slot(self._rate_limiter)

    def try_reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit | None:
        """Refuse calls that a workflow hands to its own process, past the queue."""
        return None

    def mark_slot_used(self, ctx: SlotMarkUsedContext) -> None:
        """Note, in a thread of the SDK, that a call begins."""
        assert isinstance(ctx.permit, _Slot)
        self._loop.call_soon_threadsafe(self._loop.call_later, TIME_TO_ASK, ctx.permit.withdraw)

    def release_slot(self, ctx: SlotReleaseContext) -> None:
        """Free the slot, in a thread of the SDK."""
        assert isinstance(ctx.permit, _Slot)
        self._loop.call_soon_threadsafe(self._release, ctx.permit)

    def _release(self, slot: _Slot) -> None:
        slot.withdraw()
        self._free.release()
