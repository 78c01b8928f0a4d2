"""When to poll an open port-in: often while its status may change, rarely outside carrier hours.

Pure: the same context always gives the same result.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from telegent_orchestrator.us_calendar import is_business_day, time_zone_of

JITTER = 0.1
"""Fraction of an interval by which a poll is moved either way, so that polls do not coincide."""
POLL_SHARE = 0.4
"""The share of the requests that polls of open port-ins may use, if nothing else is set."""
MAX_FACTOR = 60.0
"""The largest factor that hints cause: it makes the minimum interval an hour."""


@dataclass(frozen=True)
class PollSchedule:
    """How often an open port-in is polled, by its age since the submit or the last correction.

    The interval equals the age of the port-in, within bounds. A recent wireless port-in is polled
    around the clock, at least every `dense`, because carriers process it automatically, usually
    within 2.5 hours (industry practice). After that, and for wireline ports from the start, the
    interval is from `hourly` to `idle`, and polls fall into the carrier's business hours. On its
    requested date a wireline port is polled every `hourly`.

    Attributes:
        max_interval: The longest wait, for example over a weekend: a ported number is not in
            service until a poll shows it.
        min_interval: The shortest time between two polls, including those that a hint requests.
        opens: Hour of the day at which business hours start, Monday to Friday, in the time zone of
            the number's region.
        closes: Hour at which they end for wireless ports (industry practice).
        closes_wireline: Hour at which they end for wireline and intermodal ports: 47 CFR 52.35
            requires 8 to 17.
        fixed: One interval around the clock for a simulated carrier; it replaces all
            others, and `min_interval` if it is shorter.
    """

    initial: timedelta = timedelta(minutes=5)
    dense: timedelta = timedelta(minutes=15)
    dense_until: timedelta = timedelta(hours=2.5)
    hourly: timedelta = timedelta(hours=1)
    idle: timedelta = timedelta(hours=6)
    max_interval: timedelta = timedelta(days=1)
    min_interval: timedelta = timedelta(minutes=1)
    opens: int = 8
    closes: int = 20
    closes_wireline: int = 17
    fixed: timedelta | None = None

    def initial_interval(self, age: timedelta) -> timedelta:
        """The interval for a wireless port of this age, when it is younger than `dense_until`."""
        return min(max(age, self.initial), self.dense)

    def phases(self) -> list[tuple[timedelta, timedelta]]:
        """Ages at which a wireless port's phases end, and the mean interval of each."""
        age, polls = timedelta(), 0
        while age < self.dense_until:
            age, polls = age + self.initial_interval(age), polls + 1
        return [
            (self.dense_until, self.dense_until / max(polls, 1)),
            (timedelta.max, self.idle),
        ]

    def closing_hour(self, requested_date: date | None) -> int:
        """The hour at which the carrier closes; only wireline ports have a requested date."""
        return self.closes if requested_date is None else self.closes_wireline


@dataclass(frozen=True)
class PollContext:
    """What the time of the next poll depends on.

    Attributes:
        now: Aware, in UTC.
        age: Time since the carrier last received the submit or a correction.
        phone_number: E.164, for the region's time zone.
        requested_date: The date that was requested; only wireline ports have one.
        needs_operator: The carrier has rejected the port-in, and waits for a correction.
        urgent: A correction or a cancel is in progress.
        interval_factor: The factor on all intervals, at least 1.
        seed: Differs from poll to poll; the jitter depends on it.
    """

    now: datetime
    age: timedelta
    phone_number: str | None = None
    requested_date: date | None = None
    needs_operator: bool = False
    urgent: bool = False
    interval_factor: float = 1
    seed: str = ""


def min_poll_interval(schedule: PollSchedule, interval_factor: float) -> timedelta:
    """The shortest time from one poll to the next."""
    minimum = schedule.min_interval * interval_factor
    return min(schedule.fixed, minimum) if schedule.fixed else minimum


def next_poll_delay(schedule: PollSchedule, context: PollContext) -> timedelta:
    """How long to wait, from `now`, until the next poll."""
    if schedule.fixed:
        return schedule.fixed
    # The same for equal seeds on every machine, which `hash` and `random` do not promise.
    fraction = int.from_bytes(sha256(context.seed.encode()).digest()[:4]) / 2**32
    zone = time_zone_of(context.phone_number)
    interval, within_hours = _interval(schedule, context, context.now.astimezone(zone).date())
    interval *= context.interval_factor
    delay = interval * (1 - JITTER + 2 * JITTER * fraction)
    if not within_hours:
        return delay
    closes = schedule.closing_hour(context.requested_date)
    at = context.now + delay
    day = at.astimezone(zone).date()
    while not is_business_day(day) or at >= local_hour(day, closes, zone):
        day += timedelta(days=1)
    interval = _interval(schedule, context, day)[0] * context.interval_factor
    # Polls that wait for business hours are spread over an interval: otherwise all ports that
    # waited through the night would be polled in the same second.
    spread = fraction * min(interval, timedelta(hours=closes - schedule.opens))
    at = max(at, local_hour(day, schedule.opens, zone) + spread)
    return min(at - context.now, schedule.max_interval * context.interval_factor)


def poll_times(
    schedule: PollSchedule, context: PollContext, *, order_id: str = ""
) -> Iterator[datetime]:
    """All polls of a port-in whose order does not change, from `context` on; without an end.

    Args:
        schedule: The schedule.
        context: The port-in at its start; `now`, `age` and `seed` are those of each poll.
        order_id: Part of the seed.
    """
    submitted_at = context.now - context.age
    for attempt in itertools.count(1):
        seed = f"{order_id}/{attempt}"
        context = replace(context, age=context.now - submitted_at, seed=seed)
        context = replace(context, now=context.now + next_poll_delay(schedule, context))
        yield context.now


def expected_polls_per_minute(schedule: PollSchedule, younger: Iterable[float]) -> float:
    """Polls that all open port-ins need in the carriers' hours, without an interval factor.

    Every port counts as wireless. That is slightly too many: landlines and ports that wait for an
    operator are polled less often.

    Args:
        schedule: The schedule.
        younger: For each of its phases the number of open port-ins that are younger than its end.
    """
    polls, counted = 0.0, 0.0
    for (_, interval), count in zip(schedule.phases(), younger, strict=True):
        polls += (count - counted) / (interval / timedelta(minutes=1))
        counted = count
    return polls


def next_interval_factor(factor: float, *, expected: float, requested: float) -> float:
    """The factor that keeps polls to their share of the requests.

    Args:
        factor: The factor until now.
        expected: The polls on the schedule that open port-ins need, as a multiple of the share.
        requested: The polls that were sent with `factor` because of hints, as a multiple of the
            share. They keep the minimum interval, and that is stretched, too.
    """
    return max(1.0, expected + min(factor * requested, MAX_FACTOR))


def describe_schedule(
    schedule: PollSchedule,
    carrier_clock_started_at: datetime,
    *,
    phone_number: str | None,
    requested_date: date | None,
    needs_operator: bool,
    urgent: bool,
) -> str:
    """Describe when a port is polled, from the time of the carrier's last request (UTC).

    Holds until the next event; leaves out jitter and the interval factor.
    """
    if schedule.fixed:
        return f"every {_format_duration(schedule.fixed)}"
    hours = (
        f"Mon to Fri {schedule.opens}:00 to {schedule.closing_hour(requested_date)}:00 "
        f"{time_zone_of(phone_number).key}"
    )
    idle, hourly = _format_duration(schedule.idle), _format_duration(schedule.hourly)
    if needs_operator and not urgent:
        return f"every {idle}, {hours}"
    later = f"every {hourly} to {idle}, {hours}"
    if requested_date and not urgent:
        return f"every {hourly} on {requested_date:%m-%d}, else {later}"
    until = f"{carrier_clock_started_at + schedule.dense_until:%m-%d %H:%M}"
    return (
        f"every {_format_duration(schedule.initial)} to {_format_duration(schedule.dense)} "
        f"until {until}, then {f'every {hourly}, {hours}' if urgent else later}"
    )


def _interval(
    schedule: PollSchedule, context: PollContext, local_date: date
) -> tuple[timedelta, bool]:
    """The time between polls on that day, and whether they are limited to the carrier's hours."""
    age = context.age
    if context.needs_operator and not context.urgent:
        return schedule.idle, True
    if age < schedule.dense_until and (context.urgent or context.requested_date is None):
        return schedule.initial_interval(age), False
    if context.urgent or local_date == context.requested_date:
        return schedule.hourly, True
    return min(max(age, schedule.hourly), schedule.idle), True


def _format_duration(span: timedelta) -> str:
    """A time span in the largest unit that leaves no fraction."""
    seconds = span.total_seconds()
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s"


def local_hour(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """An hour of a day in a zone."""
    return datetime.combine(day, time(hour), zone)
