"""The vendor's order behind a port-in: submitting, following, correcting, cancelling it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.local import LocalActivities
from activities.port_in.orders import AwaitChange, OrderSnapshot, PortInActivities, UpdatePort
from activities.support.outcomes import Outcome, failure_message
from activities.support.write_specs import CANCEL_PORT, UPDATE_PORT, WriteSpec
from telegent_orchestrator.port_in import PortInCancel, PortState
from workflows.port_in.deadline_timer import DeadlineTimer
from workflows.port_in.inbox import PendingMessages
from workflows.port_in.rejections import PIN_EXPIRED, PIN_INVALID, classify
from workflows.port_in.state import (
    CARRIER,
    ORCHESTRATOR_ACTOR,
    STATE_DESCRIPTIONS,
    SUBMIT,
    TELEGENT_ACTOR,
    PortInModel,
)
from workflows.port_in.transitions import (
    ORDER_SETTLED,
    PROGRESS,
    interpret_status,
    parse_vendor_status,
)
from workflows.support.activity_calls import execute_local, prepare_call, prepare_write
from workflows.support.activity_options import (
    ORDER_NOT_FOUND_DELAY,
    POLL_OPTIONS,
    PORT_SUBMIT_OPTIONS,
    with_priority,
)
from workflows.support.cancellation import shield
from workflows.support.exactly_once import call_until_conclusive, classify_failure
from workflows.support.metrics import (
    LostResponseResolution,
    count_lost_response_resolved,
    count_rejection,
    count_unknown_status,
)

WIRELESS_CLASSIFICATION = "mvno"
"""The target classification of a wireless port; one with a date of its own is a landline's."""


@dataclass
class PendingChange:
    """A correction (`cancel` is None) or a cancel, until the order shows what became of it.

    Rejected, the port-in is in its `previous_state` again, as if it had not left it, and the
    change that it `superseded` is pending again. `restart`: once cancelled, a new order is made.
    `lost_responses`: how often in a row it was sent without an answer.
    """

    cancel: PortInCancel | None
    previous_state: PortState
    previous_state_entered_at: datetime
    superseded: "PendingChange | None" = None
    restart: bool = False
    lost_responses: int = 0

    @property
    def label(self) -> str:
        """What it is called in the timeline."""
        return "the cancel" if self.cancel else "the correction"

    @property
    def write(self) -> WriteSpec:
        """Its row."""
        return CANCEL_PORT if self.cancel else UPDATE_PORT

    def resolved_by(self, seen: OrderSnapshot, before: OrderSnapshot, *, rejected: bool) -> bool:
        """Whether an order that shows this now tells what became of it, when its answer was lost.

        A carrier moves orders by itself, too. So only an end tells of a cancel; and of a
        correction a rejection, which people see then, or that a rejected order goes on, which
        nothing else makes it do.
        """
        shown = parse_vendor_status(seen.status)
        if shown in ORDER_SETTLED:
            return True
        moved = seen != before and (rejected or shown is PortState.ACTION_REQUIRED)
        return moved and self.cancel is None


class OrderTracker:
    """One order at the vendor. Every request about it is made once; the order tells the rest."""

    def __init__(self, record: PortInModel, inbox: PendingMessages, waiting: DeadlineTimer) -> None:
        self._model = record
        self._inbox = inbox
        self._timer = waiting
        self._sent_at: datetime | None = None
        self._pending_change: PendingChange | None = None
        self._unconfirmed: OrderSnapshot | None = None

    @property
    def _snapshot(self) -> OrderSnapshot:
        assert self._model.order is not None
        return self._model.order

    async def submit(self) -> ActivityError | None:
        """Submits once; returns why there is no order, if there is none.

        Raises CancelledError when the workflow is cancelled while nothing could be sent.
        """
        record = self._model
        await record.transition_to(PortState.SUBMITTING, "submitting")
        call = prepare_call(
            PORT_SUBMIT_OPTIONS, PortInActivities.submit_port, "Submit the port-in", record.details
        )
        try:
            order = await call_until_conclusive(record.progress, SUBMIT, call)
        except ActivityError as error:
            if classify_failure(error) is not Outcome.UNKNOWN:
                record.details_at_vendor = record.details
            return error
        record.details_at_vendor = record.details
        await self.follow(order, "submitted")
        return None

    async def follow(self, order: OrderSnapshot, what: str) -> None:
        """Follows this order from now on."""
        self._model.adopt_order(order)
        self._sent_at = workflow.now()
        await self._model.transition_to(PortState.SUBMITTED, what, order.status_text)
        await self._arm_silence_timer()

    async def poll_until_change(self) -> None:
        """Waits until the order changes or somebody writes, and takes in what it shows."""
        record = self._model
        self._inbox.poll_requested = False
        poll = workflow.start_activity_method(
            PortInActivities.await_port_change,
            AwaitChange(
                last_snapshot=self._snapshot,
                submitted_at=self._model.carrier_clock_started_at,
                updated_at=self._sent_at,
                lost_responses=self._pending_change.lost_responses if self._pending_change else 0,
                phone_number=record.details.phone_number,
                wireline=record.details.port_in_date is not None,
                needs_operator=record.state is PortState.ACTION_REQUIRED,
                urgent=record.state in (PortState.UPDATE_REQUESTED, PortState.CANCEL_REQUESTED),
            ),
            summary="Wait for the losing carrier",
            **with_priority(POLL_OPTIONS, workflow.info().priority),
        )
        await self._timer.wait_until(poll.done)
        if not poll.done():
            poll.cancel()
            await workflow.wait_condition(poll.done)
            # Nobody needs how it ended, but asyncio complains of an exception nobody asked for;
            # and asking a cancelled task raises what would pass for the workflow's cancellation.
            if not poll.cancelled():
                poll.exception()
            return
        try:
            seen = await poll
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            await self._on_not_found(error)
            return
        await shield(self._apply_snapshot(seen))

    async def send_correction(self) -> None:
        """Sends the full set of details, with what was corrected; first checks them itself."""
        record, under_way = self._model, self._pending_change
        self._inbox.apply_corrections()
        if await self.validate_details():
            await self._send(self._new_change(None))
        elif under_way and record.state is PortState.UPDATE_REQUESTED:
            # What was sent without an answer, such as a PIN, has become wrong meanwhile.
            await self._restore_previous_state(under_way)

    async def send_cancel(self, cancel: PortInCancel, *, restart: bool = False) -> None:
        """Asks the vendor to cancel. It is cancelled when the order shows it, and not before."""
        self._inbox.cancel = None
        await self._send(self._new_change(cancel, restart=restart))

    def discard_restart(self) -> None:
        """Once the order is cancelled, that is the end."""
        if self._pending_change:
            self._pending_change.restart = False

    def _new_change(self, cancel: PortInCancel | None, *, restart: bool = False) -> PendingChange:
        old = self._pending_change
        if old and bool(old.cancel) == bool(cancel):
            restart = restart or old.restart
            return replace(old, cancel=cancel, restart=restart)
        return PendingChange(cancel, self._model.state, self._model.state_entered_at, old, restart)

    async def _send(self, request: PendingChange) -> None:
        self._pending_change = request
        if request.cancel:
            cancelling = f"cancelling for {request.cancel.by}"
            await self._model.transition_to(PortState.CANCEL_REQUESTED, cancelling)
            summary = "Ask Telegent to cancel"
            call = prepare_write(PortInActivities.cancel_port, summary, self._model.order_id)
        else:
            await self._model.transition_to(PortState.UPDATE_REQUESTED, "sending the correction")
            wanted = UpdatePort(last_snapshot=self._snapshot, details=self._model.details)
            call = prepare_write(PortInActivities.update_port, "Send the correction", wanted)
        try:
            await call_until_conclusive(
                self._model.progress, CARRIER, call, ignore_cancellation=True
            )
        except ActivityError as error:
            await self._on_not_accepted(request, error)
        else:
            await self._on_accepted(request)

    async def _on_accepted(self, request: PendingChange) -> None:
        self._sent_at = workflow.now()
        request.lost_responses, request.superseded = 0, None
        if request.cancel is None:
            self._pending_change = None
            self._model.rejection, self._model.details_at_vendor = None, self._model.details
            await self._model.transition_to(PortState.SUBMITTED, "Telegent took the correction")
            await self._arm_silence_timer()

    async def _on_not_accepted(self, request: PendingChange, error: ActivityError) -> None:
        outcome, words = classify_failure(error), failure_message(error)
        if outcome is Outcome.UNKNOWN:
            self._sent_at = workflow.now()
            request.lost_responses += 1
            self._model.log(TELEGENT_ACTOR, f"did not answer {request.label}", words)
            return
        if outcome is Outcome.STALE:
            self._model.log(ORCHESTRATOR_ACTOR, f"{request.label} was {words}")
        else:
            self._model.log(TELEGENT_ACTOR, f"refused {request.label}", words)
        await self._restore_previous_state(request)
        if request.cancel:
            await self._model.raise_attention(f"the cancel for {request.cancel.by} was refused")

    async def _restore_previous_state(self, request: PendingChange) -> None:
        """As if it had never been sent: reminders and deadlines go on where they were."""
        self._pending_change = request.superseded
        if self._pending_change:
            self._sent_at = workflow.now()
        then = "the port-in goes on" if request.cancel else "waiting for another correction"
        await self._model.transition_to(
            request.previous_state, then, entered_at=request.previous_state_entered_at
        )
        # The carrier may have moved on while the request was sent again and again.
        shown = interpret_status(request.previous_state, self._snapshot.status)
        if (
            shown.state in PROGRESS
            and not shown.needs_confirmation
            and shown.state is not request.previous_state
        ):
            await self._model.transition_to(
                shown.state, STATE_DESCRIPTIONS[shown.state], self._snapshot.status_text
            )

    async def _apply_snapshot(self, seen: OrderSnapshot) -> None:
        record, request, before = self._model, self._pending_change, self._snapshot
        reading = interpret_status(record.state, seen.status)
        if reading.needs_confirmation and seen != self._unconfirmed:
            # A status that goes backwards counts when a second look says the same.
            self._unconfirmed = seen
            record.log(TELEGENT_ACTOR, "went backwards; looking again", seen.status_text)
            return
        record.order, self._sent_at, self._unconfirmed = seen, None, None
        if request and request.lost_responses:
            rejected = record.rejection is not None
            if not request.resolved_by(seen, before, rejected=rejected):
                await self._resend(request, seen)
                return
            count_lost_response_resolved(request.write.activity, LostResponseResolution.FOUND)
            if request.cancel is None and reading.state is not PortState.ACTION_REQUIRED:
                record.details_at_vendor = record.details
        if request and (request.cancel is None or reading.state in ORDER_SETTLED):
            self._pending_change = None
        if not reading.known:
            record.unknown_statuses += 1
            count_unknown_status()
            record.log(TELEGENT_ACTOR, "used a word that we do not know", seen.status_text)
        elif reading.state is PortState.ACTION_REQUIRED:
            await self._on_rejected(seen)
        elif reading.state is PortState.CANCELLED and request and request.restart:
            await self._restart(seen)
        elif reading.state is not record.state:
            record.rejection = None
            await record.transition_to(
                reading.state, STATE_DESCRIPTIONS[reading.state], seen.status_text
            )

    async def _resend(self, request: PendingChange, seen: OrderSnapshot) -> None:
        count_lost_response_resolved(request.write.activity, LostResponseResolution.CREATED_AGAIN)
        again = f"shows no sign of {request.label}; sending it again"
        self._model.log(TELEGENT_ACTOR, again, seen.status_text)
        if request.cancel:
            await self._send(request)
        else:
            await self.send_correction()

    async def _restart(self, cancelled: OrderSnapshot) -> None:
        """The old order is cancelled for certain, so a new one may be made."""
        record = self._model
        record.rejection, record.rejections, record.order = None, 0, None
        await record.transition_to(
            PortState.CHECKING_ELIGIBILITY, "cancelled; starting again", cancelled.status_text
        )
        # What was decided on the old order must not be done to the new one.
        self._inbox.drop_what_is_too_late()

    async def _on_rejected(self, seen: OrderSnapshot) -> None:
        record = self._model
        rejection = classify(seen.message)
        expires = self._timer.pin_expires_at
        if rejection is PIN_INVALID and expires and expires <= workflow.now():
            rejection = PIN_EXPIRED
        record.rejection = rejection
        record.rejections += 1
        count_rejection(rejection.reason)
        await record.transition_to(
            PortState.ACTION_REQUIRED, "the losing carrier rejected", seen.status_text
        )
        if rejection.not_correctable:
            await record.raise_attention(
                f"no data can mend {rejection.reason}: an operator decides (restart, or cancel)"
            )
        elif record.rejections >= min(rejection.max_rejections, self._inbox.max_rejections):
            await record.raise_attention(f"rejected {record.rejections} times: an operator decides")

    async def _on_not_found(self, error: ActivityError) -> None:
        """A 404 on an order that we know is not an end: show it, and keep asking."""
        self._model.log(TELEGENT_ACTOR, "did not show the order", failure_message(error))
        pause = asyncio.create_task(
            workflow.sleep(ORDER_NOT_FOUND_DELAY, summary="Ask for the order again")
        )
        await self._timer.wait_until(pause.done)
        pause.cancel()

    async def validate_details(self) -> bool:
        """Whether the details pass our own checks; if not, the timeline says what is wrong."""
        found = await execute_local(
            LocalActivities.validate_port_in_details, "Check the data", self._model.details
        )
        self._timer.pin_expires_at = found.pin_expires_at
        self._model.result.warnings = found.warnings
        if not found.errors:
            return True
        self._model.missing_fields = found.invalid_fields
        self._model.log(ORCHESTRATOR_ACTOR, f"not sent: {'; '.join(found.errors)}")
        return False

    async def _arm_silence_timer(self) -> None:
        """The carrier has something to do now: when is its silence worth a person's look?"""
        self._model.carrier_clock_started_at = workflow.now()
        details = self._model.details
        self._timer.carrier_response_deadline = await execute_local(
            LocalActivities.carrier_response_deadline,
            "By when should the losing carrier have answered?",
            details.phone_number,
            details.classification == WIRELESS_CLASSIFICATION and details.port_in_date is None,
            workflow.now(),
        )
