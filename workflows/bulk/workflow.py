"""A bulk: how many rows of which part may be open, until all have ended."""

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
    BulkRequest,
    BulkResult,
    BulkRetried,
    BulkState,
    BulkStatus,
    BulkWish,
)
from telegent_orchestrator.names import CANCEL_UPDATE, STATUS_QUERY
from workflows.bulk.details_page import show
from workflows.bulk.scheduler import BulkBook
from workflows.bulk.signals import PART_CHANGED_SIGNAL, PartReport
from workflows.support.cancellation import side_by_side
from workflows.support.messages import read_message

RETRY_WITHIN = timedelta(days=7)
"""How long rows can be started again after all of them have ended."""


@workflow.defn(name=BULK_WORKFLOW)
class BulkWorkflow:
    """Keeps the window: so many rows are open, over all parts; ends when every row has.

    The rows are in the parts (BulkPartWorkflow), which callers start; this one only counts, so it
    can hand on what it knows to a next run as often as its history gets long. It fails when rows
    have failed, or were cancelled, and nobody starts them again in time.
    """

    @workflow.init
    def __init__(self, request: BulkRequest) -> None:
        self._request = request
        self._book = BulkBook(request, workflow.now())
        self._changed = True
        self._end: BulkState | None = None
        self._retry_until: datetime | None = None

    @workflow.run
    async def run(self, request: BulkRequest) -> BulkResult:
        """Let parts go on, as rows end."""
        if request.so_far is None:
            self._book.write(request.by, f"sent {request.rows} rows, {request.window} at a time")
        try:
            await self._until_over()
        except asyncio.CancelledError:
            # From Temporal's own dialog: the same as the message.
            wish = BulkCancel(by="Temporal", reason="the workflow was cancelled")
            if self._book.so_far.cancel is None:
                self._book.cancel(wish)
            await self._until_over()
        await self._tell_parts()
        show(self._status())
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._result()

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> BulkStatus:
        """How far the bulk is."""
        return self._status()

    @workflow.update(name=PAUSE_UPDATE, description="start no more rows for now")
    async def pause(self, *sent: JsonValue) -> None:
        """Takes a BulkWish: rows that run go on, no others are started."""
        self._book.pause(read_message(BulkWish, sent))
        self._changed = True

    @pause.validator
    def _can_pause(self, *sent: JsonValue) -> None:
        read_message(BulkWish, sent)
        self._only_in(BulkState.RUNNING)

    @workflow.update(name=RESUME_UPDATE, description="go on after a pause")
    async def resume(self, *sent: JsonValue) -> None:
        """Takes a BulkWish: starts rows again."""
        self._book.resume(read_message(BulkWish, sent))
        self._changed = True

    @resume.validator
    def _can_resume(self, *sent: JsonValue) -> None:
        read_message(BulkWish, sent)
        self._only_in(BulkState.PAUSED)

    @workflow.update(name=RETRY_UPDATE, description="start failed and cancelled rows again")
    async def retry(self, *sent: JsonValue) -> BulkRetried:
        """Takes a BulkWish: starts the rows again that have failed or were cancelled."""
        rows = self._book.retry(read_message(BulkWish, sent))
        self._changed = True
        return BulkRetried(rows=rows)

    @retry.validator
    def _can_retry(self, *sent: JsonValue) -> None:
        read_message(BulkWish, sent)
        self._only_in(BulkState.RUNNING, BulkState.PAUSED, BulkState.NEEDS_PERSON)
        if not self._book.counts.not_well:
            raise _not_now("no row has failed or was cancelled")

    @workflow.update(name=CANCEL_UPDATE, description="start no more rows")
    async def request_cancel(self, *sent: JsonValue) -> None:
        """Takes a BulkCancel: rows that run go on, unless they are to be cancelled too."""
        self._book.cancel(read_message(BulkCancel, sent))
        self._changed = True

    @request_cancel.validator
    def _can_cancel(self, *sent: JsonValue) -> None:
        wish = read_message(BulkCancel, sent)
        earlier = self._book.so_far.cancel
        if self._end or (earlier and earlier.running_too >= wish.running_too):
            raise _not_now(f"the bulk is {self._state.value} already")

    @workflow.signal(name=PART_CHANGED_SIGNAL, description="sent by parts, not by people")
    def part_changed(self, *sent: JsonValue) -> None:
        """A part's report. Anything else is not ours, and is ignored."""
        try:
            report = read_message(PartReport, sent)
        except ApplicationError:
            return
        if 1 <= report.part <= self._request.parts:
            self._book.take_in(report)
            self._changed = True

    async def _until_over(self) -> None:
        while self._end is None:
            self._changed = False
            self._book.grant()
            await self._tell_parts()
            self._end = self._how_it_ended()
            self._let_retry()
            show(self._status())
            if self._end or self._changed:
                continue
            if workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(self._book.handed_on())
            await self._wait()

    def _let_retry(self) -> None:
        if self._state is not BulkState.NEEDS_PERSON:
            self._retry_until = None
        elif self._retry_until is None:
            self._retry_until = workflow.now() + RETRY_WITHIN

    async def _wait(self) -> None:
        """Until something changes; when only a person can change it, not for ever."""
        within = self._retry_until - workflow.now() if self._retry_until else None
        try:
            await workflow.wait_condition(
                lambda: self._changed,
                timeout=within,
                timeout_summary="Until rows are left as they are",
            )
        except TimeoutError:
            self._end = BulkState.INCOMPLETE

    def _how_it_ended(self) -> BulkState | None:
        book = self._book
        if book.open:
            return None
        if book.so_far.cancel:
            return BulkState.CANCELLED
        if not book.all_ended:
            return None
        return None if book.counts.not_well else BulkState.COMPLETED

    async def _tell_parts(self) -> None:
        """Each part whose orders have changed hears all of them."""
        await side_by_side(
            *(self._book.tell(part) for part in self._book.parts_to_tell(over=bool(self._end)))
        )

    @property
    def _state(self) -> BulkState:
        book = self._book
        if self._end:
            return self._end
        if book.so_far.cancel:
            return BulkState.STOPPING
        if book.all_ended and not book.open:
            return BulkState.NEEDS_PERSON
        return BulkState.PAUSED if book.so_far.paused else BulkState.RUNNING

    def _status(self) -> BulkStatus:
        return self._book.status(self._state, self._retry_until)

    def _result(self) -> BulkResult:
        counts = self._book.counts
        result = BulkResult(
            reference=self._request.reference,
            state=self._state,
            rows=self._request.rows,
            counts=counts,
        )
        if self._end is BulkState.INCOMPLETE:
            raise ApplicationError(
                f"of {result.rows} rows {counts.not_well_in_words}, and nobody started them again",
                result,
                type="Incomplete",
                non_retryable=True,
            )
        return result

    def _only_in(self, *states: BulkState) -> None:
        if self._state not in states:
            raise _not_now(f"the bulk is {self._state.value}")


def _not_now(reason: str) -> ApplicationError:
    return ApplicationError(reason, type="NotNow")
