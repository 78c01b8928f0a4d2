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

from telegent_orchestrator._ui_text import RECONCILE_DETAILS, USAGE_DETAILS
from telegent_orchestrator.names import TASK_QUEUE
from telegent_orchestrator.reconcile import (
    RECONCILE_ID,
    RECONCILE_SCHEDULE_ID,
    RECONCILE_WORKFLOW,
)
from telegent_orchestrator.usage import USAGE_ID, USAGE_SCHEDULE_ID, USAGE_WORKFLOW

CATCHUP_WINDOW = timedelta(hours=1)
"""How late a run may start, after an outage of Temporal."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ScheduledWorkflow:
    """A workflow that a schedule starts, without an argument, so that no key is needed.

    Attributes:
        workflow_id: Temporal adds the time.
        summary: In the Temporal UI.
        details: In the Temporal UI, in Markdown.
    """

    schedule_id: str
    workflow_type: str
    workflow_id: str
    summary: str
    details: str


RECONCILE = ScheduledWorkflow(
    schedule_id=RECONCILE_SCHEDULE_ID,
    workflow_type=RECONCILE_WORKFLOW,
    workflow_id=RECONCILE_ID,
    summary="Reconciliation",
    details=RECONCILE_DETAILS,
)
USAGE = ScheduledWorkflow(
    schedule_id=USAGE_SCHEDULE_ID,
    workflow_type=USAGE_WORKFLOW,
    workflow_id=USAGE_ID,
    summary="Data usage",
    details=USAGE_DETAILS,
)


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
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            scheduled.workflow_type,
            id=scheduled.workflow_id,
            task_queue=TASK_QUEUE,
            static_summary=scheduled.summary,
            static_details=scheduled.details,
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
