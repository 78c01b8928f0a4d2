"""A periodic gauge of readings of data usage: whether one is missing."""

from datetime import UTC, datetime

from temporalio.client import Client
from temporalio.common import MetricMeter

from telegent_orchestrator.usage import USAGE_SCHEDULE_ID
from worker.telemetry.overdue import ended_at, overdue_seconds

# Only a run of the schedule sends events of thresholds.
COMPLETED_RUNS_QUERY = (
    f"TemporalScheduledById = '{USAGE_SCHEDULE_ID}' AND ExecutionStatus = 'Completed'"
)


class UsageGauges:
    """A gauge of readings of data usage, from Temporal's list of workflows and their schedule.

    Every worker reports the same figure: take one worker's, not the sum.
    """

    def __init__(self, temporal: Client, meter: MetricMeter) -> None:
        self._temporal = temporal
        self._last = datetime.fromtimestamp(0, UTC)
        self._overdue = meter.create_gauge(
            "telegent_usage_overdue_seconds",
            "How long no scheduled reading of usage has completed, beyond the schedule's interval",
        )

    async def update(self) -> None:
        """Read once. Raises RPCError if Temporal does not respond."""
        # There may be one an hour: earlier ones are not listed again.
        since_last = f"{COMPLETED_RUNS_QUERY} AND CloseTime > '{self._last.isoformat()}'"
        completed = [ended_at(run) async for run in self._temporal.list_workflows(since_last)]
        self._last = max([self._last, *completed])
        self._overdue.set(await overdue_seconds(self._temporal, USAGE_SCHEDULE_ID, [self._last]))
