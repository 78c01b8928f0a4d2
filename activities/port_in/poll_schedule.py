"""When to look at an open port-in again: dense while it may move, sparse while nobody works on it.

Pure: the same situation always gives the same answer.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from telegent_orchestrator.us_calendar import is_business_day, time_zone_of

JITTER = 0.1
"""Part of an interval by which looks are moved, either way, so that ports do not move in step."""


@dataclass(frozen=True)
class PollSchedule:
    """How often an open port-in is looked at, by its age since submit or the last correction.

    A young wireless port is looked at around the clock: machines answer it, usually within 2.5
    hours (industry practice). The wait is as long as the port is old, from `initial` to `dense`.
    Then intervals are `hourly`, `sparse` and `idle`, and the look falls into the carrier's hours.
    With those hours, `sparse` is 4 looks a day and `idle` is 2.

    `opens`, `closes`: the carrier's hours of the day, in the number's region, Monday to Friday. 47
    CFR 52.35 asks for 8 to 17 of wireline and intermodal ports, which `closes_wireline` keeps.
    Wireless carriers work longer (industry practice). `max_interval`: wait over a closed weekend,
    since a number that has arrived is not in service until somebody looks. `least`: the shortest
    time from one poll to the next, whatever changes and whoever asks for it. `fixed`: the one
    interval, around the clock, for a simulated carrier; it replaces all the others, and `least`
    when it is shorter.
    """

    initial: timedelta = timedelta(minutes=5)
    dense: timedelta = timedelta(minutes=30)
    dense_until: timedelta = timedelta(hours=3)
    hourly: timedelta = timedelta(hours=1)
    hourly_until: timedelta = timedelta(days=1)
    sparse: timedelta = timedelta(hours=3)
    sparse_until: timedelta = timedelta(days=5)
    idle: timedelta = timedelta(hours=6)
    max_interval: timedelta = timedelta(days=1)
    least: timedelta = timedelta(minutes=1)
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
            (self.hourly_until, self.hourly),
            (self.sparse_until, self.sparse),
            (timedelta.max, self.idle),
        ]


@dataclass(frozen=True)
class PollContext:
    """What the time of the next look depends on.

    `now`: aware, in UTC. `age`: since submit, or since the last correction or cancel was sent.
    `phone_number`: E.164, for the region's time. `needs_operator`: the carrier has rejected, and no
    look can clear that. `urgent`: a correction or a cancel is on its way. `interval_factor`: at
    least 1, the common factor on all intervals. `seed`: differs from look to look.
    """

    now: datetime
    age: timedelta
    phone_number: str | None = None
    wireline: bool = False
    needs_operator: bool = False
    urgent: bool = False
    interval_factor: float = 1
    seed: str = ""


def least_poll_interval(schedule: PollSchedule, interval_factor: float) -> timedelta:
    """How long after a poll the next one may be made at the earliest."""
    least = schedule.least * interval_factor
    return min(schedule.fixed, least) if schedule.fixed else least


def next_poll_delay(schedule: PollSchedule, context: PollContext) -> timedelta:
    """How long to wait, from `now`, until the next look."""
    if schedule.fixed:
        return schedule.fixed
    # The same for equal seeds on every machine, which `hash` and `random` do not promise.
    fraction = int.from_bytes(sha256(context.seed.encode()).digest()[:4]) / 2**32
    interval, within_hours = _interval(schedule, context)
    interval *= context.interval_factor
    delay = interval * (1 - JITTER + 2 * JITTER * fraction)
    if not within_hours:
        return delay
    closes = schedule.closes_wireline if context.wireline else schedule.closes
    # What is put off until the opening is spread over an interval: all ports that waited through
    # the night would otherwise be looked at in the same second.
    spread = fraction * min(interval, timedelta(hours=closes - schedule.opens))
    zone = time_zone_of(context.phone_number)
    at = context.now + delay
    day = at.astimezone(zone).date()
    while not is_business_day(day) or at >= local_hour(day, closes, zone):
        day += timedelta(days=1)
    at = max(at, local_hour(day, schedule.opens, zone) + spread)
    return min(at - context.now, schedule.max_interval * context.interval_factor)


def describe_schedule(
    schedule: PollSchedule,
    submitted_at: datetime,
    *,
    phone_number: str | None,
    wireline: bool,
    needs_operator: bool,
    urgent: bool,
) -> str:
    """When a port is looked at that got something to do at `given_at` (UTC), for people to read.

    True for as long as nothing else happens; without jitter and stretching.
    """
    if schedule.fixed:
        return f"every {_format_duration(schedule.fixed)}"
    closes = schedule.closes_wireline if wireline else schedule.closes
    hours = f"Mon to Fri {schedule.opens} to {closes} o'clock {time_zone_of(phone_number).key}"
    if needs_operator and not urgent:
        return f"every {_format_duration(schedule.idle)}, {hours}"
    phases = []
    if urgent or not wireline:
        until = f"{submitted_at + schedule.dense_until:%m-%d %H:%M}"
        phases.append(
            f"every {_format_duration(schedule.initial)} to {_format_duration(schedule.dense)} "
            f"until {until}"
        )
    hourly = f"every {_format_duration(schedule.hourly)}"
    if urgent:
        return f"{', '.join(phases)}, then {hourly}, {hours}"
    phases.append(f"{hourly} until {submitted_at + schedule.hourly_until:%m-%d %H:%M}")
    phases.append(
        f"every {_format_duration(schedule.sparse)} "
        f"until {submitted_at + schedule.sparse_until:%m-%d %H:%M}"
    )
    in_hours = ", all" if wireline else "; after the first"
    return f"{', '.join(phases)}, then every {_format_duration(schedule.idle)}{in_hours} {hours}"


def _interval(schedule: PollSchedule, context: PollContext) -> tuple[timedelta, bool]:
    """Time between looks, and whether they keep to the carrier's hours."""
    age = context.age
    if context.needs_operator and not context.urgent:
        return schedule.idle, True
    if age < schedule.dense_until and (context.urgent or not context.wireline):
        return schedule.initial_interval(age), False
    if age < schedule.hourly_until or context.urgent:
        return schedule.hourly, True
    return (schedule.sparse if age < schedule.sparse_until else schedule.idle), True


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
