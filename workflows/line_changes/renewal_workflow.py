"""Changes the plan of a line at its next renewal."""

import asyncio
from datetime import datetime
from typing import NoReturn

from temporalio import workflow
from temporalio.exceptions import (
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from activities.line_changes import LineChangeActivities
from activities.line_plans import LinePlanActivities
from activities.onboarding.catalogue import CatalogueActivities
from activities.renewals import RenewalActivities
from activities.support.outcomes import failure_message
from telegent_orchestrator import _ui_text
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator._validation import truncate
from telegent_orchestrator.events import EventType
from telegent_orchestrator.line_changes import (
    LineChangeRequest,
    LineChangeResult,
    LineChangeStatus,
)
from telegent_orchestrator.names import LINE_CHANGE_FAILURE, STATUS_QUERY
from telegent_orchestrator.progress import StepState
from telegent_orchestrator.renewal_changes import RENEWAL_CHANGE_WORKFLOW, RenewalChangeRequest
from workflows.events.delivery_workflow import EventPublisher
from workflows.line_changes.workflow import LineChangeWorkflow
from workflows.support.activity_calls import execute_internal, execute_read
from workflows.support.awaited_workflow import await_end
from workflows.support.cancellation import cancellable_sleep
from workflows.support.progress import CANCELLED, ProgressTracker

LINE, RENEWAL, CHANGE = "Line", "Renewal", "Change"


@workflow.defn(name=RENEWAL_CHANGE_WORKFLOW)
class RenewalChangeWorkflow:
    """Waits for the next renewal of a line, and then changes its plan by a line change.

    Only that line change excludes others: until the renewal the line can be suspended, changed and
    ported out. The workflow fails with what the line change has done when that fails.
    """

    @workflow.init
    def __init__(self, request: RenewalChangeRequest) -> None:
        self._request = request
        self._progress = ProgressTracker([LINE, RENEWAL, CHANGE])
        self._progress.phone_number = request.phone_number
        self._progress.header = self._header
        self._result = LineChangeResult(
            phone_number=request.phone_number,
            change=request.change,
            by=request.by,
            reason=request.reason,
        )
        self._due_at: datetime | None = None
        self._line_change_id = ""
        self._publisher = EventPublisher()
        # The line change sends its own.
        self._sends_event = True

    @workflow.run
    async def run(self, request: RenewalChangeRequest) -> LineChangeResult:
        """Checks that the plan can be changed, waits for the renewal, and changes it."""
        try:
            await self._check()
            await self._await_renewal()
            self._result = await self._change()
        except (asyncio.CancelledError, FailureError) as error:
            await self._fail(error)
        self._progress.publish()
        return self._result

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> LineChangeStatus:
        """Returns the state of each step, and when the change is due."""
        return LineChangeStatus(
            **dict(self._result), steps=self._progress.steps, due_at=self._due_at
        )

    async def _check(self) -> None:
        """Finds now what would fail at the renewal, as far as it can be known."""
        request, change = self._request, self._request.change
        async with self._progress.step(LINE):
            plan = await execute_internal(
                RenewalActivities.plan_renewal,
                "Find the next renewal",
                request.phone_number,
                request.renewal_day,
                workflow.now(),
            )
            self._due_at, self._line_change_id = plan.due_at, plan.line_change_id
            line = await execute_read(
                LineChangeActivities.read_line, "Read the line", request.phone_number
            )
            self._result.subscription_id = await execute_read(
                LinePlanActivities.find_line_subscription,
                "Find the subscription of the line",
                line,
                change.subscription_id,
            )
            if not await execute_read(
                CatalogueActivities.read_package_price, "Read the package", change.package_id
            ):
                raise ApplicationError(
                    f"Telegent does not know package {change.package_id}", type="UnknownPackage"
                )

    async def _await_renewal(self) -> None:
        due_at = self._due_at
        assert due_at is not None, "the renewal is found before it is awaited"
        async with self._progress.step(RENEWAL):
            with self._progress.waiting(RENEWAL, "", f"due {due_at:%Y-%m-%d %H:%M} UTC"):
                await cancellable_sleep(due_at - workflow.now(), "Until the renewal of the line")

    async def _change(self) -> LineChangeResult:
        """Changes the plan, after another change of the line that is open has ended."""
        request = self._request
        async with self._progress.step(CHANGE):
            while True:
                try:
                    line_change = await workflow.start_child_workflow(
                        LineChangeWorkflow.run,
                        LineChangeRequest(
                            phone_number=request.phone_number,
                            change=request.change,
                            by=request.by,
                            reason=request.reason,
                        ),
                        id=self._line_change_id,
                        parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                        static_summary=f"Line change: {request.change.kind}",
                        static_details=_ui_text.LINE_CHANGE_DETAILS,
                    )
                except WorkflowAlreadyStartedError:
                    await self._await_open_change()
                else:
                    self._sends_event = False
                    return await line_change

    async def _await_open_change(self) -> None:
        """Waits until another change of the line has ended; shows when that needs an operator."""
        reason = f"waiting for another change of this line: {self._line_change_id}"

        async def show(since: str) -> None:
            operator_since = datetime.fromisoformat(since) if since else None
            self._progress.wait(CHANGE, "", reason, operator_since=operator_since)

        with self._progress.waiting(CHANGE, "", reason):
            await await_end(self._line_change_id, "the open line change", show)

    async def _fail(self, error: BaseException) -> NoReturn:
        """Records why the change ended, and raises that."""
        cause = error.cause if isinstance(error, ChildWorkflowError) else None
        if isinstance(cause, ApplicationError) and cause.type == LINE_CHANGE_FAILURE:
            self._result = LineChangeResult.model_validate(cause.details[0])
        result = self._result
        result.state, result.ended_at = StepState.FAILED, workflow.now()
        reason = workflow.cancellation_reason()
        detail = CANCELLED if is_cancelled_exception(error) else failure_message(error)
        result.detail = truncate(f"{detail}: {reason}" if reason else detail)
        self._progress.publish()
        if self._sends_event:
            await self._publisher.publish(
                EventType.LINE_CHANGE_FAILED,
                result.state.value,
                change=result.change.kind,
                phone_number=result.phone_number,
            )
        if reason is not None:
            raise asyncio.CancelledError from error
        raise ApplicationError(
            result.detail, result, type=LINE_CHANGE_FAILURE, non_retryable=True
        ) from error

    def _header(self) -> list[str]:
        result = self._result
        due = f", due {self._due_at:%Y-%m-%d %H:%M} UTC" if self._due_at else ""
        return [
            f"**{result.change.kind} at the renewal**: {result.state.value}{due}",
            "",
            f"- requested by {escape_markdown(result.by)}: {escape_markdown(result.reason)}",
            f"- package {escape_markdown(self._request.change.package_id)}",
        ]
