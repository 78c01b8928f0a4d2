"""Workers that share the request limit, with a clock that jumps."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from unittest.mock import Mock

import pytest
from temporalio.common import MetricMeter
from temporalio.service import RPCError, RPCStatusCode

from activities.request_allowance import AllowanceLedger, Lease, LeaseRequest
from telegent import Allowance
from telegent_orchestrator.encryption import MissingKeyError
from telegent_orchestrator.request_allowance import LimitCommand
from tests.harness.jumping_loop import at_once, most_in_a_minute
from worker.shared_rate_limiter import SharedRateLimiter

LATENCY = 0.03
"""Of Temporal, and of the vendor."""


@dataclass
class World:
    """A ledger in memory, a vendor that counts, and workers with more work than they may send."""

    limit: int = 50
    latency: float = LATENCY
    sent: list[float] = field(default_factory=list)
    rejected: list[float] = field(default_factory=list)
    leases: int = 0
    failure: Exception | None = None

    def __post_init__(self) -> None:
        self.ledger = AllowanceLedger(Allowance(50))
        self.began = asyncio.get_running_loop().time()

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time() - self.began

    async def lease(self, request: LeaseRequest) -> Lease:
        self.leases += 1
        await asyncio.sleep(self.latency)
        if self.failure:
            raise self.failure
        found = self.ledger.lease(request, asyncio.get_running_loop().time())
        await asyncio.sleep(self.latency)
        return found

    def sent_between(self, start: float, end: float) -> int:
        return sum(start <= at < end for at in self.sent)


class Worker:
    """A process with three calls that wait or run at any time."""

    def __init__(self, world: World) -> None:
        self.limiter = SharedRateLimiter(world.lease, 50)
        self._world = world
        self._tasks = [asyncio.create_task(self._call_again_and_again()) for _ in range(3)]

    async def kill(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def _call_again_and_again(self) -> None:
        world = self._world
        while True:
            permit = await self.limiter.acquire()
            await asyncio.sleep(LATENCY)
            if world.sent_between(world.now - 60, world.now + 1) < world.limit:
                world.sent.append(world.now)
                permit.settle()
            else:
                world.rejected.append(world.now)
                permit.reject(None)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_use_the_whole_limit_and_no_more(workers: int) -> None:
    async def run() -> None:
        world = World()
        for _ in range(workers):
            Worker(world)
        await asyncio.sleep(300)
        assert world.rejected == []
        assert most_in_a_minute(world.sent) == 50
        assert world.sent_between(0, 300) >= 0.99 * 250
        assert world.leases <= 10 * 5 * workers

    at_once(run)


@pytest.mark.parametrize("workers", [1, 2])
def test_worker_that_replaces_a_killed_one_knows_what_it_sent(workers: int) -> None:
    async def run() -> None:
        world = World()
        killed, *_ = [Worker(world) for _ in range(workers)]
        await asyncio.sleep(100)
        await killed.kill()
        await asyncio.sleep(3)
        Worker(world)
        await asyncio.sleep(197)
        assert world.rejected == []
        assert most_in_a_minute(world.sent) <= 50
        assert world.sent_between(0, 300) >= 0.95 * 250

    at_once(run)


def test_rate_follows_a_vendor_that_permits_less_within_a_minute() -> None:
    async def run() -> None:
        world = World(limit=30)
        for _ in range(2):
            Worker(world)
        await asyncio.sleep(240)
        assert world.rejected
        assert world.sent_between(60, 240) >= 0.92 * 90
        # The limit as set is tried twice, and each time by two calls of each worker.
        assert len(world.rejected) <= 8

    at_once(run)


def follows_command(per_minute: int) -> Callable[[World], None]:
    def check(world: World) -> None:
        assert world.sent_between(180, 240) == pytest.approx(per_minute, rel=0.03)

    return check


@pytest.mark.parametrize("per_minute", [20, 100])
def test_rate_follows_a_changed_setting_within_a_minute(per_minute: int) -> None:
    async def run() -> None:
        world = World(limit=1000)
        for _ in range(2):
            Worker(world)
        await asyncio.sleep(120)
        world.ledger.command(LimitCommand(requests_per_minute=per_minute, by="operator"))
        await asyncio.sleep(120)
        follows_command(per_minute)(world)

    at_once(run)


def test_nothing_is_sent_while_temporal_does_not_answer_and_all_is_reported_later() -> None:
    async def run() -> None:
        world = World()
        worker = Worker(world)
        await asyncio.sleep(30)
        world.failure = RPCError("down", RPCStatusCode.UNAVAILABLE, b"")
        await asyncio.sleep(60)
        assert world.sent_between(50, 90) == 0
        world.failure = None
        await asyncio.sleep(60)
        assert most_in_a_minute(world.sent) <= 50
        assert world.sent_between(90, 150) >= 45
        await worker.kill()

    at_once(run)


def test_worker_that_stops_returns_its_permits() -> None:
    async def run() -> None:
        world = World()
        worker = Worker(world)
        await asyncio.sleep(30)
        await worker.kill()
        await worker.limiter.close()
        status = world.ledger.status(asyncio.get_running_loop().time())
        assert (status.leased, status.used) == (0, len(world.sent))

    at_once(run)


def test_429_is_reported_when_temporal_answers_again() -> None:
    async def run() -> None:
        world = World()
        limiter = SharedRateLimiter(world.lease, 50)
        for _ in range(20):
            (await limiter.acquire()).settle()
        world.failure = RPCError("down", RPCStatusCode.UNAVAILABLE, b"")
        (await limiter.acquire()).reject(30)
        await asyncio.sleep(5)
        world.failure = None
        other = SharedRateLimiter(world.lease, 50)
        began = world.now
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(2)
        await other.acquire()
        assert world.now - began > 20
        waiting.cancel()

    at_once(run)


def test_429_during_a_lease_holds_the_other_workers_back() -> None:
    async def run() -> None:
        world = World()
        limiter, other = (SharedRateLimiter(world.lease, 50) for _ in range(2))
        first, second = await limiter.acquire(), await limiter.acquire()
        began = world.now
        first.reject(5)
        await asyncio.sleep(LATENCY)
        # The lease that reports the first one is on its way.
        second.reject(60)
        await asyncio.sleep(10)
        await other.acquire()
        assert world.now - began > 60

    at_once(run)


def test_pause_during_a_lease_holds_the_other_workers_back() -> None:
    async def run() -> None:
        world = World()
        limiter, other = (SharedRateLimiter(world.lease, 50) for _ in range(2))
        (await limiter.acquire()).settle()
        began = world.now
        limiter.pause(5)
        await asyncio.sleep(LATENCY)
        limiter.pause(60)
        await asyncio.sleep(10)
        await other.acquire()
        assert world.now - began > 60

    at_once(run)


def test_lease_that_cannot_be_read_is_repeated() -> None:
    async def run() -> None:
        world = World(failure=MissingKeyError("payload is encrypted with key 'new'"))
        limiter = SharedRateLimiter(world.lease, 50)
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(5)
        assert not waiting.done()
        world.failure = None
        await asyncio.sleep(5)
        assert waiting.done()

    at_once(run)


def test_single_requests_cost_one_lease_each() -> None:
    async def run() -> None:
        world = World()
        limiter = SharedRateLimiter(world.lease, 50)
        for _ in range(5):
            (await limiter.acquire()).settle()
            await asyncio.sleep(40)
        assert world.leases == 5

    at_once(run)


@pytest.mark.parametrize("per_second", [2, 10, 50])
def test_no_request_waits_for_a_slow_temporal_while_the_limit_is_high(per_second: int) -> None:
    async def run() -> None:
        world = World(latency=1.5)
        limiter = SharedRateLimiter(world.lease, 60_000)
        (await limiter.acquire()).settle()
        for _ in range(120 * per_second):
            await asyncio.sleep(1 / per_second)
            before = world.now
            (await limiter.acquire()).settle()
            assert world.now == before
        assert world.leases <= 15

    at_once(run)


def test_worker_that_takes_no_call_counts_as_a_request_that_waits() -> None:
    async def run() -> None:
        meter = Mock(MetricMeter)
        shown = meter.create_gauge.return_value.set
        limiter = SharedRateLimiter(World().lease, 50, meter=meter)
        for _ in range(20):
            (await limiter.acquire()).settle()
        taking = asyncio.create_task(limiter.announce())
        await asyncio.sleep(1)
        shown.assert_called_with(1)
        await taking
        shown.assert_called_with(0)

    at_once(run)


def test_request_that_times_out_leaves_its_permit_to_the_next() -> None:
    async def run() -> None:
        limiter = SharedRateLimiter(World().lease, 1)
        (await limiter.acquire()).settle()
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(2)]
        await asyncio.sleep(1)
        waiting[0].cancel()
        await asyncio.sleep(65)
        assert waiting[1].done()

    at_once(run)
