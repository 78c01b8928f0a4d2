"""Periodic gauges of reconciliations: what the last one has found, and whether one is missing."""

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import MetricMeter

from telegent_orchestrator.reconcile import (
    RECONCILE_SCHEDULE_ID,
    RECONCILE_WORKFLOW,
    FindingKind,
    ReconcileReport,
)
from worker.telemetry.overdue import ended_at, overdue_seconds

# One that an operator has cancelled or terminated counts as if it had not been started.
ENDED_RUNS_QUERY = (
    f"WorkflowType = '{RECONCILE_WORKFLOW}' "
    "AND ExecutionStatus IN ('Completed', 'Failed', 'TimedOut')"
)


class ReconcileGauges:
    """Gauges of reconciliations, from Temporal's list of workflows and their schedule.

    Every worker reports the same figures: take one worker's, not the sum.
    """

    def __init__(self, temporal: Client, meter: MetricMeter) -> None:
        self._temporal = temporal
        self._report = ReconcileReport()
        self._report_of = ""
        self._findings_open = meter.create_gauge(
            "telegent_reconcile_findings_open",
            "Findings of the reconciliation that completed last",
        )
        self._failed = meter.create_gauge(
            "telegent_reconcile_failed", "1 if the reconciliation that ended last failed, else 0"
        )
        self._overdue = meter.create_gauge(
            "telegent_reconcile_overdue_seconds",
            "How long no reconciliation has completed, beyond the interval of the schedule",
        )

    async def update(self) -> None:
        """Read once. Raises RPCError if Temporal does not respond."""
        ended = sorted(
            [run async for run in self._temporal.list_workflows(ENDED_RUNS_QUERY)], key=ended_at
        )
        completed = [run for run in ended if run.status is WorkflowExecutionStatus.COMPLETED]
        self._failed.set(int(bool(ended) and ended[-1] not in completed))
        self._overdue.set(
            await overdue_seconds(self._temporal, RECONCILE_SCHEDULE_ID, map(ended_at, completed))
        )
        if completed:
            await self._read_report(completed[-1])
        for kind in FindingKind:
            self._findings_open.set(self._report.counts.get(kind, 0), {"kind": kind})

    async def _read_report(self, run: WorkflowExecution) -> None:
        if run.run_id != self._report_of:
            handle = self._temporal.get_workflow_handle(
                run.id, run_id=run.run_id, result_type=ReconcileReport
            )
            self._report, self._report_of = await handle.result(), run.run_id
