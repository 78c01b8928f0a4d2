"""How workers share the vendor's request limit: permits that a workflow hands out.

Pure: the workflow and the workers do the waiting and the sending.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from telegent import Allowance, requests_in_window
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.request_allowance import AllowanceStatus, LimitCommand

# Parts of the window.
HORIZON = 1 / 4
"""How far ahead requests are permitted."""
VALIDITY = 1 / 4
"""How long a request may leave after its permit begins."""
LEAD = 1 / 100
"""How long before requests may leave a worker asks for them, and for those of the horizon."""
GRACE = 1 / 6
"""How long a request that has left may take to Telegent; a worker that was killed cannot say."""
MAX_PERMITS = 100
"""Permits for a whole window. With a higher limit, each permits several requests."""


class LeasedPermit(WireModel):
    """Requests that may be sent from `after` seconds after the response until `until` seconds after
    the request of the lease."""

    id: int
    count: int
    after: float
    until: float


class PermitReport(WireModel):
    """What a permit was used for: so many requests, the last response so many seconds ago."""

    id: int
    used: int
    age: float = 0.0


class Rejection(WireModel):
    """A 429: how many seconds ago its request was sent, and for how many more nothing may be."""

    sent_age: float
    pause: float


class LeaseRequest(WireModel):
    """A worker asks for permits, and reports what it used.

    Attributes:
        requests_per_minute: The worker's setting.
        window: Seconds, the worker's setting.
        wanted: Requests that it would like to send soon.
        pause: Seconds for which nothing may be sent, as the vendor asks.
    """

    requests_per_minute: int
    window: float
    wanted: int
    reports: list[PermitReport] = []
    rejections: list[Rejection] = []
    pause: float = 0.0


class Lease(WireModel):
    """The response.

    Attributes:
        retry_in: Seconds after which there may be more, if it was less than wanted.
        pause: Seconds for which nothing may be sent.
        per_minute: Requests a minute that all workers send at most.
    """

    permits: list[LeasedPermit]
    retry_in: float
    pause: float
    per_minute: float


@dataclass
class Outstanding:
    """A permit without a report: how many requests, and when the last would have arrived."""

    count: int
    until: float


@dataclass
class AllowanceLedger:
    """Who may send what, and when. Times are Unix times.

    Attributes:
        outstanding: Permits without a report, by id.
        override: What an operator has set.
    """

    allowance: Allowance
    outstanding: dict[int, Outstanding] = field(default_factory=dict)
    next_id: int = 0
    override: LimitCommand | None = None

    def lease(self, request: LeaseRequest, now: float) -> Lease:
        """Take in a worker's report, and permit what it may send."""
        self._set_limit(request.requests_per_minute, request.window)
        self._settle(request.reports, now)
        for each in request.rejections:
            self.allowance.reject(now, now - each.sent_age)
        pause = max([request.pause, *(each.pause for each in request.rejections)])
        if pause > 0:
            self.allowance.pause(now + pause)
        permits, retry_in = self._grant(request.wanted, now)
        return Lease(
            permits=permits,
            retry_in=retry_in,
            pause=max(0.0, self.allowance.paused_until - now),
            per_minute=self.allowance.effective * 60 / self.allowance.window,
        )

    def command(self, command: LimitCommand) -> None:
        """Set what an operator sets; without a number, the next worker sets its own."""
        self.override = command if command.requests_per_minute else None
        if command.requests_per_minute:
            self._set_limit(command.requests_per_minute, self.allowance.window)

    def status(self, now: float) -> AllowanceStatus:
        """What may be sent, and what was. Changes nothing."""
        window = self.allowance.window
        return AllowanceStatus(
            requests_per_minute=self.allowance.limit * 60 / window,
            set_by=self.override.by if self.override else None,
            permitted_per_minute=self.allowance.effective * 60 / window,
            used=sum(count for at, count in self.allowance.expiries if at > now),
            leased=self.allowance.in_flight,
            window_seconds=window,
            paused_seconds=max(0.0, self.allowance.paused_until - now),
        )

    def _set_limit(self, requests_per_minute: int, window: float) -> None:
        if self.override and self.override.requests_per_minute:
            requests_per_minute = self.override.requests_per_minute
        self.allowance.set_limit(requests_in_window(requests_per_minute, window), window)

    def _settle(self, reports: Sequence[PermitReport], now: float) -> None:
        for report in reports:
            # One that is unknown has been reported before, in a lease whose response was lost.
            if permit := self.outstanding.pop(report.id, None):
                used = min(report.used, permit.count)
                if used:
                    self.allowance.settle(now - max(0.0, report.age), used)
                if unused := permit.count - used:
                    self.allowance.give_back(unused)
        lost = [id for id, permit in self.outstanding.items() if permit.until <= now]
        for id in lost:
            permit = self.outstanding.pop(id)
            self.allowance.settle(permit.until, permit.count)

    def _grant(self, wanted: int, now: float) -> tuple[list[LeasedPermit], float]:
        """The permits, and after how many seconds there may be more."""
        allowance, window = self.allowance, self.allowance.window
        count = math.ceil(allowance.effective / MAX_PERMITS)
        permits = list[LeasedPermit]()
        # Another 429, known before the pause is over, may lower the limit.
        horizon = LEAD if now < allowance.paused_until else HORIZON
        at = allowance.next_at(now, count)
        while wanted > 0 and at is not None and at <= now + horizon * window:
            allowance.take(at, count)
            until = at + VALIDITY * window
            self.outstanding[self.next_id] = Outstanding(count, until + GRACE * window)
            permits.append(
                LeasedPermit(id=self.next_id, count=count, after=at - now, until=until - now)
            )
            self.next_id += 1
            wanted -= count
            at = allowance.next_at(now, count)
        if at is None:
            return permits, HORIZON * window
        return permits, max(0.0, at - now - LEAD * window)
