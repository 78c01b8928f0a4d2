"""Detection of a clock that differs from that of the Temporal server.

A vendor call is not sent once its attempt has timed out, which a worker decides by its own clock
and Temporal's start time of the attempt. A clock that is ahead would let it send nothing, and one
that is behind would let it send too late.
"""

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from temporalio import activity
from temporalio.common import MetricMeter
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.support.outcomes import Outcome

MAX_SKEW = timedelta(seconds=10)
SAMPLES = 5
"""Last activities whose start times count. A worker that was suspended, or is busy, takes some of
its tasks late; the least difference of several is the clock's."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class ClockMonitor(Interceptor):
    """Compares the clock with the start times of activities, and runs none while it differs."""

    def __init__(self, meter: MetricMeter = MetricMeter.noop) -> None:
        self._samples: deque[timedelta] = deque(maxlen=SAMPLES)
        self._gauge = meter.create_gauge_float(
            "telegent_clock_skew_seconds",
            "How far the worker's clock is ahead of Temporal's (negative: behind)",
        )
        self._gauge.set(0)
        self._reported = False

    @property
    def skew(self) -> timedelta:
        """How far the clock is ahead; negative if it is behind."""
        return min(self._samples, key=abs, default=timedelta())

    @property
    def synchronized(self) -> bool:
        """Whether the difference is small enough to work with."""
        return abs(self.skew) <= MAX_SKEW

    def observe(self, started_at: datetime, now: datetime) -> None:
        """Take a sample: Temporal's start time of an activity, and the local time."""
        self._samples.append(now - started_at)
        self._gauge.set(self.skew.total_seconds())
        if self.synchronized == self._reported:
            self._reported = not self.synchronized
            if self._reported:
                log.error("no vendor call is sent", reason=self.describe())
            else:
                log.info("the clock agrees with Temporal's again")

    def describe(self) -> str:
        """The difference, and what to do."""
        direction = "ahead of" if self.skew > timedelta() else "behind"
        return (
            f"the clock of this worker's machine is {abs(self.skew).total_seconds():.0f} s "
            f"{direction} that of the Temporal server: synchronize both by NTP"
        )

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap `next`; called once for each worker."""
        return _ClockCheck(super().intercept_activity(next), self)


class _ClockCheck(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, monitor: ClockMonitor) -> None:
        super().__init__(next)
        self._monitor = monitor

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        self._monitor.observe(activity.info().started_time, datetime.now(UTC))
        if not self._monitor.synchronized:
            raise ApplicationError(
                f"not sent: {self._monitor.describe()}", None, type=Outcome.NOT_SENT
            )
        return await super().execute_activity(input)
