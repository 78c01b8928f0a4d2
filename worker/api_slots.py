"""How many vendor calls a worker takes from the queue: no more than may be sent.

Calls wait in the queue of Temporal, which hands out the most urgent one first and divides the calls
of one priority between the customers. In the process they would leave in the order in which they
came.
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


def concurrent_polls(per_minute: float) -> int:
    """Polls of the queue: so many calls may come although others begin to wait in the process."""
    return min(5, 1 + int(per_minute) // 600)


def api_tuner(rate_limiter: RateLimiter) -> WorkerTuner:
    """The slots of a worker that runs vendor calls only."""
    none = FixedSizeSlotSupplier(1)
    return WorkerTuner.create_composite(
        workflow_supplier=none,
        activity_supplier=_ApiSlots(rate_limiter),
        local_activity_supplier=none,
        nexus_supplier=none,
    )


class _ApiSlots(CustomSlotSupplier):
    """Slots that are free while few calls in the process wait for the rate limiter."""

    def __init__(self, rate_limiter: RateLimiter) -> None:
        self._rate_limiter = rate_limiter
        self._free = asyncio.Semaphore(MAX_CALLS)
        self._loop: asyncio.AbstractEventLoop

    async def reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit:
        self._loop = asyncio.get_running_loop()
        await self._free.acquire()
        try:
            await self._rate_limiter.few_waiting()
        except asyncio.CancelledError:
            self._free.release()
            raise
        return SlotPermit()

    def try_reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit | None:
        # Only for calls that a workflow hands to its own process, past the queue.
        return None

    def mark_slot_used(self, ctx: SlotMarkUsedContext) -> None:
        pass

    def release_slot(self, ctx: SlotReleaseContext) -> None:
        # In a thread of the SDK.
        self._loop.call_soon_threadsafe(self._free.release)
