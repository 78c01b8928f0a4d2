"""Which calls a worker takes from the queue, with a clock that jumps and a queue in memory."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from unittest.mock import Mock

import pytest
from temporalio.worker import (
    SlotMarkUsedContext,
    SlotPermit,
    SlotReleaseContext,
    SlotReserveContext,
)

from activities.request_allowance import AllowanceLedger, Lease, LeaseRequest
from telegent import Allowance
from tests.harness.jumping_loop import at_once
from worker.api_slots import ApiSlots, concurrent_polls
from worker.shared_rate_limiter import SharedRateLimiter

LATENCY = 0.02
"""Of Temporal, and of the vendor."""
CALLS_OF_A_LINE = 6


@dataclass
class Queue:
    """A task queue of Temporal, in which customers that have calls take turns."""

    calls: dict[str, deque[asyncio.Future[None]]] = field(default_factory=dict)
    turns: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def call(self, customer: str) -> None:
        """Returns when a worker has run it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        of_customer = self.calls.setdefault(customer, deque())
        of_customer.append(done)
        if len(of_customer) == 1:
            self.turns.put_nowait(customer)
        await done

    async def take(self) -> asyncio.Future[None]:
        """Returns the next call as soon as there is one."""
        customer = await self.turns.get()
        done = self.calls[customer].popleft()
        if self.calls[customer]:
            self.turns.put_nowait(customer)
        return done


class Worker:
    """Polls the queue as the SDK does, and sends one request for each call."""

    def __init__(self, queue: Queue, limiter: SharedRateLimiter) -> None:
        self.waits = list[float]()
        self._queue, self._limiter, self._slots = queue, limiter, ApiSlots(limiter)
        polls = concurrent_polls(limiter.per_minute)
        self._tasks = {asyncio.create_task(self._poll()) for _ in range(polls)}

    async def _poll(self) -> None:
        while True:
            slot = await self._slots.reserve_slot(Mock(SlotReserveContext))
            done = await self._queue.take()
            await asyncio.sleep(LATENCY)
            self._slots.mark_slot_used(Mock(SlotMarkUsedContext, permit=slot))
            self._tasks.add(asyncio.create_task(self._run(slot, done)))

    async def _run(self, slot: SlotPermit, done: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        permit = await self._limiter.acquire()
        self.waits.append(loop.time() - asked_at)
        await asyncio.sleep(LATENCY)
        permit.settle()
        done.set_result(None)
        self._slots.release_slot(SlotReleaseContext(slot_info=None, permit=slot))


class World:
    """Workers that share a limit of 50 requests, of which none may leave at once."""

    def __init__(self, workers: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._ledger = AllowanceLedger(Allowance(50))
        self._ledger.allowance.pause(self._loop.time())
        self._queue = Queue()
        self.workers = [
            Worker(self._queue, SharedRateLimiter(self._lease, 50)) for _ in range(workers)
        ]

    async def onboard(self, customer: str, lines: int) -> float:
        """Seconds until each line has had its calls, one after the other."""
        began = self._loop.time()
        await asyncio.gather(*(self._line(customer) for _ in range(lines)))
        return self._loop.time() - began

    async def _line(self, customer: str) -> None:
        for _ in range(CALLS_OF_A_LINE):
            await self._queue.call(customer)

    async def _lease(self, request: LeaseRequest) -> Lease:
        await asyncio.sleep(LATENCY)
        found = self._ledger.lease(request, self._loop.time())
        await asyncio.sleep(LATENCY)
        return found


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_two_lines_next_to_five_hundred_take_twice_as_long_at_most(workers: int) -> None:
    async def run() -> None:
        world = World(workers)
        alone = await world.onboard("small", 2)
        await asyncio.sleep(60)
        large = asyncio.create_task(world.onboard("large", 500))
        for pause in (20, 30, 40, 50, 60):
            await asyncio.sleep(pause)
            assert await world.onboard("small", 2) <= 2 * alone
        assert not large.done()

    at_once(run)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_calls_wait_in_the_queue_and_not_in_the_workers(workers: int) -> None:
    async def run() -> None:
        world = World(workers)
        large = asyncio.create_task(world.onboard("large", 500))
        await asyncio.sleep(300)
        assert not large.done()
        # In the first window without the burst.
        assert sum(len(each.waits) for each in world.workers) >= 0.98 * (30 + 4 * 50)
        # The first call of a worker asks for permits.
        assert [max(each.waits[1:]) for each in world.workers] == [0] * workers

    at_once(run)
