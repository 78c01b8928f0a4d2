"""When an open port-in is polled next."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from telegent_orchestrator.poll_schedule import (
    JITTER,
    MAX_FACTOR,
    PollContext,
    PollSchedule,
    describe_schedule,
    expected_polls_per_minute,
    min_poll_interval,
    next_interval_factor,
    next_poll_delay,
    poll_times,
)
from telegent_orchestrator.us_calendar import is_business_day

SALT_LAKE_CITY, NEW_YORK, HONOLULU = "+18015550142", "+12125550142", "+18085551234"
DENVER = ZoneInfo("America/Denver")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OLD = 6 * DAY
LANDLINE = {"requested_date": date(2026, 11, 25)}

durations = st.timedeltas(timedelta(), 40 * DAY)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(
    lambda at: at.replace(tzinfo=UTC)
)
situations = st.builds(
    PollContext,
    now=moments,
    age=durations,
    phone_number=st.sampled_from([None, SALT_LAKE_CITY, NEW_YORK, HONOLULU, "+18005550142", "+1"]),
    requested_date=st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    needs_operator=st.booleans(),
    urgent=st.booleans(),
    interval_factor=st.floats(1, 50),
    seed=st.text(max_size=5),
)
paces = st.builds(PollSchedule)


def changed(situation: PollContext, **changes: Any) -> PollContext:
    return replace(situation, **changes)


def next_poll_bounds(now: str, age: timedelta, **more: object) -> tuple[datetime, datetime]:
    """Return the earliest and the latest time of the next poll, in Salt Lake City's time."""
    local = datetime.fromisoformat(now).replace(tzinfo=DENVER)
    base = PollContext(now=local.astimezone(UTC), age=age, phone_number=SALT_LAKE_CITY)
    times = [
        base.now + next_poll_delay(PollSchedule(), changed(base, seed=str(seed), **more))
        for seed in range(500)
    ]
    return min(times).astimezone(DENVER), max(times).astimezone(DENVER)


# November 2026: Thanksgiving is Thursday 26. July 2026: the 4th is a Saturday, kept on Friday 3.
@pytest.mark.parametrize(
    ("now", "age", "more", "earliest", "latest"),
    [
        # Young: around the clock, the wait as long as the port is old.
        ("2026-11-18 10:00", 0 * HOUR, {}, "2026-11-18 10:04:30", "2026-11-18 10:05:30"),
        ("2026-11-18 10:05", 5 * MINUTE, {}, "2026-11-18 10:09:30", "2026-11-18 10:10:30"),
        ("2026-11-18 10:10", 10 * MINUTE, {}, "2026-11-18 10:19:00", "2026-11-18 10:21:00"),
        ("2026-11-18 10:20", 20 * MINUTE, {}, "2026-11-18 10:33:30", "2026-11-18 10:36:30"),
        ("2026-11-22 02:00", 2 * HOUR, {}, "2026-11-22 02:13:30", "2026-11-22 02:16:30"),
        # Later: as long as it is old, at most 6 hours, in the carrier's hours.
        ("2026-11-18 10:00", 3 * HOUR, {}, "2026-11-18 12:42:00", "2026-11-18 13:18:00"),
        ("2026-11-18 10:00", 5 * HOUR, {}, "2026-11-18 14:30:00", "2026-11-18 15:30:00"),
        ("2026-11-18 16:30", 4 * HOUR, {}, "2026-11-19 08:00:00", "2026-11-19 12:00:00"),
        ("2026-11-19 03:00", 9 * HOUR, {}, "2026-11-19 08:24:00", "2026-11-19 14:00:00"),
        ("2026-11-18 10:00", OLD, {}, "2026-11-18 15:24:00", "2026-11-18 16:36:00"),
        ("2026-11-18 16:00", OLD, {}, "2026-11-19 08:00:00", "2026-11-19 14:00:00"),
        # Weekends and holidays: until the opening, but a day at most.
        ("2026-11-20 19:00", OLD, {}, "2026-11-21 19:00:00", "2026-11-21 19:00:00"),
        ("2026-11-22 19:00", OLD, {}, "2026-11-23 08:00:00", "2026-11-23 14:00:00"),
        ("2026-11-25 19:30", 9 * HOUR, {}, "2026-11-26 19:30:00", "2026-11-26 19:30:00"),
        ("2026-11-26 19:30", 33 * HOUR, {}, "2026-11-27 08:00:00", "2026-11-27 14:00:00"),
        ("2026-07-02 19:30", 33 * HOUR, {}, "2026-07-03 19:30:00", "2026-07-03 19:30:00"),
        ("2026-07-03 12:00", 33 * HOUR, {}, "2026-07-04 12:00:00", "2026-07-04 12:00:00"),
        # The night in which clocks go forward has 11 hours from 20 to 8.
        ("2026-03-08 19:00", 33 * HOUR, {}, "2026-03-09 08:00:00", "2026-03-09 14:00:00"),
        # Landlines: never dense, and their carriers close at 17.
        ("2026-11-18 10:00", 0 * HOUR, LANDLINE, "2026-11-18 10:54", "2026-11-18 11:06"),
        ("2026-11-18 14:30", 3 * HOUR, LANDLINE, "2026-11-19 08:00", "2026-11-19 11:00"),
        # On their requested date hourly, from the opening.
        ("2026-11-24 16:00", OLD, LANDLINE, "2026-11-25 08:00", "2026-11-25 09:00"),
        ("2026-11-25 08:30", OLD, LANDLINE, "2026-11-25 09:24", "2026-11-25 09:36"),
        # The next day is Thanksgiving.
        ("2026-11-25 16:30", OLD, LANDLINE, "2026-11-26 16:30", "2026-11-26 16:30"),
        ("2026-11-30 09:00", OLD, LANDLINE, "2026-11-30 14:24", "2026-11-30 15:36"),
        # Rejected: twice a day, however young.
        (
            "2026-11-18 09:00",
            0 * HOUR,
            {"needs_operator": True},
            "2026-11-18 14:24",
            "2026-11-18 15:36",
        ),
        # Corrected or being cancelled: as if it were young, then hourly, however old.
        (
            "2026-11-18 09:00",
            5 * MINUTE,
            {"urgent": True, "needs_operator": True, **LANDLINE},
            "2026-11-18 09:04:30",
            "2026-11-18 09:05:30",
        ),
        ("2026-11-18 09:00", OLD, {"urgent": True}, "2026-11-18 09:54", "2026-11-18 10:06"),
        # All stretched by two.
        (
            "2026-11-18 10:10",
            10 * MINUTE,
            {"interval_factor": 2},
            "2026-11-18 10:28",
            "2026-11-18 10:32",
        ),
        (
            "2026-11-18 11:00",
            30 * HOUR,
            {"interval_factor": 2},
            "2026-11-19 08:00",
            "2026-11-19 20:00",
        ),
    ],
)
def test_next_poll_falls_between_the_bounds_of_its_phase(
    now: str, age: timedelta, more: dict[str, object], earliest: str, latest: str
) -> None:
    first, last = next_poll_bounds(now, age, **more)

    wanted = [datetime.fromisoformat(at).replace(tzinfo=DENVER) for at in (earliest, latest)]
    width = wanted[1] - wanted[0]
    # Within the bounds, and near both of them: polls are spread over the whole width.
    assert wanted[0] <= first <= wanted[0] + width / 20
    assert wanted[1] - width / 20 <= last <= wanted[1]


@pytest.mark.parametrize(
    ("number", "utc_hour"),
    [
        (NEW_YORK, 13),
        (SALT_LAKE_CITY, 15),
        (HONOLULU, 18),
        # Not from one region: Chicago's time.
        ("+18005550142", 14),
        (None, 14),
        ("+1", 14),
        ("nonsense", 14),
    ],
)
def test_carriers_open_by_the_clocks_of_the_numbers_region(
    number: str | None, utc_hour: int
) -> None:
    now = datetime(2026, 11, 18, 6, tzinfo=UTC)  # night in all of the states, Wednesday
    waits = [
        next_poll_delay(
            PollSchedule(), PollContext(now=now, age=9 * HOUR, phone_number=number, seed=str(seed))
        )
        for seed in range(500)
    ]
    assert timedelta() <= now + min(waits) - now.replace(hour=utc_hour) < 5 * MINUTE


def test_port_ins_of_the_same_age_are_not_polled_at_the_same_time() -> None:
    # In their dense time, in the carrier's hours, and after a night.
    for hour, age in ((17, 2 * HOUR), (17, OLD), (6, OLD)):
        now = datetime(2026, 11, 18, hour, tzinfo=UTC)
        waits = {
            next_poll_delay(PollSchedule(), PollContext(now=now, age=age, seed=f"order-{order}/1"))
            for order in range(100)
        }
        assert len(waits) == 100


def test_fixed_interval_applies_around_the_clock() -> None:
    pace = PollSchedule(fixed=timedelta(seconds=0.1))
    sunday = datetime(2026, 11, 22, 3, tzinfo=UTC)
    situation = PollContext(now=sunday, age=OLD, needs_operator=True, interval_factor=9)
    assert next_poll_delay(pace, situation) == timedelta(seconds=0.1)


def test_min_interval_is_a_minute_stretched_or_a_shorter_fixed_interval() -> None:
    fast, slow = PollSchedule(fixed=timedelta(seconds=0.1)), PollSchedule(fixed=HOUR)
    assert min_poll_interval(PollSchedule(), 1) == MINUTE
    assert min_poll_interval(PollSchedule(), 3) == 3 * MINUTE
    assert min_poll_interval(fast, 3) == timedelta(seconds=0.1)
    # A hint does not wait for a long fixed interval.
    assert min_poll_interval(slow, 1) == MINUTE


def test_business_days() -> None:
    week = [date(2026, 11, day) for day in range(23, 30)]
    assert [is_business_day(day) for day in week] == [True, True, True, False, True, False, False]
    # New Year's Day of 2028 is a Saturday, and kept in the year before.
    assert not is_business_day(date(2027, 12, 31))


@given(paces, situations)
def test_delay_is_never_zero_and_never_longer_than_a_stretched_day(
    pace: PollSchedule, situation: PollContext
) -> None:
    wait = next_poll_delay(pace, situation)
    assert (1 - JITTER) * pace.initial * situation.interval_factor <= wait + timedelta(
        microseconds=1
    )
    assert wait <= DAY * situation.interval_factor


@given(paces, situations)
def test_equal_contexts_have_equal_delays(pace: PollSchedule, situation: PollContext) -> None:
    assert next_poll_delay(pace, situation) == next_poll_delay(pace, changed(situation))


@given(paces, situations, st.floats(1, 10))
def test_larger_interval_factor_never_polls_earlier(
    pace: PollSchedule, situation: PollContext, more: float
) -> None:
    stretched = changed(situation, interval_factor=situation.interval_factor * more)
    assert next_poll_delay(pace, situation) <= next_poll_delay(pace, stretched)


@given(paces, situations)
def test_polls_fall_into_the_carriers_hours_unless_a_day_has_passed(
    pace: PollSchedule, situation: PollContext
) -> None:
    past_dense = changed(
        situation, age=pace.dense_until + situation.age, phone_number=SALT_LAKE_CITY
    )
    wait = next_poll_delay(pace, past_dense)
    at = (situation.now + wait).astimezone(DENVER)
    closes = 17 if situation.requested_date else 20
    assert wait == DAY * situation.interval_factor or (
        is_business_day(at.date()) and 8 <= at.hour < closes
    )


def count_polls(days: float, start: datetime, requested_after: int | None = None) -> int:
    """Count the polls of a port-in that stays open for this many days."""
    requested = None if requested_after is None else (start + requested_after * DAY).date()
    context = PollContext(start, timedelta(), SALT_LAKE_CITY, requested)
    end = start + timedelta(days=days)
    polls = poll_times(PollSchedule(), context, order_id=str(start))
    return sum(1 for _ in itertools.takewhile(lambda at: at <= end, polls))


@pytest.mark.parametrize(
    ("days", "wireless", "landline"), [(0.125, 12, 1), (1, 13, 2), (5, 20, 12), (30, 62, 46)]
)
def test_number_of_polls_of_an_open_port_in(days: float, wireless: int, landline: int) -> None:
    starts = [datetime(2026, 1, 5, tzinfo=UTC) + 31 * HOUR * at for at in range(0, 270, 3)]

    def mean(requested_after: int | None) -> float:
        return sum(count_polls(days, start, requested_after) for start in starts) / len(starts)

    assert mean(None) == pytest.approx(wireless, abs=1)
    assert mean(4) == pytest.approx(landline, abs=1)


def test_phases_list_the_mean_interval_up_to_each_age() -> None:
    assert PollSchedule().phases() == [(2.5 * HOUR, 12.5 * MINUTE), (timedelta.max, 6 * HOUR)]


def test_expected_polls_are_those_of_each_phase() -> None:
    # 125 young ones every 12.5 minutes, and 360 others every 6 hours.
    assert expected_polls_per_minute(PollSchedule(), [125, 485]) == pytest.approx(10 + 1)


@pytest.mark.parametrize(
    ("factor", "expected", "requested", "wanted"),
    [(1, 0.3, 0, 1), (1, 2, 0, 2), (2, 1.5, 0.25, 2), (2, 1, 3, 7), (50, 1, 9, 1 + MAX_FACTOR)],
)
def test_factor_leaves_room_for_polls_that_hints_request(
    factor: float, expected: float, requested: float, wanted: float
) -> None:
    assert next_interval_factor(factor, expected=expected, requested=requested) == wanted


HOURS = "Mon to Fri 8:00 to 20:00 America/Denver"


@pytest.mark.parametrize(
    ("about", "description"),
    [
        ({}, f"every 5 min to 15 min until 11-18 19:30, then every 1 h to 6 h, {HOURS}"),
        (
            LANDLINE,
            f"every 1 h on 11-25, else every 1 h to 6 h, {HOURS.replace('20', '17')}",
        ),
        ({"needs_operator": True}, f"every 6 h, {HOURS}"),
        ({"urgent": True}, f"every 5 min to 15 min until 11-18 19:30, then every 1 h, {HOURS}"),
    ],
    ids=["young", "landline", "rejected", "cancelling"],
)
def test_schedule_is_described_in_words(about: dict[str, Any], description: str) -> None:
    about = {"requested_date": None, "needs_operator": False, "urgent": False} | about
    given_at = datetime(2026, 11, 18, 17, tzinfo=UTC)

    assert (
        describe_schedule(PollSchedule(), given_at, phone_number=SALT_LAKE_CITY, **about)
        == description
    )
    assert describe_schedule(
        PollSchedule(fixed=timedelta(seconds=0.5)), given_at, phone_number=None, **about
    ) == ("every 0.5 s")
