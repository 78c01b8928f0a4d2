"""What a migration takes: requests, time, polls, Temporal Actions, database and CPU time."""

import itertools
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.poll_schedule import (
    POLL_SHARE,
    PollContext,
    PollSchedule,
    expected_polls_per_minute,
    poll_times,
)
from telegent_orchestrator.us_calendar import is_business_day

CUSTOMER_REQUESTS = 3
"""Account, message route and voice route; the package exists: docs/reference/api-budget.md."""
NEW_LINE_REQUESTS = 5
"""Subscriber, number, subscription, E911 address and data limits: docs/reference/api-budget.md."""
PORT_IN_REQUESTS = 9
"""The same with a ported number, without polls of its order: docs/reference/api-budget.md."""
NOTICE_MINUTES = 8.7
"""Half of the numbers are noticed within so many minutes, if four of five arrive within 2.5 hours
and poll intervals are not stretched: `python -m bench.notice_delay`."""
UNIT_COSTS_FILE = Path(__file__).with_name("unit_costs.json")
MINUTES_PER_DAY = 24 * 60
_YEAR = 2026
_SUBMIT_HOURS_UTC = (15, 19, 23)
"""Hours at which port-ins are submitted: morning, noon and afternoon in the United States."""


class UnitCost(WireModel):
    """What Temporal and a worker spend on one customer, line or poll; CPU time in milliseconds."""

    actions: float
    events: float
    database_kib: float
    worker_cpu_ms: float


class UnitCosts(WireModel):
    """Measured costs.

    Attributes:
        customer: Its account and routes, and the workflow of its onboarding.
        new_line: A subscriber with a new number, subscription, E911 address and data limits.
        port_in: The same with a ported number, without polls of its order.
        poll: One poll of an order that has not changed.
        measured_by: The command that measured them.
    """

    customer: UnitCost
    new_line: UnitCost
    port_in: UnitCost
    poll: UnitCost
    measured_by: str


class Figure(WireModel):
    """One result, with what it was measured or calculated by."""

    value: float
    unit: str
    source: str


@dataclass(frozen=True)
class Migration:
    """What is to be migrated.

    Attributes:
        lines: All lines, those with a port-in included.
        port_ins: Lines whose number is ported in.
        customers: Onboardings; the lines are spread over them.
        requests_per_minute: The vendor's limit.
        port_in_days: How long a port-in is open.
    """

    lines: int
    port_ins: int
    customers: int
    requests_per_minute: int
    port_in_days: float

    def __post_init__(self) -> None:
        if self.port_ins > self.lines:
            raise ValueError(f"{self.port_ins:,} port-ins are more than {self.lines:,} lines")
        if self.customers > self.lines:
            raise ValueError(f"{self.customers:,} customers are more than {self.lines:,} lines")
        if self.lines and not self.customers:
            raise ValueError("lines need at least one customer")


@dataclass(frozen=True)
class Polling:
    """How open port-ins are polled while a migration runs.

    Attributes:
        minutes: In which all requests leave.
        open_port_ins: Open at once.
        factor: By which poll intervals are stretched.
        polls: Of each port-in.
    """

    minutes: float
    open_port_ins: float
    factor: float
    polls: float


@cache
def read_unit_costs() -> UnitCosts:
    """The measured costs that are part of this package."""
    return UnitCosts.model_validate_json(UNIT_COSTS_FILE.read_text(encoding="utf-8"))


@cache
def mean_polls(days: float) -> float:
    """Polls of a wireless port-in that is open for so many days: the mean over a year."""
    duration = timedelta(days=days)
    starts = [
        datetime.combine(day, time(hour), UTC)
        for day in (date(_YEAR, 1, 1) + timedelta(days=9 * week) for week in range(40))
        for hour in _SUBMIT_HOURS_UTC
        if is_business_day(day)
    ]
    return sum(_count_polls(start, duration) for start in starts) / len(starts)


def _count_polls(start: datetime, duration: timedelta) -> int:
    times = poll_times(PollSchedule(), PollContext(start, timedelta()), order_id=start.isoformat())
    return sum(1 for _ in itertools.takewhile(lambda at: at <= start + duration, times))


def polling(migration: Migration) -> Polling:
    """How open port-ins are polled, and how long all requests take.

    Polls may use their share of the requests. If port-ins need more, their polls are stretched.
    """
    rate, scheduled = migration.requests_per_minute, mean_polls(migration.port_in_days)
    writes = _writes(migration)
    minutes = min(
        (writes + migration.port_ins * scheduled) / rate, writes / ((1 - POLL_SHARE) * rate)
    )
    if not migration.port_ins:
        return Polling(minutes, 0, 1, 0)
    starts = migration.port_ins / minutes
    open_port_ins = min(migration.port_ins, starts * migration.port_in_days * MINUTES_PER_DAY)
    factor = max(1.0, starts / _starts_on_schedule(migration))
    return Polling(minutes, open_port_ins, factor, scheduled / factor)


def _starts_on_schedule(migration: Migration) -> float:
    """New port-ins a minute whose polls use their share of the requests, if starts never end."""
    schedule, minute = PollSchedule(), timedelta(minutes=1)
    open_minutes = migration.port_in_days * MINUTES_PER_DAY
    young_minutes = min(open_minutes, schedule.dense_until / minute)
    polls = expected_polls_per_minute(schedule, [young_minutes, open_minutes])
    return POLL_SHARE * migration.requests_per_minute / polls


def calculate(migration: Migration) -> dict[str, Figure]:
    """All figures of a migration."""
    polls = polling(migration)
    total_polls = polls.polls * migration.port_ins
    schedule = "poll schedule of the workers, mean over a year"
    tail = migration.port_in_days if migration.port_ins else 0
    days = polls.minutes / MINUTES_PER_DAY + tail
    return {
        "duration": Figure(
            value=days,
            unit="days",
            source="requests by the allowance, then the last port-in",
        ),
        "vendor_requests": Figure(
            value=_writes(migration) + total_polls,
            unit="requests",
            source="docs/reference/api-budget.md, and the polls",
        ),
        "polls_of_a_port_in": Figure(value=polls.polls, unit="polls", source=schedule),
        "poll_interval_factor": Figure(
            value=polls.factor,
            unit="times",
            source=f"polls may use {100 * POLL_SHARE:.0f} % of the requests",
        ),
        "open_port_ins": Figure(
            value=polls.open_port_ins, unit="at once", source="starts per day by --port-in-days"
        ),
        "port_ins_on_schedule": Figure(
            value=MINUTES_PER_DAY * _starts_on_schedule(migration),
            unit="new ones a day",
            source="poll schedule, and the share that polls may use",
        ),
        "median_notice": Figure(
            value=NOTICE_MINUTES * polls.factor if migration.port_ins else 0,
            unit="minutes, median",
            source="python -m bench.notice_delay with 20 % slow port-ins, by the factor",
        ),
        **_costs(migration, polls),
    }


def _costs(migration: Migration, polls: Polling) -> dict[str, Figure]:
    """What Temporal and the workers spend: the measured costs, times how often each occurs."""
    costs = read_unit_costs()
    amounts = (
        (costs.customer, migration.customers),
        (costs.new_line, migration.lines - migration.port_ins),
        (costs.port_in, migration.port_ins),
        (costs.poll, polls.polls * migration.port_ins),
    )
    by = costs.measured_by
    cpu_seconds = sum(cost.worker_cpu_ms * count for cost, count in amounts) / 1000
    return {
        "actions": Figure(
            value=sum(cost.actions * count for cost, count in amounts), unit="Actions", source=by
        ),
        "history_events": Figure(
            value=sum(cost.events * count for cost, count in amounts), unit="events", source=by
        ),
        "database": Figure(
            value=sum(cost.database_kib * count for cost, count in amounts) / 1024**2,
            unit="GiB",
            source=f"{by}, on SQLite",
        ),
        "worker_cpu": Figure(value=cpu_seconds / 3600, unit="CPU hours", source=by),
        "worker_cpu_share": Figure(
            value=cpu_seconds / (polls.minutes * 60) if polls.minutes else 0,
            unit="cores, mean",
            source="CPU hours by the time in which requests leave",
        ),
    }


def default_customers(lines: int) -> int:
    """Customers with three lines each, as in `examples/family.json`."""
    return math.ceil(lines / 3)


def _writes(migration: Migration) -> int:
    """Requests without polls and tokens."""
    return (
        CUSTOMER_REQUESTS * migration.customers
        + NEW_LINE_REQUESTS * (migration.lines - migration.port_ins)
        + PORT_IN_REQUESTS * migration.port_ins
    )
