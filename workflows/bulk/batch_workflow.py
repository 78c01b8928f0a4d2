"""One batch of a bulk: holds the requests of its rows, and runs as many as are granted."""

import asyncio
from datetime import timedelta
from functools import partial

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from activities.internal_activities import InternalActivities
from activities.support.outcomes import failure_message
from telegent_orchestrator import _ui_text
from telegent_orchestrator._validation import truncate
from telegent_orchestrator.bulk import (
    BULK_BATCH_WORKFLOW,
    BatchCheckpoint,
    BulkBatchRequest,
    BulkBatchStatus,
    BulkRow,
    Counts,
    RowResult,
    RowState,
    bulk_batch_id,
    bulk_id,
)
from telegent_orchestrator.names import ONBOARDING_WORKFLOW, STATUS_QUERY, onboarding_id
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from workflows.bulk.details_page import publish_batch
from workflows.bulk.signals import (
    BATCH_COMMAND_SIGNAL,
    BATCH_REPORT_SIGNAL,
    BatchCommand,
    BatchReport,
)
from workflows.support.activity_calls import AWAIT_WORKFLOW_OPTIONS, BULK_PRIORITY, prepare_call
from workflows.support.messages import parse_message, require_own_id

REPORT_DEBOUNCE = timedelta(seconds=1)
"""How long to wait for more rows to end before they are reported together."""
MAX_FAILED_REPORTS = 5
"""Failed reports in a row after which the bulk counts as ended."""
SUCCEEDED = (RowState.DONE, RowState.ALREADY_DONE)


@workflow.defn(name=BULK_BATCH_WORKFLOW)
class BulkBatchWorkflow:
    """Runs an onboarding for each row, when the bulk grants it, and reports how rows end.

    It ends when all its rows are done, or with the bulk. Onboardings outlive it.
    """

    @workflow.init
    def __init__(self, request: BulkBatchRequest) -> None:
        self._request = request
        checkpoint = request.checkpoint or BatchCheckpoint(
            rows=[
                RowResult(row=row.number, reference=row.onboarding.reference)
                for row in request.rows
            ],
            started=0,
            retries=0,
            retry_rows=[],
            cancel=False,
        )
        self._rows = checkpoint.rows
        self._command = BatchCommand(cancel=checkpoint.cancel)
        self._started = checkpoint.started
        self._retries = checkpoint.retries
        self._retry_rows = set(checkpoint.retry_rows)
        self._running: dict[int, asyncio.Task[None]] = {}
        self._cancelled: set[int] = set()
        self._reported: BatchReport | None = None
        self._failed_reports = 0

    @workflow.run
    async def run(self, request: BulkBatchRequest) -> BulkBatchStatus:
        """Reports every change, until nothing remains to be done."""
        require_own_id(bulk_batch_id(request.bulk, request.batch))
        publish_batch(self._rows)
        while not self._finished:
            try:
                await self._report()
                self._bound_history()
                if not self._finished:
                    await workflow.sleep(REPORT_DEBOUNCE, summary="More rows may share this report")
                await workflow.wait_condition(
                    lambda: self._finished or self._has_unreported_changes
                )
            except asyncio.CancelledError:
                # A cancellation in the Temporal UI cancels the rows, and the bulk learns of it.
                self._cancel_running()
        return self.status()

    def _bound_history(self) -> None:
        """Continues as new, when the history is long and no row reports to this run."""
        if self._running or self._finished or self._has_unreported_changes:
            return
        if workflow.info().is_continue_as_new_suggested():
            checkpoint = BatchCheckpoint(
                rows=self._rows,
                started=self._started,
                retries=self._retries,
                retry_rows=sorted(self._retry_rows),
                cancel=self._command.cancel,
            )
            workflow.continue_as_new(self._request.model_copy(update={"checkpoint": checkpoint}))

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> BulkBatchStatus:
        """Returns the state of each row."""
        return BulkBatchStatus(bulk=self._request.bulk, batch=self._request.batch, rows=self._rows)

    @workflow.signal(name=BATCH_COMMAND_SIGNAL, description="sent by the bulk, not by operators")
    def batch_command(self, *sent: JsonValue) -> None:
        """Applies a command of the bulk; anything else is ignored."""
        try:
            command = parse_message(BatchCommand, sent)
        except ApplicationError:
            return
        self._apply_command(command)

    def _apply_command(self, command: BatchCommand) -> None:
        cancel = command.cancel and not self._command.cancel
        self._command = command
        if command.retries > self._retries:
            self._retries = command.retries
            for index, row in enumerate(self._rows):
                if row.state.unsuccessful:
                    self._retry_rows.add(index)
                    self._rows[index] = RowResult(row=row.row, reference=row.reference)
        for index, row in enumerate(self._rows):
            may_start = not (command.end or command.cancel) and self._started < command.granted
            if may_start and row.state is RowState.WAITING:
                self._started += 1
                row.state, row.started_at = RowState.RUNNING, workflow.now()
                self._running[index] = running = asyncio.create_task(self._run_row(index))
                running.add_done_callback(partial(self._on_row_ended, index))
        if cancel:
            self._cancel_running()
        publish_batch(self._rows)

    def _cancel_running(self) -> None:
        """Cancels the rows that run, unless they are being cancelled already."""
        for index, running in self._running.items():
            if index not in self._cancelled:
                self._cancelled.add(index)
                running.cancel()

    async def _run_row(self, index: int) -> None:
        bulk_row, row = self._request.rows[index], self._rows[index]
        try:
            await self._onboard(bulk_row, row, retry=index in self._retry_rows)
        except FailureError as error:
            # An onboarding that was cancelled on its own can be retried like a failed one; the bulk
            # must not end as if all rows were done.
            cancelled = is_cancelled_exception(error) and index in self._cancelled
            row.state = RowState.CANCELLED if cancelled else RowState.FAILED
            row.detail = row.detail or truncate(failure_message(error))

    def _on_row_ended(self, index: int, _: asyncio.Task[None]) -> None:
        row = self._rows[index]
        if row.state is RowState.RUNNING:
            row.state = RowState.CANCELLED
        row.ended_at = workflow.now()
        del self._running[index]
        self._cancelled.discard(index)
        publish_batch(self._rows)

    async def _onboard(self, bulk_row: BulkRow, row: RowResult, *, retry: bool) -> None:
        """Runs the row's onboarding, or joins the one that exists.

        One that has failed is started again only for a retry.
        """
        policy = WorkflowIDReusePolicy
        reference = bulk_row.onboarding.reference
        try:
            result: OnboardingResult = await workflow.execute_child_workflow(
                ONBOARDING_WORKFLOW,
                bulk_row.onboarding,
                id=onboarding_id(reference),
                result_type=OnboardingResult,
                id_reuse_policy=(
                    policy.ALLOW_DUPLICATE_FAILED_ONLY if retry else policy.REJECT_DUPLICATE
                ),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                priority=BULK_PRIORITY,
                static_summary=f"Onboarding {reference}",
                static_details=_ui_text.ONBOARDING_DETAILS,
            )
            row.state = RowState.DONE
            _record_result(row, result)
        except WorkflowAlreadyStartedError:
            await self._await_existing(bulk_row.onboarding, row)
        except ChildWorkflowError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError) and cause.type == "Incomplete" and cause.details:
                _record_result(row, OnboardingResult.model_validate(cause.details[0]))
            raise

    async def _await_existing(self, request: OnboardingRequest, row: RowResult) -> None:
        row.detail = "existed before this bulk; waiting for it to end"
        wait = prepare_call(
            AWAIT_WORKFLOW_OPTIONS,
            InternalActivities.await_onboarding,
            "Await the existing onboarding",
            request,
        )
        try:
            ended = await wait()
        except ActivityError as error:
            cancelled = is_cancelled_exception(error)
            row.detail = (
                "existed before this bulk, and continues" if cancelled else failure_message(error)
            )
            raise
        if ended.result:
            _record_result(row, ended.result)
        row.detail = truncate(f"before this bulk: {ended.error}") if ended.error else ""
        row.state = RowState.FAILED if ended.error else RowState.ALREADY_DONE

    @property
    def _has_unreported_changes(self) -> bool:
        return self._current_report() != self._reported

    @property
    def _finished(self) -> bool:
        """Whether the bulk has ended, or all rows are done and reported."""
        return self._command.end or (self._ended and not self._has_unreported_changes)

    async def _report(self) -> None:
        """Reports to the bulk; when the bulk has ended, nothing more is started."""
        report = self._current_report()
        bulk = workflow.get_external_workflow_handle(bulk_id(self._request.bulk))
        try:
            if self._failed_reports < MAX_FAILED_REPORTS:
                await bulk.signal(BATCH_REPORT_SIGNAL, report)
                self._failed_reports = 0
        except ApplicationError:
            # It may be between two of its runs.
            self._failed_reports += 1
            return
        self._reported = report

    def _current_report(self) -> BatchReport:
        states = [row.state for row in self._rows]
        return BatchReport(
            batch=self._request.batch,
            rows=len(self._rows),
            counts=Counts(
                waiting=states.count(RowState.WAITING),
                running=states.count(RowState.RUNNING),
                done=states.count(RowState.DONE),
                already_done=states.count(RowState.ALREADY_DONE),
                failed=states.count(RowState.FAILED),
                cancelled=states.count(RowState.CANCELLED),
            ),
            started=self._started,
            retries=self._retries,
            ended=self._ended,
        )

    @property
    def _ended(self) -> bool:
        """Whether no command can change anything."""
        return not self._running and (
            self._failed_reports == MAX_FAILED_REPORTS
            or all(row.state in SUCCEEDED for row in self._rows)
        )


def _record_result(row: RowResult, result: OnboardingResult) -> None:
    row.account_id = result.account_id
    row.phone_numbers = [line.phone_number for line in result.lines if line.phone_number]
