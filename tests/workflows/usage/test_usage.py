"""Readings of usage on a Temporal server and a simulator that nothing else uses."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from temporalio.client import (
    ScheduleActionExecutionStartWorkflow,
    ScheduleDescription,
    WorkflowFailureError,
)

from activities.events import EventSettings
from activities.support.outcomes import failure_message
from simulator import Fault
from telegent_orchestrator.client import UsageClient
from telegent_orchestrator.events import EventData, EventType
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.usage import USAGE_SCHEDULE_ID, UsageReport
from tests.harness import Harness
from tests.harness.command_line import command_line
from tests.harness.details_pages import read_details_page
from tests.harness.event_receiver import SECRET, Receiver
from tests.harness.line_changes import NUMBER, put_in_service
from tests.harness.waiting import wait_until
from worker.schedules import USAGE, ensure_schedule

OTHER = "+18015550143"
INVENTORY = "GET /v1.0/numbers/inventory"
INFO = "POST /v1.0/numbers/data-usage/info"
UTC = ZoneInfo("UTC")
MEGABYTE = 1024**2


@dataclass
class Scheduled:
    """Readings that a schedule starts, and the receiver of their events."""

    harness: Harness
    receiver: Receiver

    async def start(self) -> ScheduleActionExecutionStartWorkflow:
        """Let the schedule start a reading now."""
        schedule = self.harness.temporal.get_schedule_handle(USAGE_SCHEDULE_ID)
        # Temporal gives a reading the result of the last one as soon as it knows of that.
        idle = await wait_until(schedule.describe, lambda seen: not seen.info.running_actions)

        def has_started(seen: ScheduleDescription) -> bool:
            return seen.info.num_actions > idle.info.num_actions

        await schedule.trigger()
        started = await wait_until(schedule.describe, has_started)
        action = started.info.recent_actions[-1].action
        assert isinstance(action, ScheduleActionExecutionStartWorkflow)
        return action

    async def read(self) -> UsageReport:
        """A reading of the schedule."""
        return await self.result(await self.start())

    async def result(self, action: ScheduleActionExecutionStartWorkflow) -> UsageReport:
        handle = self.harness.temporal.get_workflow_handle(
            action.workflow_id, run_id=action.first_execution_run_id, result_type=UsageReport
        )
        report: UsageReport = await handle.result()
        return report

    async def events(self, count: int) -> list[EventData]:
        """All events of thresholds so far."""
        received = await self.receiver.has(count)
        assert {each.event.type for each in received} <= {EventType.USAGE_THRESHOLD_REACHED}
        return [each.event.data for each in received]


@pytest_asyncio.fixture(loop_scope="session")
async def scheduled(alone: Harness) -> AsyncIterator[Scheduled]:
    """Readings at no time but when a test starts one; without workers."""
    receiver = Receiver()
    async with receiver.listening():
        events = EventSettings(urls=(receiver.url,), secret=SECRET)
        alone.settings = replace(alone.settings, events=events)
        await ensure_schedule(alone.temporal, USAGE, "30 3 * * *", UTC)
        yield Scheduled(alone, receiver)


def give_limit(harness: Harness, number: str = NUMBER) -> None:
    """Put a number with data into service whose limit is 1,000 MB."""
    line = put_in_service(harness, number)
    line.data_enabled, line.data_limits = True, {"LimitValue": 1000}


async def use(scheduled: Scheduled, megabytes: float, number: str = NUMBER) -> UsageReport:
    """What is read when so much is used."""
    scheduled.harness.telegent.use_data(number, megabytes)
    return await scheduled.read()


@asynccontextmanager
async def failing_requests(harness: Harness, match: str, status: int) -> AsyncIterator[None]:
    """Telegent fails these requests while the block runs."""
    faults = harness.telegent.faults
    faults.add(Fault(match=match, kind="error_before", status=status, times=999))
    yield
    faults.clear()


async def test_each_threshold_is_sent_once_in_a_billing_period(scheduled: Scheduled) -> None:
    give_limit(scheduled.harness)
    give_limit(scheduled.harness, OTHER)
    async with scheduled.harness.running_workers():
        sent = [(await use(scheduled, size)).events for size in (799, 850, 900, 1000, 1001)]
        assert sent == [0, 1, 0, 1, 0]

        # A new billing period, which the second reading in a row confirms.
        sent = [(await use(scheduled, size)).events for size in (0, 10, 850)]
        assert sent == [0, 0, 1]
        events = await scheduled.events(3)

    assert [data.usage.threshold_percent for data in events if data.usage] == [80, 100, 80]
    first = events[0]
    assert first.usage
    assert (first.usage.used_bytes, first.usage.limit_bytes) == (850 * MEGABYTE, 1000 * MEGABYTE)
    assert (first.usage.number_id, first.state) == ("NID-1", "threshold reached")
    assert (first.phone_number, first.reference, first.line_key) == (None, None, None)


async def test_both_thresholds_that_one_reading_shows_are_sent(scheduled: Scheduled) -> None:
    give_limit(scheduled.harness)
    async with scheduled.harness.running_workers():
        report = await use(scheduled, 1200)
        events = await scheduled.events(2)

    assert report.counts == {80: 1, 100: 1}
    assert {data.usage.threshold_percent for data in events if data.usage} == {80, 100}


async def test_event_names_the_line_of_an_onboarding(
    scheduled: Scheduled, family: OnboardingRequest
) -> None:
    harness = scheduled.harness
    harness.settings = replace(
        harness.settings, events=replace(harness.settings.events, personal_data=True)
    )
    async with harness.running_workers():
        result = await (await harness.onboard(family)).result()
        await wait_until(scheduled.receiver.received.__len__)
        line = result.lines[0]
        number = line.phone_number or ""
        limit = harness.telegent.state.numbers[number].data_limits["LimitValue"]
        report = await use(scheduled, limit * 0.9, number)
        data = await wait_until(
            lambda: [
                each.event.data
                for each in scheduled.receiver.received
                if each.event.type == EventType.USAGE_THRESHOLD_REACHED
            ]
        )

    assert [(each.reference, each.line_key, each.phone_number) for each in data] == [
        (result.reference, line.key, number)
    ]
    assert (report.lines[0].line, report.lines[0].percent) == (
        f"{result.reference}:{line.key}",
        90.0,
    )
    # Inventory and usage of three numbers.
    assert (report.read, report.requests, report.not_read) == (3, 2, [])


async def test_reading_that_a_stopped_worker_leaves_sends_each_event_once(
    scheduled: Scheduled,
) -> None:
    harness = scheduled.harness
    give_limit(harness)
    harness.telegent.use_data(NUMBER, 850)
    at_once, harness.settings = harness.settings, replace(harness.settings, usage_share=1e-6)
    async with harness.running_workers():
        action = await scheduled.start()
        await wait_until(lambda: harness.telegent.api_calls)
    assert harness.telegent.api_calls == 1
    harness.settings = at_once
    async with harness.running_workers():
        report = await scheduled.result(action)
        again = await scheduled.read()
        await scheduled.events(1)

    assert (report.events, again.events) == (1, 0)


async def test_nothing_is_sent_twice_after_readings_that_telegent_rejects(
    scheduled: Scheduled,
) -> None:
    harness = scheduled.harness
    give_limit(harness)
    async with harness.running_workers():
        assert (await use(scheduled, 850)).events == 1
        async with failing_requests(harness, INFO, 400):
            unread = await use(scheduled, 860)
        after = await use(scheduled, 870)
        await scheduled.events(1)

    assert unread.read == 0
    assert unread.not_read[0].startswith("1 number: ")
    assert unread.reached == after.reached | {
        NUMBER: after.reached[NUMBER].model_copy(update={"used_bytes": 850 * MEGABYTE})
    }
    assert after.events == 0


async def test_nothing_is_sent_twice_after_a_reading_that_failed(scheduled: Scheduled) -> None:
    harness = scheduled.harness
    give_limit(harness)
    async with harness.running_workers():
        assert (await use(scheduled, 850)).events == 1
        async with failing_requests(harness, INVENTORY, 400):
            with pytest.raises(WorkflowFailureError) as failed:
                await use(scheduled, 860)
        after = await use(scheduled, 870)
        received = await scheduled.receiver.has(2)

    assert "400" in failure_message(failed.value.cause)
    assert after.events == 0
    assert Counter(each.event.type for each in received) == {
        EventType.USAGE_THRESHOLD_REACHED: 1,
        EventType.USAGE_FAILED: 1,
    }


async def test_reading_without_a_response_begins_again(scheduled: Scheduled) -> None:
    harness = scheduled.harness
    give_limit(harness)
    async with harness.running_workers(), failing_requests(harness, INFO, 503):
        handle = await UsageClient(harness.temporal).start()
        failing = await wait_until(handle.failing_calls, bool)
        joined = await UsageClient(harness.temporal).start()

    assert failing[0].activity == "read_usage"
    assert joined.joined


async def test_changed_schedule_continues_from_the_last_reading(scheduled: Scheduled) -> None:
    give_limit(scheduled.harness)
    async with scheduled.harness.running_workers():
        assert (await use(scheduled, 850)).events == 1
        await ensure_schedule(scheduled.harness.temporal, USAGE, "45 4 * * *", UTC)
        assert (await use(scheduled, 860)).events == 0
        await scheduled.events(1)


async def test_numbers_that_telegent_rejects_do_not_hide_the_others(scheduled: Scheduled) -> None:
    harness = scheduled.harness
    world = harness.telegent.state
    numbers = [f"+1801555{index:04}" for index in range(4)]
    for number in numbers:
        give_limit(harness, number)
    world.numbers[numbers[0]].data_enabled = False
    world.numbers[numbers[1]].status = "Suspended"
    world.numbers[numbers[2]].product_type = "Sms-Only"
    async with harness.running_workers():
        report = await use(scheduled, 500, numbers[3])

    assert [each.phone_number for each in report.lines] == [numbers[3]]
    assert (report.numbers, report.read) == (4, 1)
    assert report.not_read == [f"1 number: {report.not_read[0].partition(': ')[2]}"]
    assert "does not have data" in report.not_read[0]


async def test_events_of_many_numbers_are_all_sent(
    scheduled: Scheduled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.usage.workflow.EVENTS_PER_WORKFLOW", 2)
    harness = scheduled.harness
    numbers = [f"+1801555{index:04}" for index in range(101)]
    for number in numbers:
        give_limit(harness, number)
    for number in (numbers[0], numbers[50], numbers[100]):
        harness.telegent.use_data(number, 850)
    async with harness.running_workers():
        report = await scheduled.read()
        events = await scheduled.events(3)

    # Two pages of the inventory, and usage in two parts.
    assert (report.read, report.events, report.requests) == (101, 3, 4)
    assert len({data.workflow_id for data in events}) == 2


async def test_reading_of_an_operator_sends_no_event(scheduled: Scheduled) -> None:
    give_limit(scheduled.harness)
    async with scheduled.harness.running_workers():
        scheduled.harness.telegent.use_data(NUMBER, 850)
        handle = await UsageClient(scheduled.harness.temporal).start()
        by_operator = await handle.result()
        page = await read_details_page(scheduled.harness.temporal, handle.id)
        by_schedule = await scheduled.read()
        await scheduled.events(1)

    assert (by_operator.events, by_operator.counts) == (0, {80: 1, 100: 0})
    assert by_schedule.events == 1
    assert "850 MB of 1000 MB, 85 %" in page
    assert "**1 of 1 numbers**" in page


async def test_command_shows_usage(alone: Harness) -> None:
    cli = command_line(alone)
    give_limit(alone)
    alone.telegent.use_data(NUMBER, 850)
    async with alone.running_workers():
        none_yet = await cli.run("usage", "--latest")
        shown = await cli.run("usage")
        latest = await cli.run("usage", "--latest", "--json")
        async with failing_requests(alone, INVENTORY, 400):
            failed = await cli.run("usage")

    assert (none_yet.status, shown.status, failed.status) == (2, 0, 1)
    assert "usage of 1 of 1 numbers, 1 at 80 % of the limit, 0 at 100 % of the limit" in shown.out
    assert f"{NUMBER}: 850 MB of 1000 MB, 85 % Active" in shown.out
    [line] = UsageReport.model_validate(latest.json).lines
    assert (line.phone_number, line.percent) == (NUMBER, 85.0)
    assert "no usage was read: " in failed.err
    assert not alone.telegent.ledger.rows
