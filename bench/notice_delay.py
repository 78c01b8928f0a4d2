"""How soon arrived numbers are noticed, and with how many polls: `python -m bench.notice_delay`.

Simulates weeks of port-ins on a virtual clock with the functions that workers use: poll schedule,
poll throttle and request allowance. Prints Markdown tables. Takes a minute, needs no server.

The model: port-ins are submitted on business days from 8 to 20. A fast one arrives within 2.5 hours
of the submit, every moment equally likely; a slow one within 5 days, in the carrier's hours. All
requests that polls leave are used by bulk work, so that each poll waits for the next free one.
"""

import heapq
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from telegent.allowance import Allowance
from telegent_orchestrator.poll_schedule import (
    POLL_SHARE,
    PollContext,
    PollSchedule,
    expected_polls_per_minute,
    local_hour,
    min_poll_interval,
    next_interval_factor,
    next_poll_delay,
)
from telegent_orchestrator.us_calendar import is_business_day

ZONE = ZoneInfo("America/Denver")
NUMBER = "+18015550142"
FIRST_DAY = date(2026, 1, 5)
FAST, SLOW = timedelta(hours=2.5), timedelta(days=5)
RESPONSE_SECONDS = 0.3
RECOUNT_SECONDS = 60.0
REQUESTS_PER_MINUTE = 50
TARGET_MINUTES = 10.0
SIMULATED_DAYS = 35
MEASURED_DAYS = (7, 28)
SHARES_SLOW = (0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 1.0)
SHARES_HINTED = (0.5, 0.9)
PORT_INS_PER_DAY = (500, 1000, 1500, 2000, 3000)


@dataclass(frozen=True)
class Scenario:
    """What is simulated.

    Attributes:
        per_day: New port-ins on each business day.
        slow: The share of port-ins that are slow.
        hinted: The share of port-ins for which the webhook reports the arrival.
        landline: All are landlines, which arrive on their requested date, 3 to 5 days after the
            submit, in the carrier's hours.
        requests_per_minute: The vendor's limit.
        poll_share: The share of it that polls may use.
    """

    per_day: int = 300
    slow: float = 0.2
    hinted: float = 0.0
    landline: bool = False
    requests_per_minute: int = REQUESTS_PER_MINUTE
    poll_share: float = POLL_SHARE


@dataclass
class PortIn:
    """A port-in that is open until a poll shows that its number has arrived."""

    key: int
    submitted_at: datetime
    arrives_at: datetime
    requested_date: date | None
    polls: int = 0
    polled_at: datetime | None = None
    open: bool = True


@dataclass
class Result:
    """What was observed of the port-ins that were submitted in the measured weeks.

    Attributes:
        delays: From the arrival of a number to the poll that shows it, in minutes.
        polls: Of each port-in.
        most_open: The largest number of port-ins that were open at once.
        largest_factor: By which poll intervals were stretched.
    """

    delays: list[float] = field(default_factory=list)
    polls: list[int] = field(default_factory=list)
    most_open: int = 0
    largest_factor: float = 1.0

    @property
    def median(self) -> float:
        """Half of all numbers are noticed within so many minutes."""
        return statistics.median(self.delays)

    @property
    def p95(self) -> float:
        """95 % of all numbers are noticed within so many minutes."""
        return statistics.quantiles(self.delays, n=20)[-1]


def simulate(scenario: Scenario, schedule: PollSchedule | None = None) -> Result:
    """Simulate five weeks, of which the first and the last are not measured."""
    return _Simulation(scenario, schedule or PollSchedule()).run()


class _Simulation:
    def __init__(self, scenario: Scenario, schedule: PollSchedule) -> None:
        self._scenario, self._schedule = scenario, schedule
        self._random = random.Random(1)  # noqa: S311 - the same in each run; guards nothing
        self._allowance = Allowance(scenario.requests_per_minute)
        self._result = Result()
        self._factor, self._counted_at, self._requested_polls = 1.0, 0.0, 0
        self._due: list[tuple[datetime, int, bool, PortIn]] = []
        self._recent: list[PortIn] = []
        self._open = 0

    def run(self) -> Result:
        """Handle all polls and submits in the order of time."""
        submits = sorted(self._port_ins(), key=lambda each: each.submitted_at, reverse=True)
        while submits or self._due:
            if submits and (not self._due or submits[-1].submitted_at <= self._due[0][0]):
                self._submit(submits.pop())
                continue
            due, _, requested, port_in = heapq.heappop(self._due)
            if port_in.open:
                self._poll(port_in, due, requested)
        return self._result

    def _port_ins(self) -> Iterator[PortIn]:
        days = [FIRST_DAY + timedelta(days=at) for at in range(SIMULATED_DAYS)]
        for day in filter(is_business_day, days):
            for _ in range(self._scenario.per_day):
                at = self._in_hours(day, 20)
                arrives_at, requested = self._arrival(at)
                yield PortIn(self._random.getrandbits(60), at, arrives_at, requested)

    def _arrival(self, submitted_at: datetime) -> tuple[datetime, date | None]:
        if self._scenario.landline:
            day = submitted_at.astimezone(ZONE).date() + timedelta(days=self._random.randint(3, 5))
            while not is_business_day(day):
                day += timedelta(days=1)
            return self._in_hours(day, self._schedule.closes_wireline), day
        if self._random.random() >= self._scenario.slow:
            return submitted_at + self._random.random() * FAST, None
        while True:
            at = submitted_at + self._random.random() * SLOW
            local = at.astimezone(ZONE)
            if is_business_day(local.date()) and 8 <= local.hour < self._schedule.closes:
                return at, None

    def _in_hours(self, day: date, closes: int) -> datetime:
        opens = local_hour(day, self._schedule.opens, ZONE)
        return (opens + self._random.random() * (local_hour(day, closes, ZONE) - opens)).astimezone(
            UTC
        )

    def _submit(self, port_in: PortIn) -> None:
        self._open += 1
        self._recent.append(port_in)
        self._result.most_open = max(self._result.most_open, self._open)
        self._schedule_poll(port_in, port_in.submitted_at)
        if self._random.random() < self._scenario.hinted:
            heapq.heappush(self._due, (port_in.arrives_at, port_in.key, True, port_in))

    def _schedule_poll(self, port_in: PortIn, now: datetime) -> None:
        context = PollContext(
            now=now,
            age=now - port_in.submitted_at,
            phone_number=NUMBER,
            requested_date=port_in.requested_date,
            interval_factor=self._factor,
            seed=f"{port_in.key}/{port_in.polls}",
        )
        at = now + next_poll_delay(self._schedule, context)
        heapq.heappush(self._due, (at, port_in.key, False, port_in))

    def _poll(self, port_in: PortIn, due: datetime, requested: bool) -> None:
        earliest = port_in.polled_at and port_in.polled_at + min_poll_interval(
            self._schedule, self._factor
        )
        if earliest and due < earliest:
            heapq.heappush(self._due, (earliest, port_in.key, requested, port_in))
            return
        sent_at = datetime.fromtimestamp(self._send(due.timestamp()), UTC)
        self._update_factor(sent_at)
        self._requested_polls += requested
        port_in.polls, port_in.polled_at = port_in.polls + 1, sent_at
        if port_in.arrives_at > sent_at:
            self._schedule_poll(port_in, sent_at)
            return
        port_in.open = False
        self._open -= 1
        first, last = MEASURED_DAYS
        if timedelta(first) <= port_in.submitted_at - _MIDNIGHT < timedelta(last):
            noticed_after = sent_at - port_in.arrives_at + timedelta(seconds=RESPONSE_SECONDS)
            self._result.delays.append(noticed_after / timedelta(minutes=1))
            self._result.polls.append(port_in.polls)

    def _send(self, now: float) -> float:
        """When a poll leaves; until then, bulk work uses each request that is free."""
        while (at := self._next_free(now)) < now:
            self._take(at)
        self._take(at)
        return at

    def _next_free(self, now: float) -> float:
        at = self._allowance.next_at(min(now, self._allowance.paced_until or now))
        assert at is not None, "every request has its response"
        return at

    def _take(self, at: float) -> None:
        self._allowance.take(at)
        self._allowance.settle(at + RESPONSE_SECONDS)

    def _update_factor(self, now: datetime) -> None:
        elapsed = now.timestamp() - self._counted_at
        if elapsed < RECOUNT_SECONDS:
            return
        share = self._scenario.requests_per_minute * self._scenario.poll_share
        young_since = now - self._schedule.dense_until
        self._recent = [
            each for each in self._recent if each.open and each.submitted_at > young_since
        ]
        expected = expected_polls_per_minute(self._schedule, [len(self._recent), self._open])
        self._factor = next_interval_factor(
            self._factor,
            expected=expected / share,
            requested=self._requested_polls * 60 / elapsed / share,
        )
        self._counted_at, self._requested_polls = now.timestamp(), 0
        self._result.largest_factor = max(self._result.largest_factor, self._factor)


_MIDNIGHT = datetime.combine(FIRST_DAY, time(), ZONE)


def tables() -> Iterator[str]:
    """The lines of the Markdown tables."""
    yield "| port-ins | median, minutes | 95 %, minutes | polls each |"
    yield "|---|---|---|---|"
    few = [(f"{slow:.0%} slow".replace("%", " %"), Scenario(slow=slow)) for slow in SHARES_SLOW]
    few += [
        (f"all slow, {hinted:.0%} hinted".replace("%", " %"), Scenario(slow=1, hinted=hinted))
        for hinted in SHARES_HINTED
    ]
    few.append(("landlines with a requested date", Scenario(landline=True)))
    for name, scenario in few:
        yield _row(name, simulate(scenario), _delay_cells)
    for slow in (0.2, 1.0):
        title = f"new port-ins a day, {slow:.0%} slow".replace("%", " %")
        yield ""
        yield f"| {title} | most open | largest factor | median, minutes | 95 % | polls each |"
        yield "|---|---|---|---|---|---|"
        for per_day in PORT_INS_PER_DAY:
            yield _row(f"{per_day:,}", simulate(Scenario(per_day, slow)), _load_cells)


def _row(name: str, result: Result, cells: Callable[[Result], Sequence[str]]) -> str:
    return f"| {name} | {' | '.join(cells(result))} |"


def _delay_cells(result: Result) -> list[str]:
    return [f"{result.median:.1f}", f"{result.p95:.0f}", f"{statistics.mean(result.polls):.1f}"]


def _load_cells(result: Result) -> list[str]:
    return [f"{result.most_open:,}", f"{result.largest_factor:.2f}", *_delay_cells(result)]


if __name__ == "__main__":
    for line in tables():
        print(line, flush=True)
