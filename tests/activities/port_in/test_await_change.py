"""When the order of a port-in is read, and when the next attempt is made."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import ActivitySettings
from activities.port_in.orders import AwaitChange, OrderSnapshot, PortInActivities
from simulator import Simulator, SimulatorOptions
from telegent import RateLimiter, Telegent
from telegent_orchestrator.port_in import PortInDetails
from tests.harness.payloads import port_in

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOW = datetime(2026, 11, 18, 18, tzinfo=UTC)  # a Wednesday, 11 in Salt Lake City


class Order:
    """An open order, and what a poll of it does at `NOW`."""

    def __init__(self, simulator: Simulator, activities: PortInActivities) -> None:
        self._simulator, self._activities = simulator, activities
        self._environment = ActivityEnvironment()
        self._environment.info = replace(self._environment.info, current_attempt_scheduled_time=NOW)
        self.snapshot = OrderSnapshot(order_id="", status="")

    async def submit(self) -> None:
        details = PortInDetails.model_validate(port_in())
        submitted = await self._environment.run(self._activities.submit_port, details)
        self.snapshot = submitted.order

    @property
    def reads(self) -> int:
        return sum(each.path == "/v1.0/numbers/order" for each in self._simulator.requests)

    async def poll(self, submitted_at: datetime, **changes: object) -> OrderSnapshot:
        values = {"last_snapshot": self.snapshot, "carrier_clock_started_at": submitted_at}
        request = AwaitChange.model_validate(values | changes)
        seen = await self._environment.run(self._activities.await_port_change, request)
        return seen.order

    async def next_poll(self, submitted_at: datetime, **changes: object) -> timedelta:
        """How long the next attempt waits, if the poll shows no change."""
        with pytest.raises(ApplicationError) as pending:
            await self.poll(submitted_at, **changes)
        assert pending.value.next_retry_delay
        return pending.value.next_retry_delay


@pytest_asyncio.fixture
async def order() -> AsyncIterator[Order]:
    simulator = Simulator(SimulatorOptions())
    options = simulator.options
    async with (
        simulator.serve() as url,
        Telegent(
            options.account_key,
            options.account_secret,
            base_url=url,
            rate_limiter=RateLimiter(60_000),
        ) as api,
    ):
        order = Order(simulator, PortInActivities(api, ActivitySettings()))
        await order.submit()
        yield order


async def test_order_is_first_read_five_minutes_after_the_submit(order: Order) -> None:
    assert 4 * MINUTE < await order.next_poll(NOW) < 6 * MINUTE
    assert order.reads == 0

    assert 4 * MINUTE < await order.next_poll(NOW - 6 * MINUTE) < 7 * MINUTE
    assert order.reads == 1


async def test_changed_order_is_read_again_on_schedule(order: Order) -> None:
    submitted_at = NOW - 2 * HOUR
    waits = await order.next_poll(submitted_at, last_polled_at=NOW - 5 * MINUTE)
    assert 8 * MINUTE < waits < 12 * MINUTE
    assert order.reads == 0


async def test_hint_waits_for_the_minimum_interval_only(order: Order) -> None:
    submitted_at, hinted = NOW - 2 * HOUR, {"once": True}
    waits = await order.next_poll(submitted_at, last_polled_at=NOW - MINUTE / 4, **hinted)
    assert waits == 3 * MINUTE / 4
    assert order.reads == 0

    await order.poll(submitted_at, last_polled_at=NOW - MINUTE, **hinted)
    assert order.reads == 1


async def test_hint_right_after_the_submit_is_polled_at_once(order: Order) -> None:
    await order.poll(NOW, once=True)
    assert order.reads == 1


async def test_order_without_a_known_status_is_read_at_once(order: Order) -> None:
    unknown = OrderSnapshot(order_id=order.snapshot.order_id, status="")
    assert await order.poll(NOW, last_snapshot=unknown) == order.snapshot


async def test_outcome_of_a_request_is_read_when_it_is_due(order: Order) -> None:
    # On schedule it would be read in three to four minutes.
    asked = {"last_polled_at": NOW - MINUTE, "urgent": True}
    assert await order.next_poll(NOW, unchanged_counts_at=NOW + MINUTE, **asked) == MINUTE
    assert order.reads == 0
    assert await order.poll(NOW - MINUTE, unchanged_counts_at=NOW, **asked) == order.snapshot
