"""Limits polls of open port-ins to a share of the request budget."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from telegent import RateLimiter
from telegent_orchestrator.names import PORT_IN_WORKFLOW
from telegent_orchestrator.poll_schedule import (
    PollSchedule,
    expected_polls_per_minute,
    next_interval_factor,
)

RECOUNT_INTERVAL = timedelta(seconds=60)
"""How long a count is used: the number of open ports changes over hours."""
COUNT_TIMEOUT = timedelta(seconds=5)
"""For one count; a poll of a port-in waits for it."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class PollThrottle:
    """Computes the factor that stretches all poll intervals, to leave requests for other work.

    Args:
        share: The fraction of the requests a minute that polls may use, 0 to 1.
    """

    def __init__(
        self,
        temporal: Client,
        schedule: PollSchedule,
        *,
        rate_limiter: RateLimiter,
        share: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._temporal = temporal
        self._schedule = schedule
        self._rate_limiter = rate_limiter
        self._share = share
        self._clock = clock
        self._factor = 1.0
        self._expected = 0.0
        self._computed_at: float | None = None
        self._polls = 0

    @property
    def _polls_per_minute(self) -> float:
        return self._rate_limiter.per_minute * self._share

    def record_requested_poll(self) -> None:
        """Count one poll that is not on the schedule, such as that of a hint."""
        self._polls += 1

    async def interval_factor(self) -> float:
        """The factor, at least 1; while Temporal does not respond, with the last count."""
        now, before = self._clock(), self._computed_at
        if before is None or now - before >= RECOUNT_INTERVAL.total_seconds():
            # Set before counting, so that concurrent polls do not count as well.
            self._computed_at = now
            requested = self._requested_polls(now - before) if before is not None else 0.0
            try:
                self._expected = await self._expected_polls() / self._polls_per_minute
            except RPCError as error:
                log.warning("cannot count open port-ins", error=str(error), expected=self._expected)
            self._factor = next_interval_factor(
                self._factor, expected=self._expected, requested=requested / self._polls_per_minute
            )
        return self._factor

    def _requested_polls(self, seconds: float) -> float:
        """Polls per minute that were not on the schedule, in the last seconds."""
        polls, self._polls = self._polls, 0
        return polls * 60 / seconds

    async def _expected_polls(self) -> float:
        """Polls per minute that all open port-ins need, if each was submitted at its start."""
        now = datetime.now(UTC)
        younger = [
            await self._count(None if until == timedelta.max else now - until)
            for until, _ in self._schedule.phases()
        ]
        return expected_polls_per_minute(self._schedule, younger)

    async def _count(self, started_after: datetime | None) -> int:
        """Count the open port-ins that started after `started_after`."""
        query = f"WorkflowType = '{PORT_IN_WORKFLOW}' AND ExecutionStatus = 'Running'"
        if started_after:
            query += f" AND StartTime > '{started_after.isoformat()}'"
        return (await self._temporal.count_workflows(query, rpc_timeout=COUNT_TIMEOUT)).count
