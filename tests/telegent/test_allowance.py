"""The arithmetic of the request limit, with a clock of the test's own."""

import heapq
from collections import Counter, deque
from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from telegent import Allowance, requests_in_window

WINDOW = 60.0


def most_in_a_window(times: list[float]) -> int:
    ordered = sorted(times)
    return max(sum(start <= at < start + WINDOW for at in ordered) for start in ordered)


def send_all(allowance: Allowance, gaps: list[float], delays: list[float]) -> list[float]:
    """Sends a request after each gap, as soon as it may be.

    Returns:
        When each arrives at the vendor: at any moment between its departure and its response.
    """
    now, arrivals = 1000.0, list[float]()
    open_until = list[float]()
    for gap, delay in zip(gaps, delays, strict=True):
        now += gap
        while True:
            while open_until and open_until[0] <= now:
                allowance.settle(heapq.heappop(open_until))
            at = allowance.next_at(now)
            if at is not None and at <= now:
                break
            now = min([*open_until[:1], *([at] if at is not None else [])])
        allowance.take(now)
        heapq.heappush(open_until, now + delay)
        arrivals.append(now + delay * (len(arrivals) % 3) / 2)
    for at in open_until:
        allowance.settle(at)
    return arrivals


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.0, 0.0, 0.4, 1.3, 7.0, 30.0, 61.0]),
            st.sampled_from([0.01, 0.3, 2.0, 20.0]),
        ),
        min_size=12,
        max_size=160,
    ),
    st.integers(1, 60),
)
def test_no_window_at_the_vendor_contains_more_than_the_limit(
    sent: list[tuple[float, float]], limit: int
) -> None:
    gaps, delays = [gap for gap, _ in sent], [delay for _, delay in sent]
    assert most_in_a_window(send_all(Allowance(limit), gaps, delays)) <= limit


def test_whole_limit_is_used_while_requests_wait() -> None:
    arrivals = send_all(Allowance(50), [0.0] * 501, [0.1] * 501)
    # A request occupies its place until its response.
    assert arrivals[-1] - arrivals[0] <= 10 * (WINDOW + 0.2)


def test_a_part_leaves_at_once_and_the_rest_evenly() -> None:
    arrivals = send_all(Allowance(50), [0.0] * 150, [0.0] * 150)
    sent = [at - arrivals[0] for at in arrivals]
    for start in (0, 60, 120):
        assert sum(start - 0.1 < at < start + 0.1 for at in sent) == 20
    assert max(later - at for at, later in pairwise(sent)) <= 2.1
    assert sent[-1] == pytest.approx(180, abs=2)


def rejected(allowance: Allowance, now: float, sent_at: float | None = None) -> None:
    allowance.next_at(now)
    allowance.take(now)
    allowance.reject(now, sent_at=now if sent_at is None else sent_at)
    allowance.give_back()


def test_second_429_lowers_the_limit_to_what_was_permitted() -> None:
    allowance = Allowance(50)
    arrivals = send_all(allowance, [0.0] * 30, [0.0] * 30)
    now = arrivals[-1] + 1
    rejected(allowance, now)
    # Another that had left by then says nothing new.
    rejected(allowance, now + 1, sent_at=now - 1)
    assert allowance.effective == 50
    rejected(allowance, now + 10)
    assert allowance.effective == 30
    assert allowance.next_at(now + 10) == pytest.approx(arrivals[0] + WINDOW)


def test_429s_far_apart_have_other_causes() -> None:
    allowance = Allowance(50)
    now = send_all(allowance, [0.0] * 30, [0.0] * 30)[-1]
    rejected(allowance, now)
    for _ in range(3):
        for _ in range(30):
            allowance.take(now + 125)
            allowance.settle(now + 125)
        now += 125
        rejected(allowance, now)
    assert allowance.effective == 50


def test_third_429_lowers_the_limit_however_little_was_used() -> None:
    allowance = Allowance(50)
    now = send_all(allowance, [0.0] * 10, [0.0] * 10)[-1]
    for at in (0, 10):
        rejected(allowance, now + at)
        allowance.take(now + at)
        allowance.settle(now + at)
        assert allowance.effective == 50
    rejected(allowance, now + 20)
    assert allowance.effective == 12


def test_lowered_limit_is_tried_again_without_a_burst() -> None:
    allowance = Allowance(50)
    now = send_all(allowance, [0.0] * 30, [0.0] * 30)[-1]
    rejected(allowance, now - 1)
    rejected(allowance, now)
    allowance.next_at(now + WINDOW - 1)
    assert allowance.effective == 30

    assert allowance.next_at(now + WINDOW) == pytest.approx(now + WINDOW, abs=2)
    assert allowance.effective == 50
    allowance.take(now + WINDOW)
    assert allowance.next_at(now + WINDOW) == pytest.approx(now + WINDOW + 2, abs=2)


def minutes_at(vendor: Callable[[float], int], minutes: int) -> list[tuple[int, int]]:
    """Requests in each minute, and 429s, of one who always has a request to send.

    `vendor`: how many requests in any minute it permits at a time in seconds.
    """
    allowance, now, counted = Allowance(50), 1000.0, deque[float]()
    sent, rejections = Counter[int](), Counter[int]()
    while (minute := int(now - 1000) // 60) < minutes:
        at = allowance.next_at(now)
        assert at is not None
        if at > now:
            now = at
            continue
        allowance.take(now)
        while counted and counted[0] <= now - WINDOW:
            counted.popleft()
        if len(counted) < vendor(now - 1000):
            counted.append(now)
            sent[minute] += 1
            allowance.settle(now)
        else:
            rejections[minute] += 1
            rejected_at = now + 0.2
            allowance.reject(rejected_at, now)
            allowance.give_back()
            allowance.pause(rejected_at + 10)
        now += 0.2
    return [(sent[minute], rejections[minute]) for minute in range(minutes)]


def test_rate_follows_a_vendor_that_permits_less_for_a_while_within_a_minute() -> None:
    minutes = minutes_at(lambda at: 20 if 300 <= at < 480 else 50, 14)
    assert all(48 <= sent <= 50 and not rejections for sent, rejections in minutes[:5])
    assert all(15 <= sent <= 20 for sent, _ in minutes[5:8])
    assert sum(rejections for _, rejections in minutes) <= 10
    # The limit as set was tried once in vain, and then again after two minutes.
    assert all(sent >= 48 for sent, _ in minutes[12:])


@pytest.mark.parametrize("permitted", [10, 30, 45])
def test_limit_that_stays_lower_is_tried_ever_more_rarely(permitted: int) -> None:
    minutes = minutes_at(lambda _: permitted, 60)
    assert sum(sent for sent, _ in minutes) >= 0.96 * 60 * permitted
    assert sum(rejections for _, rejections in minutes) <= 22
    assert sum(rejections for _, rejections in minutes[30:]) <= 8


@pytest.mark.parametrize("outage", [(0, 40), (300, 340)])
def test_rate_recovers_within_two_minutes_of_a_short_time_of_429s(
    outage: tuple[int, int],
) -> None:
    began, ended = outage
    minutes = minutes_at(lambda at: 0 if began <= at < ended else 50, 12)
    recovered = ended // 60 + 3
    assert all(sent >= 48 and not rejections for sent, rejections in minutes[recovered:])


def test_nothing_leaves_during_a_pause_and_no_burst_after_it() -> None:
    allowance = Allowance(50)
    allowance.pause(1030)
    arrivals = send_all(allowance, [0.0] * 4, [0.0] * 4)
    assert [at - 1000 for at in arrivals] == pytest.approx([32, 34, 36, 38])


def test_changed_setting_counts_at_once() -> None:
    allowance = Allowance(2)
    now = send_all(allowance, [0.0, 0.0], [0.0, 0.0])[-1]
    assert (allowance.next_at(now) or 0) > now + 1
    allowance.set_limit(100, WINDOW)
    assert allowance.next_at(now + 1) == now + 1
    allowance.set_limit(1, WINDOW)
    assert allowance.next_at(now + 1) == pytest.approx(now + WINDOW)


def test_what_is_not_sent_is_free_again() -> None:
    allowance = Allowance(1)
    for _ in range(3):
        assert allowance.next_at(1000.0) == 1000.0
        allowance.take(1000.0)
        assert allowance.next_at(1000.0) is None
        allowance.give_back()


@pytest.mark.parametrize(("limit", "window"), [(0, 60.0), (5, 0.0)])
def test_limit_without_requests_or_time_is_rejected(limit: int, window: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        Allowance(limit, window)


def test_requests_in_another_window_than_a_minute() -> None:
    assert (requests_in_window(500, 6), requests_in_window(50, 60), requests_in_window(1, 6)) == (
        50,
        50,
        1,
    )


@pytest.mark.parametrize(("per_minute", "share"), [(60, 0.95), (600, 0.8)])
def test_429s_of_another_cause_do_not_hold_requests_back(per_minute: int, share: float) -> None:
    """Two of a hundred, each with a pause of a second: that alone costs a sixth of 600 a minute."""
    random, allowance = Random(1), Allowance(2000)
    now, sent = 0.0, 0
    while now < 30 * WINDOW:
        at = allowance.next_at(now)
        assert at is not None
        now = max(now, at)
        allowance.take(now)
        if random.random() < 0.02:
            allowance.reject(now, now)
            allowance.give_back()
            allowance.pause(now + 1)
        else:
            allowance.settle(now)
            sent += 1
        now += 60 / per_minute
    assert sent >= share * 30 * per_minute
