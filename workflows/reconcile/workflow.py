"""Compares Telegent with what our workflows know, and reports what differs."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

from activities.reconcile.activities import ReconcileActivities
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator.events import EventType
from telegent_orchestrator.names import STATUS_QUERY
from telegent_orchestrator.progress import StepState
from telegent_orchestrator.reconcile import RECONCILE_WORKFLOW, ReconcileReport
from workflows.events.delivery_workflow import EventPublisher
from workflows.support.activity_calls import prepare_call, survey_options
from workflows.support.markdown import table
from workflows.support.metrics import count_findings
from workflows.support.progress import ProgressTracker

COMPARE = "Comparison"
MAX_SHOWN = 50
"""Findings in the current details. The query `status` has more."""
FINDINGS = "findings"
"""State of the event of a reconciliation that has found something."""
TIMEOUT = timedelta(hours=12)
"""A night. With the default share of the standard tier, that is enough for 7,000 requests."""


@workflow.defn(name=RECONCILE_WORKFLOW)
class ReconcileWorkflow:
    """Changes nothing: each finding names what resolves it."""

    @workflow.init
    def __init__(self) -> None:
        self._report = ReconcileReport()
        self._progress = ProgressTracker([COMPARE])
        self._progress.header = self._header
        self._publisher = EventPublisher()

    @workflow.run
    async def run(self) -> ReconcileReport:
        """Compares, counts the findings, and sends an event."""
        self._report.started_at = workflow.now()
        compare = prepare_call(
            survey_options(TIMEOUT),
            ReconcileActivities.find_differences,
            "Compare with what Telegent has",
        )
        try:
            async with self._progress.step(COMPARE):
                self._report = await compare()
        except (asyncio.CancelledError, FailureError) as error:
            if not is_cancelled_exception(error):
                await self._publisher.publish(EventType.RECONCILE_FAILED, StepState.FAILED.value)
            raise
        self._progress.publish()
        for kind, count in self._report.counts.items():
            count_findings(kind, count)
        await self._publisher.publish(
            EventType.RECONCILE_COMPLETED,
            FINDINGS if self._report.total else StepState.DONE.value,
            findings={kind.value: count for kind, count in self._report.counts.items()},
        )
        return self._report

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> ReconcileReport:
        """Returns the report; without `ended_at` while it is compared."""
        return self._report

    def _header(self) -> list[str]:
        report = self._report
        if report.ended_at is None:
            return ["compares Telegent with what the workflows know, and changes nothing"]
        lines = [
            f"**{report.total} findings** in {report.numbers} numbers, {report.subscriptions} "
            f"subscriptions and {report.lines} known lines, with {report.requests} requests; "
            f"{report.in_progress} numbers were being changed",
            "",
        ]
        lines += [f"- {kind.value}: {count}" for kind, count in report.counts.items()]
        lines += [f"- not compared: {escape_markdown(what)}" for what in report.not_compared]
        rows = [
            (each.kind.value, each.phone_number or each.subscription_id, each.detail, each.remedy)
            for each in report.findings[:MAX_SHOWN]
        ]
        if rows:
            lines += ["", *table(("finding", "of", "what differs", "what resolves it"), rows)]
        if more := report.total - len(rows):
            lines += ["", f"and {more} more: `tgo reconcile --latest`"]
        return lines
