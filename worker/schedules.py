"""Temporal Schedules of workflows that read Telegent, by default every night or every hour."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.client._startable import DATA_USAGE, RECONCILIATION, ReportWorkflow
from telegent_orchestrator.names import TASK_QUEUE
from telegent_orchestrator.reconcile import RECONCILE_SCHEDULE_ID
from telegent_orchestrator.usage import USAGE_SCHEDULE_ID

CATCHUP_WINDOW = timedelta(hours=1)
"""How late a run may start, after an outage of Temporal."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ScheduledWorkflow:
    """A workflow that a schedule starts, without an argument, so that no key is needed."""

    schedule_id: str
    workflow: ReportWorkflow


RECONCILE = ScheduledWorkflow(RECONCILE_SCHEDULE_ID, RECONCILIATION)
USAGE = ScheduledWorkflow(USAGE_SCHEDULE_ID, DATA_USAGE)


async def ensure_schedule(
    client: Client, scheduled: ScheduledWorkflow, cron: str, time_zone: ZoneInfo
) -> None:
    """Create the schedule as set, or change it to that; delete it if `cron` is empty.

    A schedule that an operator has paused stays paused. A worker that may not write schedules logs
    that, and runs.
    """
    try:
        await _ensure(client, scheduled, cron, time_zone)
    except RPCError as error:
        log.warning(
            "a schedule could not be set", schedule=scheduled.schedule_id, reason=error.message
        )


async def _ensure(
    client: Client, scheduled: ScheduledWorkflow, cron: str, time_zone: ZoneInfo
) -> None:
    handle = client.get_schedule_handle(scheduled.schedule_id)
    if not cron:
        try:
            await handle.delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return
    workflow = scheduled.workflow
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            workflow.workflow_type,
            id=workflow.workflow_id,
            task_queue=TASK_QUEUE,
            static_summary=workflow.summary,
            static_details=workflow.details,
        ),
        spec=ScheduleSpec(cron_expressions=[cron], time_zone_name=time_zone.key),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCHUP_WINDOW),
    )
    try:
        await client.create_schedule(scheduled.schedule_id, schedule)
    except ScheduleAlreadyRunningError:

        def change(given: ScheduleUpdateInput) -> ScheduleUpdate:
            schedule.state = given.description.schedule.state
            return ScheduleUpdate(schedule)

        await handle.update(change)
