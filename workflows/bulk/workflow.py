"""A bulk: starts the rows of its batches within a window, until all have ended."""

import asyncio
from datetime import datetime, timedelta

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from telegent_orchestrator.bulk import (
    BULK_WORKFLOW,
    PAUSE_UPDATE,
    RESUME_UPDATE,
    RETRY_UPDATE,
    BulkCancel,
    BulkCommand,
    BulkRequest,
    BulkResult,
    BulkRetryResult,
    BulkState,
    BulkStatus,
    bulk_id,
)
from telegent_orchestrator.names import CANCEL_MESSAGE, STATUS_QUERY
from workflows.bulk.details_page import publish
from workflows.bulk.scheduler import BulkScheduler
from workflows.bulk.signals import BATCH_REPORT_SIGNAL, BatchReport
from workflows.support.cancellation import run_all
from workflows.support.messages import message_rejected, parse_message, require_own_id

RETRY_TIMEOUT = timedelta(days=7)
"""How long failed rows can be retried after all rows have ended."""


@workflow.defn(name=BULK_WORKFLOW)
class BulkWorkflow:
    """Keeps a window of open rows over all batches; ends when every row has ended.

    The rows are in the batches (BulkBatchWorkflow), which callers start. This workflow only counts,
    so it can continue as new whenever its history gets long. It fails when rows have failed or were
    cancelled, and no operator retries them in time.
    """

    @workflow.init
    def __init__(self, request: BulkRequest) -> None:
        self._request = request
        self._scheduler = BulkScheduler(request, workflow.now())
        self._changed = True
        self._end: BulkState | None = None
        self._retry_until: datetime | None = None

    @workflow.run
    async def run(self, request: BulkRequest) -> BulkResult:
        """Grants starts to batches as rows end."""
        require_own_id(bulk_id(request.reference))
        if request.checkpoint is None:
            self._scheduler.log(request.by, f"sent {request.rows} rows, {request.window} at a time")
        try:
            await self._run_until_ended()
        except asyncio.CancelledError:
            # Cancelling the workflow in Temporal has the same effect as the update `cancel`.
            command = BulkCancel(by="Temporal", reason="the workflow was cancelled")
            if self._scheduler.checkpoint.cancel is None:
                self._scheduler.cancel(command)
            await self._run_until_ended()
        await self._send_commands()
        publish(self._status())
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._result()

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> BulkStatus:
        """Returns the counts of rows and the state of each batch."""
        return self._status()

    @workflow.update(name=PAUSE_UPDATE, description="start no more rows until it is resumed")
    async def pause(self, *sent: JsonValue) -> None:
        """Takes a BulkCommand: running rows continue, no others start."""
        self._scheduler.pause(parse_message(BulkCommand, sent))
        self._changed = True

    @pause.validator
    def _validate_pause(self, *sent: JsonValue) -> None:
        parse_message(BulkCommand, sent)
        self._require_state(BulkState.RUNNING)

    @workflow.update(name=RESUME_UPDATE, description="start rows again after a pause")
    async def resume(self, *sent: JsonValue) -> None:
        """Takes a BulkCommand: rows start again."""
        self._scheduler.resume(parse_message(BulkCommand, sent))
        self._changed = True

    @resume.validator
    def _validate_resume(self, *sent: JsonValue) -> None:
        parse_message(BulkCommand, sent)
        self._require_state(BulkState.PAUSED)

    @workflow.update(name=RETRY_UPDATE, description="retry failed and cancelled rows")
    async def retry(self, *sent: JsonValue) -> BulkRetryResult:
        """Takes a BulkCommand: retries the rows that have failed or were cancelled."""
        rows = self._scheduler.retry(parse_message(BulkCommand, sent))
        self._changed = True
        return BulkRetryResult(rows=rows)

    @retry.validator
    def _validate_retry(self, *sent: JsonValue) -> None:
        parse_message(BulkCommand, sent)
        self._require_state(BulkState.RUNNING, BulkState.PAUSED, BulkState.NEEDS_OPERATOR)
        if not self._scheduler.counts.unsuccessful:
            raise message_rejected("no row has failed or was cancelled")

    @workflow.update(name=CANCEL_MESSAGE, description="start no more rows")
    async def cancel(self, *sent: JsonValue) -> None:
        """Takes a BulkCancel: running rows continue, unless `cancel_running` is set."""
        self._scheduler.cancel(parse_message(BulkCancel, sent))
        self._changed = True

    @cancel.validator
    def _validate_cancel(self, *sent: JsonValue) -> None:
        command = parse_message(BulkCancel, sent)
        previous = self._scheduler.checkpoint.cancel
        if self._end or (previous and previous.cancel_running >= command.cancel_running):
            raise message_rejected(f"the bulk is {self._state.value} already")

    @workflow.signal(name=BATCH_REPORT_SIGNAL, description="sent by batches, not by operators")
    def batch_report(self, *sent: JsonValue) -> None:
        """Applies the report of a batch; anything else is ignored."""
        try:
            report = parse_message(BatchReport, sent)
        except ApplicationError:
            return
        if 1 <= report.batch <= self._request.batches:
            self._scheduler.apply_report(report)
            self._changed = True

    async def _run_until_ended(self) -> None:
        while self._end is None:
            self._changed = False
            self._scheduler.grant_capacity()
            await self._send_commands()
            self._end = self._final_state()
            self._update_retry_deadline()
            publish(self._status())
            if self._end or self._changed:
                continue
            if workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(self._scheduler.continue_as_new_input())
            await self._wait_for_change()

    def _update_retry_deadline(self) -> None:
        if self._state is not BulkState.NEEDS_OPERATOR:
            self._retry_until = None
        elif self._retry_until is None:
            self._retry_until = workflow.now() + RETRY_TIMEOUT

    async def _wait_for_change(self) -> None:
        """Waits for a change; when only an operator can make one, until the retry window ends."""
        timeout = self._retry_until - workflow.now() if self._retry_until else None
        try:
            await workflow.wait_condition(
                lambda: self._changed,
                timeout=timeout,
                timeout_summary="Retry window for unsuccessful rows",
            )
        except TimeoutError:
            self._end = BulkState.INCOMPLETE

    def _final_state(self) -> BulkState | None:
        scheduler = self._scheduler
        if scheduler.open_rows:
            return None
        if scheduler.checkpoint.cancel:
            return BulkState.CANCELLED
        if not scheduler.all_rows_ended:
            return None
        return None if scheduler.counts.unsuccessful else BulkState.COMPLETED

    async def _send_commands(self) -> None:
        """Sends its command to each batch for which it has changed."""
        await run_all(
            *(
                self._scheduler.send_command(addressed)
                for addressed in self._scheduler.pending_commands(ended=bool(self._end))
            )
        )

    @property
    def _state(self) -> BulkState:
        scheduler = self._scheduler
        if self._end:
            return self._end
        if scheduler.checkpoint.cancel:
            return BulkState.STOPPING
        if scheduler.all_rows_ended and not scheduler.open_rows:
            return BulkState.NEEDS_OPERATOR
        return BulkState.PAUSED if scheduler.checkpoint.paused else BulkState.RUNNING

    def _status(self) -> BulkStatus:
        return self._scheduler.status(self._state, self._retry_until)

    def _result(self) -> BulkResult:
        counts = self._scheduler.counts
        result = BulkResult(
            reference=self._request.reference,
            state=self._state,
            rows=self._request.rows,
            counts=counts,
        )
        if self._end is BulkState.INCOMPLETE:
            raise ApplicationError(
                f"of {result.rows} rows {counts.describe_unsuccessful}, and no operator retried "
                "them in time",
                result,
                type="Incomplete",
                non_retryable=True,
            )
        return result

    def _require_state(self, *states: BulkState) -> None:
        if self._state not in states:
            raise message_rejected(f"the bulk is {self._state.value}")
