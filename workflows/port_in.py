"""One port-in: eligible, submitted, followed for days, corrected or cancelled, put into service."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

from pydantic import JsonValue, ValidationError
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from activities.numbers import NumberActivities
from activities.outcome import Outcome
from activities.ports import AwaitChange, OrderSeen, PortActivities, UpdatePort
from telegent_orchestrator.names import (
    ACCOUNT_ATTRIBUTE,
    ATTACH_ORDER_UPDATE,
    CANCEL_SIGNAL,
    CANCEL_UPDATE,
    CORRECT_SIGNAL,
    CORRECT_UPDATE,
    ORDER_ATTRIBUTE,
    ORDER_EVENT_SIGNAL,
    PORT_IN_WORKFLOW,
    PORT_STATE_ATTRIBUTE,
    STATUS_QUERY,
)
from telegent_orchestrator.onboarding import faults_of
from telegent_orchestrator.port_in import (
    AttachOrder,
    PortInCancel,
    PortInCorrection,
    PortInRequest,
    PortInResult,
    PortInStatus,
    PortState,
    TimelineEntry,
)
from telegent_orchestrator.progress import StepState
from workflows import port_states
from workflows.board import Board, words_of
from workflows.ensure import attempt, outcome_of
from workflows.policies import CREATE, POLL, PORT_REQUEST, READ, SET, STRANGE_ANSWER_PAUSE
from workflows.rejections import UNCLASSIFIED, Rejection, classify
from workflows.reporting import ChildChanged, tell_parent

STATE = SearchAttributeKey.for_keyword(PORT_STATE_ATTRIBUTE)
ORDER = SearchAttributeKey.for_keyword(ORDER_ATTRIBUTE)
ACCOUNT = SearchAttributeKey.for_keyword(ACCOUNT_ATTRIBUTE)

ELIGIBILITY, SUBMIT = "Eligibility", "Submit"
CARRIER, SERVICE = "Losing carrier", "Put into service"

SENTENCES = {
    PortState.CHECKING_ELIGIBILITY: "asking whether the number can be ported",
    PortState.INELIGIBLE: "the number cannot be ported",
    PortState.SUBMITTING: "submitting the port-in",
    PortState.SUBMIT_UNKNOWN: "submitted without an answer: the order id is needed",
    PortState.SUBMITTED: "submitted, waiting for the losing carrier",
    PortState.AT_CARRIER: "the losing carrier is working on it",
    PortState.SCHEDULED: "the losing carrier has agreed on a date",
    PortState.ACTION_REQUIRED: "rejected: a correction is needed",
    PortState.UPDATE_REQUESTED: "sending the correction",
    PortState.CANCEL_REQUESTED: "cancel requested, not confirmed yet",
    PortState.CANCELLED: "cancelled",
    PortState.PORTED: "the number has arrived",
    PortState.CONFIGURING: "putting the number into service",
    PortState.COMPLETED: "the number is live",
}
WAITING_FOR_PEOPLE = (PortState.ACTION_REQUIRED, PortState.SUBMIT_UNKNOWN)
AT_THE_END = (PortState.PORTED, PortState.CANCELLED)


@workflow.defn(name=PORT_IN_WORKFLOW)
class PortInWorkflow:
    """Brings a number from another carrier; ends COMPLETED, CANCELLED or INELIGIBLE.

    People correct, cancel or attach an order id while it runs. A message that cannot be used is
    refused to its sender (update) or stands in the timeline with the reason (signal).
    """

    @workflow.init
    def __init__(self, request: PortInRequest) -> None:
        self._request = request
        self._details = request.details
        self._state = PortState.CHECKING_ELIGIBILITY
        self._rejection: Rejection | None = None
        self._order: OrderSeen | None = None
        self._submitted_at = workflow.now()
        self._changed_at: datetime | None = None
        self._corrections: list[PortInCorrection] = []
        self._correct_again = False
        self._cancel: PortInCancel | None = None
        self._unanswered: PortInCancel | Literal["correction"] | None = None
        self._look_now = False
        self._timeline: list[TimelineEntry] = []
        self._result = PortInResult(phone_number=self._details.phone_number, state=self._state)
        self._board = Board([ELIGIBILITY, SUBMIT, CARRIER, SERVICE])

    @workflow.run
    async def run(self, request: PortInRequest) -> PortInResult:
        """Eligibility, submit, follow the order, put the number into service."""
        if not await self._arrived_in_an_earlier_run():
            await self._check_eligibility()
            await self._submit()
            await self._follow()
        if self._state is PortState.PORTED:
            await self._put_into_service()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._result

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> PortInStatus:
        """How far the port-in is, without secrets."""
        rejection = self._rejection
        return PortInStatus(
            phone_number=self._details.phone_number,
            state=self._state,
            order_id=self._order.order_id if self._order else None,
            vendor_words=self._order.words if self._order else "",
            reason=rejection.reason if rejection else "",
            remedy=rejection.remedy if rejection else "",
            fields_to_correct=list(rejection.fields) if rejection else [],
            steps=self._board.steps,
            timeline=self._timeline,
        )

    @workflow.update(name=CORRECT_UPDATE)
    async def submit_correction(self, correction: PortInCorrection) -> PortState:
        """Takes a correction, or refuses it with the reason; returns the state it met."""
        return self._take_correction(correction)

    @submit_correction.validator
    def _correction_fits(self, correction: PortInCorrection) -> None:
        _refuse(port_states.refusal_of_correction(self._state))

    @workflow.update(name=CANCEL_UPDATE)
    async def request_cancel(self, cancel: PortInCancel) -> PortState:
        """Takes the wish to cancel, or refuses it with the reason; returns the state it met."""
        return self._take_cancel(cancel)

    @request_cancel.validator
    def _cancel_fits(self, cancel: PortInCancel) -> None:
        _refuse(port_states.refusal_of_cancel(self._state))

    @workflow.update(name=ATTACH_ORDER_UPDATE)
    async def attach_order(self, order: AttachOrder) -> None:
        """Takes the order id of a submit that was never answered."""
        self._order = OrderSeen(order_id=order.order_id, status="")
        self._write(order.by, f"attached order {order.order_id}: {order.reason}")

    @attach_order.validator
    def _order_fits(self, order: AttachOrder) -> None:
        _refuse(port_states.refusal_of_order(self._state))

    @workflow.signal(name=CORRECT_SIGNAL)
    def correct(self, raw: JsonValue) -> None:
        """Takes a correction; one that cannot be used stands in the timeline with the reason."""
        try:
            correction = PortInCorrection.model_validate(raw)
            _refuse(port_states.refusal_of_correction(self._state))
        except (ValidationError, ApplicationError) as error:
            self._write_refusal("a correction", raw, error)
        else:
            self._take_correction(correction)

    @workflow.signal(name=CANCEL_SIGNAL)
    def cancel(self, raw: JsonValue) -> None:
        """Takes the wish to cancel; one that cannot be used stands in the timeline."""
        try:
            cancel = PortInCancel.model_validate(raw)
            _refuse(port_states.refusal_of_cancel(self._state))
        except (ValidationError, ApplicationError) as error:
            self._write_refusal("a cancel", raw, error)
        else:
            self._take_cancel(cancel)

    @workflow.signal(name=ORDER_EVENT_SIGNAL)
    def order_event(self) -> None:
        """A hint that the order may have changed: look at it now."""
        self._look_now = True

    async def _arrived_in_an_earlier_run(self) -> bool:
        if bind := self._request.bind:
            workflow.upsert_search_attributes([ACCOUNT.value_set(bind.account_id)])
        if not self._request.look_first:
            return False
        here = await workflow.execute_activity_method(
            NumberActivities.read_number,
            self._details.phone_number,
            summary="Look whether the number has arrived already",
            **READ,
        )
        if here is None:
            return False
        for step in (ELIGIBILITY, SUBMIT, CARRIER):
            self._board.skip(step, "the number had arrived in an earlier run")
        await self._move(PortState.PORTED, "the number had arrived in an earlier run")
        return True

    async def _check_eligibility(self) -> None:
        async with self._board.step(ELIGIBILITY):
            await self._move(PortState.CHECKING_ELIGIBILITY, "started")
            answer = await workflow.execute_activity_method(
                PortActivities.check_port_eligibility,
                args=[self._details.phone_number, self._details.classification],
                summary="Ask whether the number can be ported in",
                **READ,
            )
            self._board.note(ELIGIBILITY, answer.vendor_words)
        if not answer.eligible:
            self._result.reason = answer.vendor_words or "Telegent gave no reason"
            await self._move(PortState.INELIGIBLE, "not eligible", answer.vendor_words)

    async def _submit(self) -> None:
        if self._state.final:
            return
        async with self._board.step(SUBMIT):
            while self._order is None and not self._state.final:
                await self._submit_once()
        if self._order is not None:
            self._submitted_at = workflow.now()
            self._result.order_id = self._order.order_id
            workflow.upsert_search_attributes([ORDER.value_set(self._order.order_id)])
            await self._move(PortState.SUBMITTED, "submitted", self._order.words)

    async def _submit_once(self) -> None:
        await self._move(PortState.SUBMITTING, "submitting")
        try:
            self._order = await attempt(
                self._board,
                SUBMIT,
                lambda: workflow.execute_activity_method(
                    PortActivities.submit_port,
                    self._details,
                    summary="Submit the port-in",
                    **CREATE,
                ),
            )
        except ActivityError as error:
            await self._submit_failed(error)

    async def _submit_failed(self, error: ActivityError) -> None:
        """A lost answer waits for the order id; a refusal waits for other data, or the end."""
        if is_cancelled_exception(error):
            raise error
        words = words_of(error)
        if outcome_of(error) is Outcome.UNKNOWN:
            await self._move(PortState.SUBMIT_UNKNOWN, "the submit was not answered", words)
            await workflow.wait_condition(lambda: self._order is not None)
            return
        self._rejection = classify(words)
        await self._move(PortState.ACTION_REQUIRED, "Telegent refused the submit", words)
        await workflow.wait_condition(lambda: bool(self._corrections or self._cancel))
        if self._cancel:
            self._result.reason = f"cancelled by {self._cancel.by}: {self._cancel.reason}"
            await self._move(PortState.CANCELLED, "cancelled before any order existed")
        else:
            self._merge_corrections()

    async def _follow(self) -> None:
        if self._state.final:
            return
        async with self._board.step(CARRIER):
            while self._state not in AT_THE_END:
                try:
                    if self._cancel:
                        await self._send_cancel(self._cancel)
                    elif self._corrections or self._correct_again:
                        await self._send_correction()
                    else:
                        await self._look()
                except (asyncio.CancelledError, ActivityError) as error:
                    if not is_cancelled_exception(error):
                        raise
                    # An open port is not dropped: cancelling the workflow cancels the port.
                    self._take_cancel(
                        PortInCancel(by="Temporal", reason="the workflow was cancelled")
                    )

    async def _look(self) -> None:
        """Waits until the order changes, a message comes, or a hint says that it may have."""
        assert self._order is not None
        self._look_now = False
        looking = workflow.start_activity_method(
            PortActivities.await_port_change,
            AwaitChange(
                seen=self._order, submitted_at=self._submitted_at, updated_at=self._changed_at
            ),
            summary="Wait for the losing carrier",
            **POLL,
        )
        await workflow.wait_condition(lambda: looking.done() or self._has_message())
        if not looking.done():
            looking.cancel()
            await workflow.wait_condition(looking.done)
            # Nobody needs how it ended, but asyncio complains of an exception nobody asked for.
            looking.exception()
            return
        try:
            seen = await looking
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            # A 404 on an order that we know is not an end: show it, and keep asking.
            self._write("Telegent", "did not show the order", words_of(error))
            await self._pause()
            return
        await self._read(seen)

    async def _pause(self) -> None:
        """Waits a while, unless a message comes."""
        with contextlib.suppress(asyncio.TimeoutError):
            await workflow.wait_condition(
                self._has_message,
                timeout=STRANGE_ANSWER_PAUSE,
                timeout_summary="Ask for the order again",
            )

    async def _read(self, seen: OrderSeen) -> None:
        """Takes in what the vendor shows of the order."""
        same_words = seen == self._order
        unanswered, self._unanswered = self._unanswered, None
        self._order, self._changed_at = seen, None
        state = port_states.after_reading(self._state, seen.status)
        if same_words and unanswered == "correction":
            self._write("Telegent", "did not take the correction; sending it again", seen.words)
            self._correct_again = True
        elif same_words and isinstance(unanswered, PortInCancel):
            self._write("Telegent", "did not take the cancel; sending it again", seen.words)
            self._cancel = unanswered
        elif port_states.meaning(seen.status) is None:
            self._write("Telegent", "used a word that we do not know", seen.words)
        elif state is PortState.ACTION_REQUIRED:
            self._rejection = classify(seen.message)
            await self._move(state, "the losing carrier rejected", seen.words)
        elif state is not self._state:
            self._rejection = None
            if state is PortState.CANCELLED:
                self._result.reason = "Telegent shows the order as cancelled"
            await self._move(state, SENTENCES[state], seen.words)

    async def _send_correction(self) -> None:
        before = self._state
        self._merge_corrections()
        await self._move(PortState.UPDATE_REQUESTED, "sending the correction")
        outcome = await self._ask_vendor(
            "the correction",
            lambda: workflow.execute_activity_method(
                PortActivities.update_port,
                UpdatePort(order_id=self._order_id, details=self._details),
                summary="Send the correction",
                **PORT_REQUEST,
            ),
        )
        if outcome is None:
            self._rejection = None
            await self._move(PortState.SUBMITTED, "Telegent took the correction")
        elif outcome is Outcome.UNKNOWN:
            self._unanswered = "correction"
        else:
            await self._move(before, "waiting for another correction")

    async def _send_cancel(self, cancel: PortInCancel) -> None:
        before, self._cancel = self._state, None
        await self._move(PortState.CANCEL_REQUESTED, f"cancelling for {cancel.by}")
        outcome = await self._ask_vendor(
            "the cancel",
            lambda: workflow.execute_activity_method(
                PortActivities.cancel_port,
                self._order_id,
                summary="Ask Telegent to cancel",
                **PORT_REQUEST,
            ),
        )
        if outcome is Outcome.UNKNOWN:
            self._unanswered = cancel
        elif outcome is not None:
            await self._move(before, "the port-in goes on")

    async def _ask_vendor(self, what: str, call: Callable[[], Awaitable[None]]) -> Outcome | None:
        """Sends a request about the order; None when taken, else why not, and in the timeline."""
        try:
            await attempt(self._board, CARRIER, call)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            outcome = outcome_of(error)
            verb = "did not answer" if outcome is Outcome.UNKNOWN else "refused"
            self._write("Telegent", f"{verb} {what}", words_of(error))
            return outcome
        finally:
            self._changed_at = workflow.now()
        return None

    async def _put_into_service(self) -> None:
        async with self._board.step(SERVICE):
            number = await workflow.execute_activity_method(
                NumberActivities.await_number,
                self._details.phone_number,
                summary="Read the number's details",
                **READ,
            )
            self._result.number_id = number.number_id
            self._result.iccid = number.iccid or self._details.iccid
            if bind := self._request.bind:
                await self._move(PortState.CONFIGURING, SENTENCES[PortState.CONFIGURING])
                await workflow.execute_activity_method(
                    NumberActivities.bind_number,
                    args=[self._details.phone_number, bind, self._details.iccid],
                    summary="Bind the number to subscriber, routes and product type",
                    **SET,
                )
            await self._move(PortState.COMPLETED, SENTENCES[PortState.COMPLETED])

    def _has_message(self) -> bool:
        return bool(self._look_now or self._cancel or self._corrections or self._correct_again)

    def _take_correction(self, correction: PortInCorrection) -> PortState:
        self._write(correction.by, f"corrected {', '.join(sorted(correction.fields))}")
        self._corrections.append(correction)
        return self._state

    def _merge_corrections(self) -> None:
        """Puts what waits into the details, of which the full set is always sent."""
        for correction in self._corrections:
            changes = {name: getattr(correction, name) for name in correction.fields}
            self._details = self._details.model_copy(update=changes)
        self._corrections, self._correct_again = [], False

    def _take_cancel(self, cancel: PortInCancel) -> PortState:
        self._write(cancel.by, f"asked to cancel: {cancel.reason}")
        self._cancel = cancel
        return self._state

    @property
    def _order_id(self) -> str:
        return self._order.order_id if self._order else ""

    async def _move(self, state: PortState, what: str, vendor_words: str = "") -> None:
        """Enters a state and shows it: timeline, result, search attribute, details, parent."""
        self._state = self._result.state = state
        self._write("Telegent" if vendor_words else "orchestrator", what, vendor_words)
        if workflow.info().typed_search_attributes.get(STATE) != state.value:
            workflow.upsert_search_attributes([STATE.value_set(state.value)])
        people = state in WAITING_FOR_PEOPLE
        await tell_parent(
            ChildChanged(
                key=self._details.phone_number,
                state=StepState.NEEDS_PERSON if people else StepState.RUNNING,
                detail=f"port-in {state.value}: {SENTENCES[state]}",
            )
        )

    def _write(self, by: str, what: str, vendor_words: str = "") -> None:
        self._timeline.append(
            TimelineEntry(
                at=workflow.now(), by=by, what=what, state=self._state, vendor_words=vendor_words
            )
        )
        self._result.timeline = self._timeline
        self._show()

    def _write_refusal(
        self, what: str, raw: JsonValue, error: ValidationError | ApplicationError
    ) -> None:
        sender = raw.get("by") if isinstance(raw, dict) else None
        faults = faults_of(error) if isinstance(error, ValidationError) else [error.message]
        self._write(
            sender if isinstance(sender, str) else "unknown sender",
            f"sent {what} that was refused: {'; '.join(faults)}",
        )

    def _show(self) -> None:
        preface = [f"**{self._state.value}**: {SENTENCES[self._state]}"]
        if self._order:
            preface.append(f"- order `{self._order_id}`, Telegent says: {self._order.words}")
        if self._state is PortState.ACTION_REQUIRED:
            rejection = self._rejection or UNCLASSIFIED
            preface += [
                f"- reason **{rejection.reason}**: {rejection.remedy}",
                f"- send the signal `{CORRECT_SIGNAL}` with `by` and "
                + (", ".join(f"`{name}`" for name in rejection.fields) or "what is wrong"),
            ]
        self._board.preface = preface
        self._board.show()


def _refuse(reason: str | None) -> None:
    if reason:
        raise ApplicationError(reason, type="NotNow")
