"""A worker whose clock differs from Temporal's says so, is not ready, and sends nothing."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import ActivityFailureError, Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.support.outcomes import Outcome
from worker import clock
from worker.clock import MAX_SKEW, SAMPLES, ClockMonitor

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def monitor(*skews: float) -> ClockMonitor:
    found = ClockMonitor()
    for skew in skews:
        found.observe(NOW, NOW + timedelta(seconds=skew))
    return found


@pytest.mark.parametrize("skew", [90, -90])
def test_difference_of_all_samples_is_reported_with_its_direction(skew: float) -> None:
    found = monitor(skew, skew + 1, skew - 1)
    assert not found.synchronized
    assert "89 s" in found.describe()
    assert ("ahead of" if skew > 0 else "behind") in found.describe()


@pytest.mark.parametrize("skews", [(), (0.2,), (300, 0.1), (0.1, *[300] * (SAMPLES - 1))])
def test_task_that_starts_late_does_not_count_as_skew(skews: tuple[float, ...]) -> None:
    assert monitor(*skews).synchronized


def test_clock_that_jumps_is_noticed_and_its_correction_too() -> None:
    found = monitor(0, *[90] * SAMPLES)
    assert not found.synchronized
    found.observe(NOW, NOW + MAX_SKEW)
    assert found.synchronized


@activity.defn
async def send() -> str:
    return "sent"


async def test_no_activity_runs_while_the_clock_is_ahead(
    temporal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FastClock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "FastClock":
            return cls.fromtimestamp(datetime.now(UTC).timestamp() + 90, UTC)

    queue = str(uuid.uuid4())
    found = ClockMonitor()

    async def call() -> str:
        return await temporal.execute_activity(
            send,
            id=str(uuid.uuid4()),
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )

    async with Worker(temporal, task_queue=queue, activities=[send], interceptors=[found]):
        assert await asyncio.wait_for(call(), 30) == "sent"
        monkeypatch.setattr(clock, "datetime", FastClock)
        found._samples.clear()
        with pytest.raises(ActivityFailureError) as failed:
            await asyncio.wait_for(call(), 30)
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == Outcome.NOT_SENT
    assert "90 s ahead of that of the Temporal server" in str(cause)
