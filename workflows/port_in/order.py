"""The vendor's order behind a port-in: submitting, following, correcting, cancelling it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.local import HouseActivities
from activities.port_in.orders import AwaitChange, OrderSeen, PortActivities, UpdatePort
from activities.support.outcomes import Outcome, words_of
from activities.support.write_specs import CANCEL_PORT, UPDATE_PORT, Write
from telegent_orchestrator.port_in import PortInCancel, PortState
from workflows.port_in.deadline_timer import PortWaiting
from workflows.port_in.inbox import PortInbox
from workflows.port_in.rejections import PIN_EXPIRED, PIN_INVALID, classify
from workflows.port_in.state import CARRIER, OURS, SENTENCES, SUBMIT, VENDOR, PortRecord
from workflows.port_in.transitions import ENDS, PROGRESS, meaning, read
from workflows.support.activity_calls import ask_house, requesting, writing
from workflows.support.activity_options import POLL, PORT_SUBMIT, STRANGE_ANSWER_PAUSE, in_turn
from workflows.support.cancellation import undisturbed
from workflows.support.exactly_once import attempt, outcome_of
from workflows.support.metrics import Settled, lost_answer_settled, port_rejected, unknown_word

WIRELESS = "mvno"
"""The target classification of a wireless port; one with a date of its own is a landline's."""


@dataclass
class Request:
    """A correction (`cancel` is None) or a cancel, until the order shows what became of it.

    Refused, the port-in is `back_to` the state before, in which it was `since` then, and so is the
    request that it has `replaced`. `start_again`: once cancelled, a new order is made.
    `unanswered`: how often in a row it was sent without an answer.
    """

    cancel: PortInCancel | None
    back_to: PortState
    since: datetime
    replaced: "Request | None" = None
    start_again: bool = False
    unanswered: int = 0

    @property
    def words(self) -> str:
        """What it is called in the timeline."""
        return "the cancel" if self.cancel else "the correction"

    @property
    def write(self) -> Write:
        """Its row."""
        return CANCEL_PORT if self.cancel else UPDATE_PORT

    def settled_by(self, seen: OrderSeen, before: OrderSeen, *, rejected: bool) -> bool:
        """Whether an order that shows this now tells what became of it, when its answer was lost.

        A carrier moves orders by itself, too. So only an end tells of a cancel; and of a
        correction a rejection, which people see then, or that a rejected order goes on, which
        nothing else makes it do.
        """
        shown = meaning(seen.status)
        if shown in ENDS:
            return True
        moved = seen != before and (rejected or shown is PortState.ACTION_REQUIRED)
        return moved and self.cancel is None


class PortOrder:
    """One order at the vendor. Every request about it is made once; the order tells the rest."""

    def __init__(self, record: PortRecord, inbox: PortInbox, waiting: PortWaiting) -> None:
        self._record = record
        self._inbox = inbox
        self._waiting = waiting
        self._sent_at: datetime | None = None
        self._request: Request | None = None
        self._doubted: OrderSeen | None = None

    @property
    def _seen(self) -> OrderSeen:
        assert self._record.order is not None
        return self._record.order

    async def submit(self) -> ActivityError | None:
        """Submits once; returns why there is no order, if there is none.

        Raises CancelledError when the workflow is cancelled while nothing could be sent.
        """
        record = self._record
        await record.move(PortState.SUBMITTING, "submitting")
        call = requesting(
            PORT_SUBMIT, PortActivities.submit_port, "Submit the port-in", record.details
        )
        try:
            order = await attempt(record.board, SUBMIT, call)
        except ActivityError as error:
            if outcome_of(error) is not Outcome.UNKNOWN:
                record.at_vendor = record.details
            return error
        record.at_vendor = record.details
        await self.adopt(order, "submitted")
        return None

    async def adopt(self, order: OrderSeen, what: str) -> None:
        """Follows this order from now on."""
        self._record.adopt_order(order)
        self._sent_at = workflow.now()
        await self._record.move(PortState.SUBMITTED, what, order.words)
        await self._expect_carrier()

    async def look(self) -> None:
        """Waits until the order changes or somebody writes, and takes in what it shows."""
        record = self._record
        self._inbox.look_now = False
        looking = workflow.start_activity_method(
            PortActivities.await_port_change,
            AwaitChange(
                seen=self._seen,
                submitted_at=self._record.given_at,
                updated_at=self._sent_at,
                unanswered=self._request.unanswered if self._request else 0,
                phone_number=record.details.phone_number,
                wireline=record.details.port_in_date is not None,
                needs_person=record.state is PortState.ACTION_REQUIRED,
                urgent=record.state in (PortState.UPDATE_REQUESTED, PortState.CANCEL_REQUESTED),
            ),
            summary="Wait for the losing carrier",
            **in_turn(POLL, workflow.info().priority),
        )
        await self._waiting.until(looking.done)
        if not looking.done():
            looking.cancel()
            await workflow.wait_condition(looking.done)
            # Nobody needs how it ended, but asyncio complains of an exception nobody asked for;
            # and asking a cancelled task raises what would pass for the workflow's cancellation.
            if not looking.cancelled():
                looking.exception()
            return
        try:
            seen = await looking
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            await self._strange(error)
            return
        await undisturbed(self._read(seen))

    async def send_correction(self) -> None:
        """Sends the full set of details, with what was corrected; first checks them itself."""
        record, under_way = self._record, self._request
        self._inbox.merge_into_details()
        if await self.data_fit():
            await self._send(self._new_request(None))
        elif under_way and record.state is PortState.UPDATE_REQUESTED:
            # What was sent without an answer, such as a PIN, has become wrong meanwhile.
            await self._go_back(under_way)

    async def send_cancel(self, cancel: PortInCancel, *, start_again: bool = False) -> None:
        """Asks the vendor to cancel. It is cancelled when the order shows it, and not before."""
        self._inbox.cancel = None
        await self._send(self._new_request(cancel, start_again=start_again))

    def do_not_start_again(self) -> None:
        """Once the order is cancelled, that is the end."""
        if self._request:
            self._request.start_again = False

    def _new_request(self, cancel: PortInCancel | None, *, start_again: bool = False) -> Request:
        old = self._request
        if old and bool(old.cancel) == bool(cancel):
            start_again = start_again or old.start_again
            return replace(old, cancel=cancel, start_again=start_again)
        return Request(cancel, self._record.state, self._record.since, old, start_again)

    async def _send(self, request: Request) -> None:
        self._request = request
        if request.cancel:
            cancelling = f"cancelling for {request.cancel.by}"
            await self._record.move(PortState.CANCEL_REQUESTED, cancelling)
            summary = "Ask Telegent to cancel"
            call = writing(PortActivities.cancel_port, summary, self._record.order_id)
        else:
            await self._record.move(PortState.UPDATE_REQUESTED, "sending the correction")
            wanted = UpdatePort(seen=self._seen, details=self._record.details)
            call = writing(PortActivities.update_port, "Send the correction", wanted)
        try:
            await attempt(self._record.board, CARRIER, call, to_the_end=True)
        except ActivityError as error:
            await self._not_taken(request, error)
        else:
            await self._taken(request)

    async def _taken(self, request: Request) -> None:
        self._sent_at = workflow.now()
        request.unanswered, request.replaced = 0, None
        if request.cancel is None:
            self._request = None
            self._record.rejection, self._record.at_vendor = None, self._record.details
            await self._record.move(PortState.SUBMITTED, "Telegent took the correction")
            await self._expect_carrier()

    async def _not_taken(self, request: Request, error: ActivityError) -> None:
        outcome, words = outcome_of(error), words_of(error)
        if outcome is Outcome.UNKNOWN:
            self._sent_at = workflow.now()
            request.unanswered += 1
            self._record.write(VENDOR, f"did not answer {request.words}", words)
            return
        if outcome is Outcome.OVERTAKEN:
            self._record.write(OURS, f"{request.words} was {words}")
        else:
            self._record.write(VENDOR, f"refused {request.words}", words)
        await self._go_back(request)
        if request.cancel:
            await self._record.call_attention(f"the cancel for {request.cancel.by} was refused")

    async def _go_back(self, request: Request) -> None:
        """As if it had never been sent: reminders and deadlines go on where they were."""
        self._request = request.replaced
        if self._request:
            self._sent_at = workflow.now()
        then = "the port-in goes on" if request.cancel else "waiting for another correction"
        await self._record.move(request.back_to, then, since=request.since)
        # The carrier may have moved on while the request was sent again and again.
        shown = read(request.back_to, self._seen.status)
        if shown.state in PROGRESS and not shown.doubtful and shown.state is not request.back_to:
            await self._record.move(shown.state, SENTENCES[shown.state], self._seen.words)

    async def _read(self, seen: OrderSeen) -> None:
        record, request, before = self._record, self._request, self._seen
        reading = read(record.state, seen.status)
        if reading.doubtful and seen != self._doubted:
            # A status that goes backwards counts when a second look says the same.
            self._doubted = seen
            record.write(VENDOR, "went backwards; looking again", seen.words)
            return
        record.order, self._sent_at, self._doubted = seen, None, None
        if request and request.unanswered:
            rejected = record.rejection is not None
            if not request.settled_by(seen, before, rejected=rejected):
                await self._send_again(request, seen)
                return
            lost_answer_settled(request.write.activity, Settled.FOUND)
            if request.cancel is None and reading.state is not PortState.ACTION_REQUIRED:
                record.at_vendor = record.details
        if request and (request.cancel is None or reading.state in ENDS):
            self._request = None
        if not reading.known:
            record.unknown_words += 1
            unknown_word()
            record.write(VENDOR, "used a word that we do not know", seen.words)
        elif reading.state is PortState.ACTION_REQUIRED:
            await self._rejected(seen)
        elif reading.state is PortState.CANCELLED and request and request.start_again:
            await self._begin_anew(seen)
        elif reading.state is not record.state:
            record.rejection = None
            await record.move(reading.state, SENTENCES[reading.state], seen.words)

    async def _send_again(self, request: Request, seen: OrderSeen) -> None:
        lost_answer_settled(request.write.activity, Settled.MADE_AGAIN)
        again = f"shows no sign of {request.words}; sending it again"
        self._record.write(VENDOR, again, seen.words)
        if request.cancel:
            await self._send(request)
        else:
            await self.send_correction()

    async def _begin_anew(self, cancelled: OrderSeen) -> None:
        """The old order is cancelled for certain, so a new one may be made."""
        record = self._record
        record.rejection, record.rejections, record.order = None, 0, None
        await record.move(
            PortState.CHECKING_ELIGIBILITY, "cancelled; starting again", cancelled.words
        )
        # What was decided on the old order must not be done to the new one.
        self._inbox.drop_what_is_too_late()

    async def _rejected(self, seen: OrderSeen) -> None:
        record = self._record
        rejection = classify(seen.message)
        expires = self._waiting.pin_expires
        if rejection is PIN_INVALID and expires and expires <= workflow.now():
            rejection = PIN_EXPIRED
        record.rejection = rejection
        record.rejections += 1
        port_rejected(rejection.reason)
        await record.move(PortState.ACTION_REQUIRED, "the losing carrier rejected", seen.words)
        if rejection.hard:
            await record.call_attention(
                f"no data can mend {rejection.reason}: an operator decides (start_again, or cancel)"
            )
        elif record.rejections >= min(rejection.tries, self._inbox.rejections_allowed):
            await record.call_attention(f"rejected {record.rejections} times: an operator decides")

    async def _strange(self, error: ActivityError) -> None:
        """A 404 on an order that we know is not an end: show it, and keep asking."""
        self._record.write(VENDOR, "did not show the order", words_of(error))
        pause = asyncio.create_task(
            workflow.sleep(STRANGE_ANSWER_PAUSE, summary="Ask for the order again")
        )
        await self._waiting.until(pause.done)
        pause.cancel()

    async def data_fit(self) -> bool:
        """Whether the details pass our own checks; if not, the timeline says what is wrong."""
        found = await ask_house(HouseActivities.check_port, "Check the data", self._record.details)
        self._waiting.pin_expires = found.pin_expires
        self._record.result.warnings = found.warnings
        if not found.problems:
            return True
        self._record.asked_for = found.fields
        self._record.write(OURS, f"not sent: {'; '.join(found.problems)}")
        return False

    async def _expect_carrier(self) -> None:
        """The carrier has something to do now: when is its silence worth a person's look?"""
        self._record.given_at = workflow.now()
        details = self._record.details
        self._waiting.silent_at = await ask_house(
            HouseActivities.carrier_silent_at,
            "By when should the losing carrier have answered?",
            details.phone_number,
            details.classification == WIRELESS and details.port_in_date is None,
            workflow.now(),
        )
