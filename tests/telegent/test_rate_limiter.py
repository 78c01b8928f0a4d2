import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings, strategies as st

from telegent import RateLimiter, RateLimitError
from tests.harness.fake_vendor import FakeVendor, json_response
from tests.harness.jumping_loop import at_once, most_in_a_minute


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.4, 1.3, 7.0, 30.0]), min_size=60, max_size=160))
def test_any_rolling_minute_has_at_most_fifty_requests(gaps: list[float]) -> None:
    sent: list[float] = []

    async def run() -> None:
        budget = RateLimiter()
        loop = asyncio.get_running_loop()

        async def one() -> None:
            permit = await budget.acquire()
            sent.append(loop.time())
            permit.settle()

        async with asyncio.TaskGroup() as group:
            for gap in gaps:
                await asyncio.sleep(gap)
                group.create_task(one())

    at_once(run)
    assert len(sent) == len(gaps)
    assert most_in_a_minute(sent) <= 50


def test_rate_limit_is_used_in_full() -> None:
    sent: list[float] = []

    async def run() -> None:
        budget = RateLimiter()
        for _ in range(201):
            permit = await budget.acquire()
            sent.append(asyncio.get_running_loop().time())
            permit.settle()

    at_once(run)
    assert most_in_a_minute(sent) == 50
    assert sent[-1] - sent[0] == pytest.approx(4 * 60, abs=0.1)


def test_pause_also_delays_queued_requests() -> None:
    async def run() -> None:
        budget = RateLimiter()
        loop = asyncio.get_running_loop()
        sent: list[float] = []

        async def one() -> None:
            (await budget.acquire()).settle()
            sent.append(loop.time())

        async with asyncio.TaskGroup() as group:
            for _ in range(35):
                group.create_task(one())
            await asyncio.sleep(0.1)
            assert len(sent) == 20
            held_at = loop.time()
            budget.pause(30)
            budget.pause(1)
        later = [t - held_at for t in sent[20:]]
        assert len(later) == 15
        assert min(later) >= 30
        assert later[0] <= 32.1
        assert most_in_a_minute(sent) <= 50
        # Held requests must not leave in one bunch.
        assert sum(t < min(later) + 2 for t in later) <= 2

    at_once(run)


@pytest.mark.parametrize(
    ("retry_after", "minimum", "maximum"), [(None, 10, 12.1), (0.0, 0, 2.1), (1e9, 600, 603)]
)
def test_pause_is_at_least_as_requested_and_bounded(
    retry_after: float | None, minimum: float, maximum: float
) -> None:
    async def run() -> None:
        budget = RateLimiter()
        loop = asyncio.get_running_loop()
        start = loop.time()
        budget.pause(retry_after)
        await budget.acquire()
        assert minimum <= loop.time() - start <= maximum

    at_once(run)


def test_permit_of_a_request_that_is_cancelled_as_it_gets_it_is_not_lost() -> None:
    async def run() -> None:
        budget = RateLimiter(per_minute=1)
        first = await budget.acquire()
        cancelled = asyncio.create_task(budget.acquire())
        await asyncio.sleep(0)
        first.give_back()
        cancelled.cancel()
        await asyncio.wait([cancelled])
        await asyncio.wait_for(budget.acquire(), 1)

    at_once(run)


def test_request_that_is_cancelled_just_before_it_may_leave_takes_no_permit() -> None:
    async def run() -> None:
        budget = RateLimiter(per_minute=1)
        first = await budget.acquire()
        cancelled = asyncio.create_task(budget.acquire())
        next_one = asyncio.create_task(budget.acquire())
        await asyncio.sleep(0)
        cancelled.cancel()
        first.give_back()
        await asyncio.wait([cancelled])
        assert cancelled.cancelled()
        await asyncio.wait_for(next_one, 1)

    at_once(run)


@pytest.mark.parametrize(("per_minute", "window"), [(50, 0), (50, -1)])
def test_rate_limiter_without_window_is_rejected(per_minute: int, window: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        RateLimiter(per_minute, window)


IN_90_SECONDS = "a date in 90 seconds"


@pytest.mark.parametrize(
    ("headers", "body", "low", "high"),
    [
        ({"Retry-After": "12"}, {}, 12, 12),
        (
            {"Retry-After": IN_90_SECONDS},
            {},
            1,
            91,
        ),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, {}, 0, 0),
        ({}, {"Status": 429, "RetryAfter": "60"}, 60, 60),
    ],
)
def test_status_429_raises_and_delays_later_calls(
    headers: dict[str, str], body: dict[str, object], low: float, high: float
) -> None:
    async def run() -> None:
        # Not when the tests are collected: they may run minutes later.
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
        sent = {name: value.replace(IN_90_SECONDS, date) for name, value in headers.items()}
        vendor = FakeVendor(lambda request: json_response(body, 429, **sent))
        loop = asyncio.get_running_loop()
        async with vendor.client(RateLimiter()) as api:
            with pytest.raises(RateLimitError) as caught:
                await api.accounts.get("AID-1")
            assert caught.value.retry_after is not None
            assert low <= caught.value.retry_after <= high
            assert len(vendor.requests) == 1
            vendor.respond = lambda request: json_response({"AccountId": "AID-1"})
            start = loop.time()
            await api.accounts.get("AID-1")
            assert loop.time() - start >= caught.value.retry_after

    at_once(run)


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}, {"Retry-After": "-5"}])
def test_status_429_without_usable_wait_has_no_retry_after(headers: dict[str, str]) -> None:
    async def run() -> None:
        vendor = FakeVendor(lambda request: json_response({}, 429, **headers))
        async with vendor.client(RateLimiter()) as api:
            with pytest.raises(RateLimitError) as caught:
                await api.accounts.get("AID-1")
        assert caught.value.retry_after is None

    at_once(run)


def test_token_requests_count_against_rate_limit() -> None:
    async def run() -> None:
        vendor = FakeVendor(lambda request: json_response({"AccountId": "AID-1"}))
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with vendor.client(RateLimiter(per_minute=1)) as api:
            await api.accounts.get("AID-1")
        assert loop.time() - start >= 60

    at_once(run)


def test_requests_are_announced_only_while_they_could_leave_at_once() -> None:
    async def run() -> None:
        budget = RateLimiter()
        for _ in range(20):
            await budget.announce()
        more = asyncio.create_task(budget.announce())
        for _ in range(20):
            (await budget.acquire()).settle()
            budget.withdraw()
        await asyncio.sleep(1.9)
        assert not more.done()
        await asyncio.sleep(0.2)
        assert more.done()
        again = asyncio.create_task(budget.announce())
        await asyncio.sleep(0)
        again.cancel()
        budget.withdraw()
        await budget.announce()

    at_once(run)
