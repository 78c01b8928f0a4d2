"""Which share of the requests polls of open port-ins may use."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.port_in.poll_throttle import PollThrottle
from telegent import RateLimiter
from telegent_orchestrator.poll_schedule import PollSchedule

UNAVAILABLE = RPCError("down", RPCStatusCode.UNAVAILABLE, b"")


class Visibility:
    """Temporal's list of workflows, of which only ages in hours are known."""

    def __init__(self, ages: list[float]) -> None:
        self.ages = ages
        self.queries: list[str] = []
        self.now = 0.0
        self.failure: RPCError | None = None

    async def count_workflows(self, query: str, **_: object) -> SimpleNamespace:
        self.queries.append(query)
        if self.failure:
            raise self.failure
        since = re.search(r"StartTime > '(.*)'", query)
        oldest = datetime.now(UTC) - datetime.fromisoformat(since[1]) if since else timedelta.max
        return SimpleNamespace(count=sum(timedelta(hours=age) < oldest for age in self.ages))

    def share(self) -> PollThrottle:
        return PollThrottle(
            cast(Client, self),
            PollSchedule(),
            rate_limiter=RateLimiter(45),
            share=0.4,
            clock=lambda: self.now,
        )


@pytest.mark.parametrize(
    ("ages", "stretch"),
    [
        ([], 1),
        # The share is 18 polls a minute: 225 young port-ins, polled every 12.5 minutes, use it all.
        ([1] * 225, 1),
        ([1] * 450, 2),
        ([10] * 12960, 2),
        ([1] * 225 + [10] * 6480, 2),
    ],
)
async def test_intervals_grow_until_polls_keep_to_their_share(
    ages: list[float], stretch: float
) -> None:
    assert await Visibility(ages).share().interval_factor() == pytest.approx(stretch)


async def test_only_port_ins_that_run_are_counted() -> None:
    visibility = Visibility([])
    await visibility.share().interval_factor()
    running = "WorkflowType = 'PortInWorkflow' AND ExecutionStatus = 'Running'"
    assert all(query.startswith(running) for query in visibility.queries)


async def test_count_is_cached_for_a_minute() -> None:
    visibility = Visibility([1] * 450)
    share = visibility.share()
    assert await share.interval_factor() == 2
    queries_before = len(visibility.queries)
    visibility.ages, visibility.now = [], 59
    assert await share.interval_factor() == 2
    assert len(visibility.queries) == queries_before
    visibility.now = 60
    assert await share.interval_factor() == 1


async def test_last_factor_is_kept_when_the_count_fails() -> None:
    visibility = Visibility([1] * 450)
    visibility.failure = UNAVAILABLE
    share = visibility.share()
    assert await share.interval_factor() == 1
    # Not asked again at once: a server in trouble has enough to do.
    assert await share.interval_factor() == 1
    assert len(visibility.queries) == 1
    visibility.failure, visibility.now = None, 60
    assert await share.interval_factor() == 2
    visibility.failure, visibility.now = UNAVAILABLE, 120
    assert await share.interval_factor() == 2


async def test_orders_that_change_at_every_poll_keep_to_the_share() -> None:
    visibility = Visibility([1] * 100)
    share = visibility.share()
    factor = await share.interval_factor()
    assert factor == 1
    for _ in range(5):
        # Each of the 100 is polled at the minimum interval, a minute times the factor.
        polls = 100 / factor
        for _ in range(round(polls)):
            share.record_requested_poll()
        visibility.now += 60
        factor = await share.interval_factor()
    assert 100 / factor == pytest.approx(18, rel=0.1)

    # When they are quiet again, the factor is that of their number.
    for _ in range(5):
        share.record_requested_poll()
        visibility.now += 60
        factor = await share.interval_factor()
    assert factor == 1


async def test_measured_factor_is_bounded() -> None:
    visibility = Visibility([1])
    share = visibility.share()
    for _ in range(10):
        await share.interval_factor()
        for _ in range(10_000):
            share.record_requested_poll()
        visibility.now += 60
    assert await share.interval_factor() == pytest.approx(60, rel=0.01)
