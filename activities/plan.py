"""What a plan must know from our own side: the onboarding, and how soon requests can be sent."""

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities.settings import ActivitySettings
from activities.support.runs import began_at
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client import ExecutionStatus, OnboardingHandle
from telegent_orchestrator.client._calls import read_request, request_differences
from telegent_orchestrator.lines import EPOCH, LineResult
from telegent_orchestrator.names import API_TASK_QUEUE, STATUS_QUERY
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.plan import RequestCapacity
from telegent_orchestrator.request_allowance import ALLOWANCE_ID, AllowanceStatus


class KnownOnboarding(WireModel):
    """The onboarding with the reference of a request, as far as Temporal shows it.

    Attributes:
        status: Of its latest run.
        request: What the latest run was started with; None if that cannot be read.
        differences: The fields in which the two requests differ.
        result: What exists so far.
        lines: What exists so far, by line key.
        line_changes: The latest change of each line in service, in words, by line key.
        started_at: The start of its first run.
    """

    status: ExecutionStatus
    request: OnboardingRequest | None
    differences: list[str]
    result: OnboardingResult | None = None
    lines: dict[str, LineResult] = {}
    line_changes: dict[str, str] = {}
    started_at: datetime

    @property
    def joined(self) -> bool:
        """Whether a start joins it, or is refused because the requests differ."""
        return self.status in (
            ExecutionStatus.RUNNING,
            ExecutionStatus.PAUSED,
            ExecutionStatus.COMPLETED,
        )


@dataclass(frozen=True)
class PlanActivities:
    """Activities that ask Temporal, for plans."""

    settings: ActivitySettings
    temporal: Client

    @activity.defn
    async def read_onboarding(self, request: OnboardingRequest) -> KnownOnboarding | None:
        """Returns the onboarding with the reference of a request; None if there is none."""
        handle = OnboardingHandle(self.temporal, request.reference, id_key=self.settings.id_key)
        try:
            execution = await handle.execution()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        existing = await read_request(self.temporal, handle.id, OnboardingRequest)
        known = KnownOnboarding(
            status=execution.status,
            request=existing,
            differences=request_differences(existing, request) if existing else [],
            started_at=await self._first_start(handle.id),
        )
        try:
            progress = await handle.progress()
        except (RPCError, WorkflowQueryFailedError):
            # One that ended before it began, or that this release cannot replay, shows nothing.
            if known.joined:
                raise
            return known
        if result := progress.onboarding.result:
            known.result = result
            known.lines = {line.key: line for line in result.lines}
        known.lines |= {key: line.result for key, line in progress.lines.items()}
        known.line_changes = {
            key: change.line_state.value
            for key, change in progress.changes.items()
            if change.line_state
        }
        return known

    async def _first_start(self, workflow_id: str) -> datetime:
        query = f"WorkflowId = '{workflow_id}'"
        try:
            starts = [began_at(run) async for run in self.temporal.list_workflows(query)]
        except ValueError:
            # temporalio 1.35 cannot read the status of a paused workflow.
            return EPOCH
        return min(starts, default=EPOCH)

    @activity.defn
    async def read_request_capacity(self, priority: int) -> RequestCapacity | None:
        """Returns how soon requests of a priority can be sent.

        None if no worker of the namespace has sent a request yet.
        """
        allowance = self.temporal.get_workflow_handle(ALLOWANCE_ID)
        now = activity.info().started_time.timestamp()
        try:
            status: AllowanceStatus = await allowance.query(
                STATUS_QUERY, now, result_type=AllowanceStatus
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        in_window = status.permitted_per_minute * status.window_seconds / 60
        return RequestCapacity(
            requests_per_minute=status.permitted_per_minute,
            available=max(0, int(in_window) - status.used - status.leased),
            waiting=await waiting_calls(self.temporal, priority),
            paused_seconds=status.paused_seconds,
        )


async def waiting_calls(temporal: Client, priority: int) -> int:
    """The calls to Telegent that wait in the queue and are at least as urgent."""
    queue = await temporal.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=temporal.namespace,
            task_queue=TaskQueue(name=API_TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
            report_stats=True,
        )
    )
    by_priority = queue.stats_by_priority_key
    if not by_priority:
        return queue.stats.approximate_backlog_count
    return sum(
        stats.approximate_backlog_count for key, stats in by_priority.items() if key <= priority
    )
