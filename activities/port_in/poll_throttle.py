"""How much looking at open port-ins may take of the requests, over all of them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from activities.port_in.poll_schedule import PollSchedule
from telegent_orchestrator.names import PORT_IN_WORKFLOW

RECOUNT_INTERVAL = timedelta(seconds=60)
"""How long a count is good: ports come and go over hours."""
COUNT_TIMEOUT = timedelta(seconds=5)
"""For one count; a look at a port-in waits for it."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class PollThrottle:
    """The factor that all intervals are stretched by, so that looks leave requests for the rest.

    `share`: the part of `requests_per_minute` that looks may take, 0 to 1.
    """

    def __init__(
        self,
        temporal: Client,
        schedule: PollSchedule,
        *,
        requests_per_minute: int,
        share: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._temporal = temporal
        self._schedule = schedule
        self._polls_per_minute = requests_per_minute * share
        self._clock = clock
        self._factor = 1.0
        self._factor_expires_at = -1.0

    async def interval_factor(self) -> float:
        """The factor, at least 1: the last one known while Temporal does not answer."""
        if self._clock() >= self._factor_expires_at:
            # Before the question, so that looks at the same time do not ask it too.
            self._factor_expires_at = self._clock() + RECOUNT_INTERVAL.total_seconds()
            try:
                self._factor = max(1.0, await self._expected_polls() / self._polls_per_minute)
            except RPCError as error:
                log.warning(
                    "cannot count open port-ins", error=str(error), interval_factor=self._factor
                )
        return self._factor

    async def _expected_polls(self) -> float:
        """Looks a minute that all open port-ins need, in the carriers' hours, unstretched.

        Every port counts as wireless, followed since its workflow started. That is a little too
        many: landlines are looked at less, and so are ports that wait for a person.
        """
        now = datetime.now(UTC)
        polls, younger = 0.0, 0
        for until, interval in self._schedule.phases():
            counted = await self._count(None if until == timedelta.max else now - until)
            polls += (counted - younger) / (interval / timedelta(minutes=1))
            younger = counted
        return polls

    async def _count(self, started_after: datetime | None) -> int:
        """How many port-ins are open that started after `since`."""
        query = f"WorkflowType = '{PORT_IN_WORKFLOW}' AND ExecutionStatus = 'Running'"
        if started_after:
            query += f" AND StartTime > '{started_after.isoformat()}'"
        return (await self._temporal.count_workflows(query, rpc_timeout=COUNT_TIMEOUT)).count
