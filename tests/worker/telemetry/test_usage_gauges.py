"""The gauge of readings of usage follows the schedule and the readings that it starts."""

from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from temporalio.client import Client

from simulator import SimulatorOptions
from telegent_orchestrator.client import UsageClient
from telegent_orchestrator.usage import USAGE_SCHEDULE_ID
from tests.harness import Harness, new_namespace, running_harness
from tests.harness.waiting import TEST_TIMEOUT
from tests.worker.telemetry.shown_gauges import ShownGauges, pass_time
from worker.schedules import USAGE, ensure_schedule
from worker.telemetry.usage_gauges import COMPLETED_RUNS_QUERY, UsageGauges

OVERDUE = "telegent_usage_overdue_seconds"
HOURLY = "20 * * * *"


@pytest_asyncio.fixture(loop_scope="session")
async def alone(temporal: Client, options: SimulatorOptions) -> AsyncIterator[Harness]:
    """A namespace without other readings, and workers."""
    async with running_harness(await new_namespace(temporal), options) as running:
        yield running


def shown(harness: Harness) -> ShownGauges:
    return ShownGauges(harness.temporal, UsageGauges, COMPLETED_RUNS_QUERY)


@pytest.mark.parametrize("paused", [False, True])
async def test_reading_is_overdue_when_the_interval_has_passed(
    alone: Harness, monkeypatch: pytest.MonkeyPatch, paused: bool
) -> None:
    gauges = shown(alone)
    await ensure_schedule(alone.temporal, USAGE, HOURLY, ZoneInfo("UTC"))
    schedule = alone.temporal.get_schedule_handle(USAGE_SCHEDULE_ID)
    if paused:
        await schedule.pause()
    pass_time(monkeypatch, timedelta(minutes=55))
    assert (await gauges.update(runs=0))[OVERDUE] == 0

    pass_time(monkeypatch, timedelta(hours=2))
    never = (await gauges.update(runs=0))[OVERDUE]
    await schedule.trigger()
    pass_time(monkeypatch, timedelta(hours=3))
    once = (await gauges.update(runs=1))[OVERDUE]

    assert 3600 <= never < 3900
    # The reading has completed during this test.
    assert 7200 - TEST_TIMEOUT < once <= 7200
    pass_time(monkeypatch, timedelta(hours=4))
    assert (await gauges.update(runs=1))[OVERDUE] >= once + 3600


async def test_reading_of_an_operator_does_not_count(
    alone: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ensure_schedule(alone.temporal, USAGE, HOURLY, ZoneInfo("UTC"))
    await (await UsageClient(alone.temporal).start()).result()
    pass_time(monkeypatch, timedelta(hours=2))

    assert 3600 <= (await shown(alone).update(runs=0))[OVERDUE] < 3900


async def test_nothing_is_overdue_without_a_schedule(
    alone: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await UsageClient(alone.temporal).start()).result()
    pass_time(monkeypatch, timedelta(days=9))

    assert (await shown(alone).update(runs=0))[OVERDUE] == 0
