"""The Temporal Schedule that compares Telegent with the workflows, by default every night."""

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

from telegent_orchestrator._ui_text import RECONCILE_DETAILS
from telegent_orchestrator.names import TASK_QUEUE
from telegent_orchestrator.reconcile import (
    RECONCILE_ID,
    RECONCILE_SCHEDULE_ID,
    RECONCILE_WORKFLOW,
)

CATCHUP_WINDOW = timedelta(hours=1)
"""How late a run may start, after an outage of Temporal."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def ensure_reconcile_schedule(client: Client, cron: str, time_zone: ZoneInfo) -> None:
    """Create the schedule as set, or change it to that; delete it if `cron` is empty.

    A schedule that an operator has paused stays paused. A worker that may not write schedules logs
    that, and runs.
    """
    try:
        await _ensure(client, cron, time_zone)
    except RPCError as error:
        log.warning("the schedule of reconciliations could not be set", reason=error.message)


async def _ensure(client: Client, cron: str, time_zone: ZoneInfo) -> None:
    handle = client.get_schedule_handle(RECONCILE_SCHEDULE_ID)
    if not cron:
        try:
            await handle.delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return
    schedule = Schedule(
        # Without an argument, so that no key is needed to start it.
        action=ScheduleActionStartWorkflow(
            RECONCILE_WORKFLOW,
            id=RECONCILE_ID,
            task_queue=TASK_QUEUE,
            static_summary="Reconciliation",
            static_details=RECONCILE_DETAILS,
        ),
        spec=ScheduleSpec(cron_expressions=[cron], time_zone_name=time_zone.key),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCHUP_WINDOW),
    )
    try:
        await client.create_schedule(RECONCILE_SCHEDULE_ID, schedule)
    except ScheduleAlreadyRunningError:

        def change(given: ScheduleUpdateInput) -> ScheduleUpdate:
            schedule.state = given.description.schedule.state
            return ScheduleUpdate(schedule)

        await handle.update(change)
