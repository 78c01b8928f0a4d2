"""The vendor's order behind a port-in: submitting, following, correcting, cancelling it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.house import HouseActivities
from activities.outcome import Outcome, words_of
from activities.ports import AwaitChange, OrderSeen, PortActivities, UpdatePort
from activities.writes import CANCEL_PORT, UPDATE_PORT
from telegent_orchestrator.port_in import PortInCancel, PortState
from workflows.calls import ask_house, requesting, writing
from workflows.ensure import attempt, outcome_of
from workflows.measures import Settled, lost_answer_settled, port_rejected, unknown_word
from workflows.policies import POLL, PORT_SUBMIT, STRANGE_ANSWER_PAUSE, in_turn
from workflows.port_inbox import PortInbox
from workflows.port_record import CARRIER, OURS, SENTENCES, SUBMIT, VENDOR, PortRecord
from workflows.port_states import read
from workflows.port_waiting import PortWaiting
from workflows.rejections import PIN_EXPIRED, PIN_INVALID, classify


class PortOrder:
    """One order at the vendor. Every request about it is made once; the order tells the rest."""

    def __init__(self, record: PortRecord, inbox: PortInbox, waiting: PortWaiting) -> None:
        self._record = record
        self._inbox = inbox
        self._waiting = waiting
        self._sent_at: datetime | None = None
        self._unanswered: PortInCancel | Literal["correction"] | None = None
        self._in_a_row = 0
        self._doubted: OrderSeen | None = None
        self.start_again = False

    @property
    def _seen(self) -> OrderSeen:
        assert self._record.order is not None
        return self._record.order

    async def submit(self) -> ActivityError | None:
        """Submits once; returns why there is no order, if there is none."""
        await self._record.move(PortState.SUBMITTING, "submitting")
        call = requesting(
            PORT_SUBMIT, PortActivities.submit_port, "Submit the port-in", self._record.details
        )
        try:
            order = await attempt(self._record.board, SUBMIT, call)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return error
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
                unanswered=self._in_a_row,
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
        await self._read(seen)

    async def send_correction(self) -> None:
        """Sends the full set of details, with what was corrected; first checks them itself."""
        record, before = self._record, self._record.state
        self._inbox.merge_into_details()
        if not await self.data_fit():
            return
        await record.move(PortState.UPDATE_REQUESTED, "sending the correction")
        wanted = UpdatePort(seen=self._seen, details=record.details)
        outcome = await self._request(
            "the correction",
            writing(PortActivities.update_port, "Send the correction", wanted),
        )
        if outcome is None:
            record.rejection = None
            await record.move(PortState.SUBMITTED, "Telegent took the correction")
            await self._expect_carrier()
        elif outcome is Outcome.UNKNOWN:
            self._unanswered = "correction"
        else:
            await record.move(before, "waiting for another correction")

    async def send_cancel(self, cancel: PortInCancel) -> None:
        """Asks the vendor to cancel. It is cancelled when the order shows it, and not before."""
        record, before = self._record, self._record.state
        self._inbox.cancel = None
        await record.move(PortState.CANCEL_REQUESTED, f"cancelling for {cancel.by}")
        outcome = await self._request(
            "the cancel",
            writing(PortActivities.cancel_port, "Ask Telegent to cancel", record.order_id),
        )
        if outcome is Outcome.UNKNOWN:
            self._unanswered = cancel
        elif outcome is not None:
            await record.move(before, "the port-in goes on")
            await record.call_attention(f"the cancel for {cancel.by} was refused")

    async def _request(self, what: str, call: Callable[[], Awaitable[None]]) -> Outcome | None:
        """Sends a request about the order; None when taken, else why not, and in the timeline."""
        try:
            await attempt(self._record.board, CARRIER, call)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            outcome = outcome_of(error)
            self._in_a_row = self._in_a_row + 1 if outcome is Outcome.UNKNOWN else 0
            if outcome is Outcome.OVERTAKEN:
                self._record.write(OURS, f"{what} was {words_of(error)}")
                return outcome
            verb = "did not answer" if outcome is Outcome.UNKNOWN else "refused"
            self._record.write(VENDOR, f"{verb} {what}", words_of(error))
            return outcome
        finally:
            self._sent_at = workflow.now()
        self._in_a_row = 0
        return None

    async def _read(self, seen: OrderSeen) -> None:
        record = self._record
        same_words = seen == record.order
        unanswered, self._unanswered = self._unanswered, None
        if unanswered:
            request = UPDATE_PORT if unanswered == "correction" else CANCEL_PORT
            how = Settled.MADE_AGAIN if same_words else Settled.FOUND
            lost_answer_settled(request.activity, how)
        reading = read(record.state, seen.status)
        if reading.doubtful and seen != self._doubted:
            # A status that goes backwards counts when a second look says the same.
            self._doubted = seen
            record.write(VENDOR, "went backwards; looking again", seen.words)
            return
        record.order, self._sent_at, self._doubted = seen, None, None
        if same_words and unanswered == "correction":
            record.write(VENDOR, "did not take the correction; sending it again", seen.words)
            await self.send_correction()
        elif same_words and isinstance(unanswered, PortInCancel):
            record.write(VENDOR, "did not take the cancel; sending it again", seen.words)
            await self.send_cancel(unanswered)
        elif not reading.known:
            record.unknown_words += 1
            unknown_word()
            record.write(VENDOR, "used a word that we do not know", seen.words)
        elif reading.state is PortState.ACTION_REQUIRED:
            await self._rejected(seen)
        elif reading.state is PortState.CANCELLED and self.start_again:
            await self._begin_anew(seen)
        elif reading.state is not record.state:
            record.rejection = None
            await record.move(reading.state, SENTENCES[reading.state], seen.words)

    async def _begin_anew(self, cancelled: OrderSeen) -> None:
        """The old order is cancelled for certain, so a new one may be made."""
        record = self._record
        self.start_again = False
        record.rejection, record.rejections, record.order = None, 0, None
        await record.move(
            PortState.CHECKING_ELIGIBILITY, "cancelled; starting again", cancelled.words
        )

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
            details.classification,
            workflow.now(),
        )
