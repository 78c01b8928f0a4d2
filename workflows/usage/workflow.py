"""Reads how much data the numbers have used, and sends events at shares of the limit."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import (
    FailureError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from activities.usage.activities import UsageActivities
from activities.usage.thresholds import UsageEvent
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator.events import EventType
from telegent_orchestrator.names import STATUS_QUERY
from telegent_orchestrator.progress import StepState
from telegent_orchestrator.usage import USAGE_WORKFLOW, ReachedThresholds, UsageReport
from workflows.events.delivery_workflow import EventPublisher
from workflows.support.activity_calls import prepare_call, survey_options
from workflows.support.cancellation import shield
from workflows.support.markdown import table
from workflows.support.metrics import count_threshold, count_usage_reading
from workflows.support.progress import ProgressTracker
from workflows.usage.events_workflow import UsageEventsInput, UsageEventsWorkflow

READ = "Usage"
MAX_SHOWN = 50
"""Lines in the current details. The query `status` has more."""
EVENTS_PER_WORKFLOW = 100
"""Temporal limits how many deliveries one workflow may have open."""
SCHEDULED_BY = SearchAttributeKey.for_keyword("TemporalScheduledById")
"""Temporal sets it in what a schedule starts."""
TIMEOUT = timedelta(hours=6)
"""With the default share of the standard tier, that is enough for 1,800 requests."""


@workflow.defn(name=USAGE_WORKFLOW)
class UsageWorkflow:
    """Changes nothing. Only a run that the schedule has started sends events of thresholds.

    Temporal gives each of these runs the result of the last one that has completed, so that the
    event of a threshold is sent once in a billing period.
    """

    @workflow.init
    def __init__(self) -> None:
        self._report = UsageReport()
        self._progress = ProgressTracker([READ])
        self._progress.header = self._header
        self._publisher = EventPublisher()

    @workflow.run
    async def run(self) -> UsageReport:
        """Reads, counts the thresholds that are reached, and lets their events be sent."""
        self._report.started_at = workflow.now()
        read = prepare_call(
            survey_options(TIMEOUT), UsageActivities.read_usage, "Read usage", _reached_before()
        )
        try:
            async with self._progress.step(READ):
                reading = await read()
        except (asyncio.CancelledError, FailureError) as error:
            if not is_cancelled_exception(error):
                count_usage_reading(completed=False)
                await self._publisher.publish(EventType.USAGE_FAILED, StepState.FAILED.value)
            raise
        self._report = reading.report
        self._progress.publish()
        count_usage_reading(completed=True)
        for event in reading.events:
            count_threshold(event.reached.threshold_percent)
        # The result says that they are sent, so that a cancel must not come in between.
        await shield(_send(reading.events))
        return self._report

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> UsageReport:
        """Returns the report; without `ended_at` while Telegent is read."""
        return self._report

    def _header(self) -> list[str]:
        report = self._report
        if report.ended_at is None:
            return ["reads how much data the numbers have used, and changes nothing"]
        lines = [
            f"usage of **{report.read} of {report.numbers} numbers**, with {report.requests} "
            f"requests; {report.events} events",
            "",
        ]
        lines += [f"- {each} % of the limit: {count}" for each, count in report.counts.items()]
        lines += [f"- not read: {escape_markdown(what)}" for what in report.not_read]
        if report.delayed:
            lines.append(f"- events of {report.delayed} numbers wait for the next reading")
        rows = [
            (usage.phone_number, usage.line, str(usage), usage.behavior)
            for usage in report.lines[:MAX_SHOWN]
        ]
        if rows:
            lines += ["", *table(("number", "line", "used", "Telegent says"), rows)]
        if more := report.read - len(rows):
            lines += ["", f"and {more} more: `tgo usage --latest`"]
        return lines


def _reached_before() -> dict[str, ReachedThresholds] | None:
    """What earlier runs of the schedule have sent; None in a run that an operator has started."""
    if workflow.info().typed_search_attributes.get(SCHEDULED_BY) is None:
        return None
    if not workflow.has_last_completion_result():
        return {}
    last = workflow.get_last_completion_result(UsageReport)
    return last.reached if last else {}


async def _send(events: list[UsageEvent]) -> None:
    own_id = workflow.info().workflow_id
    for start in range(0, len(events), EVENTS_PER_WORKFLOW):
        part = events[start : start + EVENTS_PER_WORKFLOW]
        try:
            sending = await workflow.start_child_workflow(
                UsageEventsWorkflow.run,
                UsageEventsInput(events=part),
                id=f"{own_id}:events-{start // EVENTS_PER_WORKFLOW + 1}",
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                static_summary=f"{len(part)} events of usage",
            )
        except WorkflowAlreadyStartedError:
            # This run was reset; the run before it has started it.
            continue
        # It ends on its own; asyncio would log an exception that was not retrieved.
        sending.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
