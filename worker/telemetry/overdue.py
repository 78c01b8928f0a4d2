"""Whether a schedule's workflow is missing: it is paused, runs too long, or fails."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from temporalio.client import Client, ScheduleInfo, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode


async def overdue_seconds(
    temporal: Client, schedule_id: str, completed_at: Iterable[datetime]
) -> int:
    """How long no run has completed, beyond the interval of the schedule; 0 without a schedule.

    Raises:
        RPCError: Temporal does not respond.
    """
    try:
        info = (await temporal.get_schedule_handle(schedule_id).describe()).info
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return 0
        raise
    last = max([info.created_at, *completed_at])
    late = datetime.now(UTC) - last - _longest_interval(info)
    return max(0, int(late.total_seconds()))


def ended_at(run: WorkflowExecution) -> datetime:
    """When a run of Temporal's list ended."""
    return run.close_time or run.start_time


def _longest_interval(info: ScheduleInfo) -> timedelta:
    """Between two runs of the schedule, such as over a weekend."""
    return max((after - at for at, after in pairwise(info.next_action_times)), default=timedelta())
