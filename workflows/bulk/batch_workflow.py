"""One part of a bulk: holds the requests of its rows, and runs as many as it may."""

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

from activities.local import HouseActivities
from activities.support.outcomes import words_of
from telegent_orchestrator import _ui_text
from telegent_orchestrator._validation import shortened
from telegent_orchestrator.bulk import (
    BULK_PART_WORKFLOW,
    BulkPartRequest,
    BulkPartStatus,
    BulkRow,
    Counts,
    RowResult,
    RowState,
    bulk_id,
)
from telegent_orchestrator.names import ONBOARDING_WORKFLOW, STATUS_QUERY, onboarding_id
from telegent_orchestrator.onboarding import OnboardingResult
from workflows.bulk.details_page import show_part
from workflows.bulk.signals import ORDER_SIGNAL, PART_CHANGED_SIGNAL, PartOrder, PartReport
from workflows.support.activity_calls import requesting
from workflows.support.activity_options import BULK, JOIN
from workflows.support.messages import read_message

GATHERING = timedelta(seconds=1)
"""How long rows that end wait for each other, to share one report."""
MOST_MISSES = 5
"""Reports in a row that nobody takes, until the bulk counts as gone."""
WELL = (RowState.DONE, RowState.ALREADY_DONE)


@workflow.defn(name=BULK_PART_WORKFLOW)
class BulkPartWorkflow:
    """Starts an onboarding for each row, when the bulk lets it, and reports how they end.

    It ends when all its rows are done, or with the bulk. An onboarding outlives it.
    """

    @workflow.init
    def __init__(self, request: BulkPartRequest) -> None:
        self._request = request
        self._rows = [
            RowResult(row=row.number, reference=row.onboarding.reference) for row in request.rows
        ]
        self._order = PartOrder()
        self._started = 0
        self._retries = 0
        self._again: set[int] = set()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._reported: PartReport | None = None
        self._misses = 0

    @workflow.run
    async def run(self, request: BulkPartRequest) -> BulkPartStatus:
        """Report whenever something has changed, until there is nothing more to do."""
        show_part(self._rows)
        while not self._finished:
            try:
                await self._report()
                if not self._finished:
                    await workflow.sleep(GATHERING, summary="More rows may end")
                await workflow.wait_condition(lambda: self._finished or self._has_news)
            except asyncio.CancelledError:
                # From Temporal's own dialog: the rows are cancelled, and the bulk hears of it.
                self._follow(self._order.model_copy(update={"cancel": True}))
        return self.status()

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> BulkPartStatus:
        """How each row stands."""
        return BulkPartStatus(bulk=self._request.bulk, part=self._request.part, rows=self._rows)

    @workflow.signal(name=ORDER_SIGNAL, description="sent by the bulk, not by people")
    def order(self, *sent: JsonValue) -> None:
        """An order of the bulk. Anything else is not ours, and is ignored."""
        try:
            order = read_message(PartOrder, sent)
        except ApplicationError:
            return
        self._follow(order)

    def _follow(self, order: PartOrder) -> None:
        cancel = order.cancel and not self._order.cancel
        # Cancelled in Temporal's dialog, it stays so whatever the bulk says later.
        self._order = order.model_copy(update={"cancel": order.cancel or self._order.cancel})
        if order.retries > self._retries:
            self._retries = order.retries
            for at, row in enumerate(self._rows):
                if row.state.not_well:
                    self._again.add(at)
                    self._rows[at] = RowResult(row=row.row, reference=row.reference)
        for at, row in enumerate(self._rows):
            may = not (order.end or order.cancel) and self._started < order.granted
            if may and row.state is RowState.WAITING:
                self._started += 1
                row.state, row.started_at = RowState.RUNNING, workflow.now()
                self._running[at] = running = asyncio.create_task(self._run(at))
                running.add_done_callback(partial(self._ended, at))
        if cancel:
            for running in self._running.values():
                running.cancel()
        show_part(self._rows)

    async def _run(self, at: int) -> None:
        wanted, row = self._request.rows[at], self._rows[at]
        try:
            await self._onboard(wanted, row, again=at in self._again)
        except FailureError as error:
            # An onboarding that somebody has cancelled by itself can be started again like a failed
            # one; the bulk must not end as if all were done.
            cancelled = is_cancelled_exception(error) and self._order.cancel
            row.state = RowState.CANCELLED if cancelled else RowState.FAILED
            row.detail = row.detail or shortened(words_of(error))

    def _ended(self, at: int, _: asyncio.Task[None]) -> None:
        row = self._rows[at]
        if row.state is RowState.RUNNING:
            row.state = RowState.CANCELLED
        row.ended_at = workflow.now()
        del self._running[at]
        show_part(self._rows)

    async def _onboard(self, wanted: BulkRow, row: RowResult, *, again: bool) -> None:
        """Runs the row's onboarding, or joins the one that is there.

        One that failed is started again only when somebody has asked for that.
        """
        policy = WorkflowIDReusePolicy
        reference = wanted.onboarding.reference
        try:
            result: OnboardingResult = await workflow.execute_child_workflow(
                ONBOARDING_WORKFLOW,
                wanted.onboarding,
                id=onboarding_id(reference),
                result_type=OnboardingResult,
                id_reuse_policy=(
                    policy.ALLOW_DUPLICATE_FAILED_ONLY if again else policy.REJECT_DUPLICATE
                ),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                priority=BULK,
                static_summary=f"Onboarding {reference}",
                static_details=_ui_text.ONBOARDING,
            )
            row.state = RowState.DONE
            _note(row, result)
        except WorkflowAlreadyStartedError:
            await self._join(row)
        except ChildWorkflowError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError) and cause.type == "Incomplete" and cause.details:
                _note(row, OnboardingResult.model_validate(cause.details[0]))
            raise

    async def _join(self, row: RowResult) -> None:
        row.detail = "was there already: waiting for it"
        wait = requesting(
            JOIN,
            HouseActivities.await_onboarding,
            "Wait for the onboarding that was there",
            row.reference,
        )
        try:
            ended = await wait()
        except ActivityError as error:
            cancelled = is_cancelled_exception(error)
            row.detail = "was there before this bulk, and goes on" if cancelled else words_of(error)
            raise
        if ended.result:
            _note(row, ended.result)
        row.detail = shortened(f"before this bulk: {ended.fault}") if ended.fault else ""
        row.state = RowState.FAILED if ended.fault else RowState.ALREADY_DONE

    @property
    def _has_news(self) -> bool:
        return self._now() != self._reported

    @property
    def _finished(self) -> bool:
        """Whether the bulk is over, or has heard that all is done here."""
        return self._order.end or (self._over and not self._has_news)

    async def _report(self) -> None:
        """Tells the bulk how the rows stand; nothing more is started when it is gone."""
        report = self._now()
        bulk = workflow.get_external_workflow_handle(bulk_id(self._request.bulk))
        try:
            if self._misses < MOST_MISSES:
                await bulk.signal(PART_CHANGED_SIGNAL, report)
                self._misses = 0
        except ApplicationError:
            # It may be between two of its runs just now.
            self._misses += 1
            return
        self._reported = report

    def _now(self) -> PartReport:
        states = [row.state for row in self._rows]
        return PartReport(
            part=self._request.part,
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
            over=self._over,
        )

    @property
    def _over(self) -> bool:
        """Whether no order can change anything any more."""
        return not self._running and (
            self._misses == MOST_MISSES or all(row.state in WELL for row in self._rows)
        )


def _note(row: RowResult, result: OnboardingResult) -> None:
    row.account_id = result.account_id
    row.phone_numbers = [line.phone_number for line in result.lines if line.phone_number]
