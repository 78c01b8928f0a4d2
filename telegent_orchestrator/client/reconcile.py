"""Reconciliations: start, wait for the report, read the latest."""

from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from telegent_orchestrator import _ui_text, names
from telegent_orchestrator.client._calls import query
from telegent_orchestrator.client._failing_calls import FailingCall, find_failing_calls
from telegent_orchestrator.client.executions import Execution, describe
from telegent_orchestrator.reconcile import RECONCILE_ID, RECONCILE_WORKFLOW, ReconcileReport


class ReconcileClient:
    """Starts and finds reconciliations; the Temporal client is as for `Orchestrator`."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def start(self) -> "ReconcileHandle":
        """Start a reconciliation, or join the open one that was started like this.

        It changes nothing. One that the schedule has started may run at the same time.
        """
        handle = ReconcileHandle(self._temporal, RECONCILE_ID)
        try:
            await self._temporal.start_workflow(
                RECONCILE_WORKFLOW,
                id=RECONCILE_ID,
                task_queue=names.TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                static_summary="Reconciliation",
                static_details=_ui_text.RECONCILE_DETAILS,
            )
        except WorkflowAlreadyStartedError:
            handle.joined = True
        return handle

    async def latest(self) -> "ReconcileHandle | None":
        """The one that has completed last, started by the schedule or by an operator; None if
        there is none."""
        completed = f"WorkflowType = '{RECONCILE_WORKFLOW}' AND ExecutionStatus = 'Completed'"
        found = [
            (run.close_time, run.id, run.run_id)
            async for run in self._temporal.list_workflows(completed)
            if run.close_time
        ]
        if not found:
            return None
        _, workflow_id, run_id = max(found)
        return ReconcileHandle(self._temporal, workflow_id, run_id)


class ReconcileHandle:
    """One reconciliation.

    Attributes:
        id: The workflow id.
        joined: Whether the start found it open.
    """

    def __init__(self, temporal: Client, workflow_id: str, run_id: str | None = None) -> None:
        self._temporal = temporal
        self._run_id = run_id
        self.id = workflow_id
        self.joined = False

    async def execution(self) -> Execution:
        """Whether it is running or how it ended. Needs no worker."""
        return await describe(self._temporal, self.id)

    async def status(self) -> ReconcileReport:
        """The report; without `ended_at` while Telegent is read."""
        return await query(self._temporal, self.id, ReconcileReport)

    async def failing_calls(self) -> list[FailingCall]:
        """The calls that fail and are repeated, and why. Needs no worker."""
        return await find_failing_calls(self._temporal, self.id)

    async def result(self) -> ReconcileReport:
        """Wait for the report.

        Raises:
            WorkflowFailureError: It failed, or it was cancelled or terminated.
        """
        return await self._handle().result()

    def _handle(self) -> WorkflowHandle[Any, ReconcileReport]:
        return self._temporal.get_workflow_handle(
            self.id, run_id=self._run_id, result_type=ReconcileReport
        )
