"""Workflows that read Telegent and return a report: start, wait for it, find the latest."""

from typing import Any, Generic, NamedTuple, TypeVar

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from telegent_orchestrator import names
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client._calls import query
from telegent_orchestrator.client._failing_calls import FailingCall, find_failing_calls
from telegent_orchestrator.client._startable import ReportWorkflow
from telegent_orchestrator.client.executions import Execution, describe

Report = TypeVar("Report", bound=WireModel)


class ReportHandle(Generic[Report]):
    """One workflow that reads Telegent and returns a report.

    Attributes:
        id: The workflow id.
        joined: Whether the start found it open.
    """

    def __init__(
        self,
        temporal: Client,
        report: type[Report],
        workflow_id: str,
        run_id: str | None = None,
        *,
        joined: bool = False,
    ) -> None:
        self._temporal, self._report, self._run_id = temporal, report, run_id
        self.id = workflow_id
        self.joined = joined

    async def execution(self) -> Execution:
        """Whether it is running or how it ended. Needs no worker."""
        return await describe(self._temporal, self.id)

    async def status(self) -> Report:
        """The report; without `ended_at` while Telegent is read."""
        return await query(self._temporal, self.id, self._report)

    async def failing_calls(self) -> list[FailingCall]:
        """The calls that fail and are repeated, and why. Needs no worker."""
        return await find_failing_calls(self._temporal, self.id)

    async def result(self) -> Report:
        """Wait for the report.

        Raises:
            WorkflowFailureError: It failed, or it was cancelled or terminated.
        """
        handle: WorkflowHandle[Any, Report] = self._temporal.get_workflow_handle(
            self.id, run_id=self._run_id, result_type=self._report
        )
        return await handle.result()


async def start_report(temporal: Client, workflow: ReportWorkflow) -> bool:
    """Start a workflow; returns False if one that was started like this is open."""
    try:
        await temporal.start_workflow(
            workflow.workflow_type,
            id=workflow.workflow_id,
            task_queue=names.TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=workflow.summary,
            static_details=workflow.details,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


class Run(NamedTuple):
    """One run of a workflow."""

    workflow_id: str
    run_id: str


async def latest_completed(temporal: Client, workflow: ReportWorkflow) -> Run | None:
    """The run that has completed last; None if there is none."""
    completed = f"WorkflowType = '{workflow.workflow_type}' AND ExecutionStatus = 'Completed'"
    found = [
        (run.close_time, run.id, run.run_id)
        async for run in temporal.list_workflows(completed)
        if run.close_time
    ]
    return Run(*max(found)[1:]) if found else None
