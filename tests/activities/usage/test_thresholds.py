"""When a threshold counts as reached for the first time in a billing period."""

import pytest

from activities.usage import thresholds
from activities.usage.thresholds import Thresholds, track
from telegent_orchestrator.usage import LineUsage, ReachedThresholds

WANTED = (80, 100)
NUMBER, OTHER = "+18015550142", "+18015550143"


def used(size: int, number: str = NUMBER, limit: int | None = 1000) -> LineUsage:
    return LineUsage(phone_number=number, used_bytes=size, limit_bytes=limit)


def remembered(size: int, *sent: int, dropped: bool = False) -> ReachedThresholds:
    return ReachedThresholds(used_bytes=size, thresholds=[*sent], dropped=dropped)


@pytest.mark.parametrize(
    ("sizes", "events"),
    [
        ([0, 799, 800], [[], [], [80]]),
        ([800, 900, 999, 1000, 1200], [[80], [], [], [100], []]),
        ([1300], [[80, 100]]),
        ([850, 0, 10, 850], [[80], [], [], [80]]),
        # Shown as 0 by mistake.
        ([850, 0, 860, 0, 870], [[80], [], [], [], []]),
        # Rounded, or corrected by a little.
        ([850, 810, 809, 850], [[80], [], [], []]),
        # A new period, of which most is used at once.
        ([990, 900, 910], [[80], [], [80]]),
        ([1000, 0, 1000, 0, 0, 1000], [[80, 100], [], [], [], [], [80, 100]]),
    ],
)
def test_each_threshold_is_due_once_in_a_billing_period(
    sizes: list[int], events: list[list[int]]
) -> None:
    state: ReachedThresholds | None = None
    due = []
    for size in sizes:
        state, new = track(state, used(size), WANTED)
        due.append(new)
    assert due == events


def test_higher_limit_sends_nothing_again_in_the_same_period() -> None:
    before = remembered(850, 80)
    after, new = track(before, used(850, limit=2000), WANTED)
    assert (after, new) == (before, [])
    assert track(after, used(1700, limit=2000), WANTED)[1] == []
    assert track(after, used(2000, limit=2000), WANTED)[1] == [100]


def test_number_without_a_limit_reaches_nothing() -> None:
    assert track(None, used(5000, limit=None), WANTED) == (None, [])


def test_number_below_all_thresholds_is_not_remembered() -> None:
    assert track(None, used(100), WANTED) == (None, [])
    assert track(remembered(850, 80, dropped=True), used(100), WANTED) == (None, [])


def test_threshold_that_is_configured_later_is_due_once() -> None:
    after, new = track(remembered(850, 80), used(860), (50, 80, 100))
    assert new == [50]
    assert after == remembered(860, 50, 80)


def test_number_that_was_not_read_is_remembered_as_it_was() -> None:
    before = {NUMBER: remembered(850, 80)}
    compared = Thresholds(WANTED, before)
    compared.compare([], {NUMBER})
    assert (compared.after, compared.events) == (before, [])


def test_number_that_is_missing_twice_is_forgotten() -> None:
    once = Thresholds(WANTED, {NUMBER: remembered(850, 80)})
    once.compare([], set())
    assert once.after == {NUMBER: remembered(850, 80, dropped=True)}

    back = Thresholds(WANTED, once.after)
    back.compare([used(860)], {NUMBER})
    assert (back.after, back.events) == ({NUMBER: remembered(860, 80)}, [])

    twice = Thresholds(WANTED, once.after)
    twice.compare([], set())
    assert twice.after == {}


def test_more_events_than_one_reading_may_send_wait_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(thresholds, "MAX_EVENTS", 3)
    readings = [used(1000), used(1000, OTHER)]
    first = Thresholds(WANTED, {})
    first.compare(readings, {NUMBER, OTHER})
    assert [(e.phone_number, e.reached.threshold_percent) for e in first.events] == [
        (NUMBER, 80),
        (NUMBER, 100),
    ]
    assert first.delayed == 1

    second = Thresholds(WANTED, first.after)
    second.compare(readings, {NUMBER, OTHER})
    assert [event.phone_number for event in second.events] == [OTHER, OTHER]
    assert second.delayed == 0


def test_no_event_is_sent_that_could_not_be_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "MAX_REMEMBERED", 1)
    full = Thresholds(WANTED, {NUMBER: remembered(850, 80)})
    full.compare([used(850, OTHER), used(1000)], {NUMBER, OTHER})
    assert full.after == {NUMBER: remembered(1000, 80, 100)}
    assert [event.reached.threshold_percent for event in full.events] == [100]
    assert full.delayed == 1
