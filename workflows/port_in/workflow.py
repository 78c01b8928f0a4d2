"""One port-in: checked, submitted, followed for days, corrected or cancelled, put into service."""

import asyncio

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

from activities.local import HouseActivities
from activities.onboarding.numbers import NumberActivities, NumberAtHand
from activities.port_in.orders import OrderSeen, PortActivities
from activities.support.outcomes import Outcome, words_of
from activities.support.write_specs import SUBMIT_PORT
from telegent_orchestrator.names import (
    ACCOUNT_ATTRIBUTE,
    ATTACH_ORDER_UPDATE,
    CANCEL_SIGNAL,
    CANCEL_UPDATE,
    CORRECT_SIGNAL,
    CORRECT_UPDATE,
    OPERATOR_UPDATE,
    ORDER_EVENT_SIGNAL,
    PORT_IN_WORKFLOW,
    STATUS_QUERY,
)
from telegent_orchestrator.port_in import (
    AttachOrder,
    OperatorResolve,
    PortInCancel,
    PortInCorrection,
    PortInRequest,
    PortInResult,
    PortInStatus,
    PortState,
    Resolve,
)
from workflows.port_in.activation import bind
from workflows.port_in.deadline_timer import PortWaiting
from workflows.port_in.inbox import PortInbox
from workflows.port_in.order import PortOrder
from workflows.port_in.rejections import classify
from workflows.port_in.state import CARRIER, CHECKS, OURS, SERVICE, SUBMIT, PortRecord
from workflows.port_in.transitions import ENDS
from workflows.support.activity_calls import ask_house, read
from workflows.support.cancellation import stop_when_cancelled, undisturbed
from workflows.support.exactly_once import outcome_of
from workflows.support.messages import read_message
from workflows.support.metrics import Settled, lost_answer_settled, port_rejected

ACCOUNT = SearchAttributeKey.for_keyword(ACCOUNT_ATTRIBUTE)
BY_TEMPORAL = PortInCancel(by="Temporal", reason="the workflow was cancelled")


@workflow.defn(name=PORT_IN_WORKFLOW)
class PortInWorkflow:
    """Brings a number from another carrier; ends COMPLETED, CANCELLED, INELIGIBLE or ABANDONED.

    People correct, cancel and decide while it runs. A message that cannot be used is refused to
    its sender (update) or stands in the timeline with the reason (signal).
    """

    @workflow.init
    def __init__(self, request: PortInRequest) -> None:
        self._request = request
        self._record = PortRecord(request.details)
        self._inbox = PortInbox(self._record)
        self._waiting = PortWaiting(self._record, self._inbox)
        self._order = PortOrder(self._record, self._inbox, self._waiting)
        self._heeded = False

    @workflow.run
    async def run(self, request: PortInRequest) -> PortInResult:
        """Checks, submit, the losing carrier, into service."""
        try:
            await self._set_out()
            if not await self._arrived_in_an_earlier_run():
                while self._record.state is PortState.CHECKING_ELIGIBILITY:
                    await self._check()
                    await self._submit()
                    await self._follow()
        except (asyncio.CancelledError, FailureError) as error:
            if self._record.has_order or not is_cancelled_exception(error):
                raise
            await self._end_without_order(PortState.CANCELLED, BY_TEMPORAL.by, BY_TEMPORAL.reason)
        if self._record.state is PortState.PORTED:
            # The number has left its carrier: what is left of the way is gone whoever cancels.
            await undisturbed(self._put_into_service())
        await workflow.wait_condition(workflow.all_handlers_finished)
        self._inbox.drop_what_is_too_late()
        return self._record.result

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> PortInStatus:
        """How far the port-in is, without secrets."""
        return self._record.status()

    # Every handler takes whatever was sent: a call that does not fit its signature would be refused
    # in words that nobody understands, or stop the workflow.

    @workflow.update(name=CORRECT_UPDATE, description="new or missing data, and by")
    async def submit_correction(self, *sent: JsonValue) -> PortState:
        """Takes a PortInCorrection, or refuses it with the reason; returns the state it met."""
        self._inbox.correct(read_message(PortInCorrection, sent))
        return self._record.state

    @submit_correction.validator
    def _correction_helps(self, *sent: JsonValue) -> None:
        self._inbox.refuse_correction(read_message(PortInCorrection, sent))

    @workflow.update(name=CANCEL_UPDATE, description="stop it: by and reason")
    async def request_cancel(self, *sent: JsonValue) -> PortState:
        """Takes a PortInCancel, or refuses it with the reason; returns the state it met."""
        self._inbox.ask_to_cancel(read_message(PortInCancel, sent))
        return self._record.state

    @request_cancel.validator
    def _cancel_fits(self, *sent: JsonValue) -> None:
        read_message(PortInCancel, sent)
        self._inbox.refuse_cancel()

    @workflow.update(name=ATTACH_ORDER_UPDATE, description="the order_id that an answer lost")
    async def attach_order(self, *sent: JsonValue) -> None:
        """Takes an AttachOrder: an order at Telegent that this port-in does not know."""
        self._inbox.decide(_attaching(read_message(AttachOrder, sent)))

    @attach_order.validator
    def _order_is_lacking(self, *sent: JsonValue) -> None:
        self._inbox.refuse_decision(_attaching(read_message(AttachOrder, sent)))

    @workflow.update(name=OPERATOR_UPDATE, description="decide: action, by and reason")
    async def operator_resolve(self, *sent: JsonValue) -> PortState:
        """Takes an OperatorResolve, or refuses it; returns the state it met."""
        self._inbox.decide(read_message(OperatorResolve, sent))
        return self._record.state

    @operator_resolve.validator
    def _decision_fits(self, *sent: JsonValue) -> None:
        self._inbox.refuse_decision(read_message(OperatorResolve, sent))

    @workflow.signal(name=CORRECT_SIGNAL, description="new or missing data, and by")
    def correct(self, *sent: JsonValue) -> None:
        """Takes a correction; one that cannot be used stands in the timeline with the reason."""
        self._inbox.signal_correction(sent)

    @workflow.signal(name=CANCEL_SIGNAL, description="stop it: by and reason")
    def cancel(self, *sent: JsonValue) -> None:
        """Takes the wish to cancel; one that cannot be used stands in the timeline."""
        self._inbox.signal_cancel(sent)

    @workflow.signal(name=ORDER_EVENT_SIGNAL, description="look at the order now; no input")
    def order_event(self, *anything: JsonValue) -> None:
        """A hint that the order may have changed: look at it now. What it says is not believed."""
        self._inbox.look_now = True

    async def _set_out(self) -> None:
        if bind := self._request.bind:
            self._record.board.attributes[ACCOUNT] = bind.account_id
        rules = await ask_house(HouseActivities.port_rules, "Which rules hold for port-ins?")
        self._record.rules = self._waiting.rules = rules
        self._inbox.rejections_allowed = rules.rejections

    async def _arrived_in_an_earlier_run(self) -> bool:
        if not self._request.look_first:
            return False
        here = await read(
            NumberActivities.read_number,
            "Look whether the number has arrived already",
            self._record.details.phone_number,
        )
        binding = self._request.bind
        ours = binding.subscriber_id if binding else None
        if here is None or here.given_up or here.subscriber_id not in (None, ours):
            return False
        for step in (CHECKS, SUBMIT, CARRIER):
            self._record.board.skip(step, "the number had arrived in an earlier run")
        await self._record.move(PortState.PORTED, "the number had arrived in an earlier run")
        return True

    async def _check(self) -> None:
        """Everything that can be known before an order is submitted."""
        record = self._record
        async with record.board.step(CHECKS):
            await record.move(PortState.CHECKING_ELIGIBILITY, "checking")
            while not (self._settled() or await self._order.data_fit()):
                await self._wait_for_data()
            if self._settled():
                return
            answer = await read(
                PortActivities.check_port_eligibility,
                "Ask whether the number can be ported in",
                record.details.phone_number,
                record.details.classification,
            )
            record.board.note(CHECKS, answer.vendor_words)
            if not answer.eligible:
                record.result.reason = answer.vendor_words or "Telegent gave no reason"
                await record.move(PortState.INELIGIBLE, "not eligible", answer.vendor_words)

    def _settled(self) -> bool:
        return self._record.state.final or self._record.has_order

    async def _wait_for_data(self) -> None:
        record, inbox = self._record, self._inbox
        await record.move(PortState.INFO_REQUIRED, f"waiting for {', '.join(record.asked_for)}")
        await self._waiting.for_people()
        if cancel := inbox.take_cancel():
            await self._end_without_order(PortState.CANCELLED, cancel.by, cancel.reason)
        elif decision := inbox.take_decision(Resolve.ABANDON):
            await self._end_without_order(PortState.ABANDONED, decision.by, decision.reason)
        elif decision := inbox.take_decision(Resolve.ATTACH_ORDER):
            await self._attach(decision)
        else:
            inbox.merge_into_details()
            await record.move(PortState.CHECKING_ELIGIBILITY, "checking again")

    async def _attach(self, decision: OperatorResolve) -> None:
        """Follows the order that a person names, unless it is another number's."""
        record, order_id = self._record, decision.order_id or ""
        try:
            if workflow.patched("look-whose-order-is-attached"):
                # There may be an order, so a cancel must not end the workflow here.
                check, number = PortActivities.check_order_of, record.details.phone_number
                await undisturbed(read(check, "Look whose order that is", order_id, number))
        except ActivityError as error:
            record.write(OURS, f"order {order_id} is not followed: {words_of(error)}")
            return
        attached = OrderSeen(order_id=order_id, status="")
        await undisturbed(self._order.adopt(attached, f"order attached by {decision.by}"))

    async def _submit(self) -> None:
        record = self._record
        if record.state.final:
            return
        async with record.board.step(SUBMIT):
            while not record.has_order and record.state not in ENDS:
                # An answer that comes together with a cancel must not be lost: it has the order.
                if error := await undisturbed(self._order.submit()):
                    await self._submit_failed(error)

    async def _submit_failed(self, error: ActivityError) -> None:
        """A lost answer waits for the order id; a refusal waits for other data, or the end."""
        record, inbox, words = self._record, self._inbox, words_of(error)
        if outcome_of(error) is Outcome.UNKNOWN:
            await undisturbed(
                record.move(PortState.SUBMIT_UNKNOWN, "the submit was not answered", words)
            )
            await self._find_out_about_submit()
            return
        stop_when_cancelled()
        record.rejection = classify(words)
        port_rejected(record.rejection.reason)
        await record.move(PortState.ACTION_REQUIRED, "there is no order", words)
        fits = False
        while not (fits or record.state in ENDS):
            await self._waiting.for_people()
            if cancel := inbox.take_cancel():
                await self._end_without_order(PortState.CANCELLED, cancel.by, cancel.reason)
            elif decision := inbox.take_decision(Resolve.ABANDON, Resolve.MARK_DONE):
                await self._end_by(decision)
            else:
                inbox.take_decision(Resolve.RETRY_NOW, Resolve.START_AGAIN)
                inbox.merge_into_details()
                fits = await self._order.data_fit()
        record.rejection = None

    async def _find_out_about_submit(self) -> None:
        """There is no look-up by number: a person brings the order id, or knows that there is none.

        Only where Telegent is known to refuse a second active port of a number (a setting) is the
        submit sent once more before anybody is asked: a refusal shows that the first has arrived.
        """
        record, inbox = self._record, self._inbox
        if self._waiting.rules.resubmit_unknown:
            await undisturbed(self._submit_once_more())
            if record.has_order:
                return
        lost_answer_settled(SUBMIT_PORT.activity, Settled.PERSON)
        while record.state is PortState.SUBMIT_UNKNOWN:
            try:
                await self._waiting.for_people()
            except asyncio.CancelledError:
                # There may be an order, so this cannot just end.
                record.write(OURS, "is to be cancelled, once it is known whether there is an order")
            decision = inbox.take_decision(*Resolve)
            if decision is None:
                continue
            if decision.action is Resolve.ATTACH_ORDER:
                await self._attach(decision)
            elif decision.action is Resolve.RETRY_NOW:
                return
            else:
                await self._end_by(decision)

    async def _submit_once_more(self) -> None:
        words = ""
        try:
            if error := await self._order.submit():
                words = words_of(error)
        except asyncio.CancelledError:
            words = "the workflow was cancelled before it could be sent"
        if words:
            what = "the second submit brought no order"
            await self._record.move(PortState.SUBMIT_UNKNOWN, what, words)

    async def _follow(self) -> None:
        record = self._record
        if not record.has_order:
            return
        async with record.board.step(CARRIER):
            # An order that is cancelled to start again leaves the record without one.
            while self._order_is_open():
                self._heed_cancellation()
                try:
                    await self._next_thing()
                except (asyncio.CancelledError, ActivityError) as error:
                    if not is_cancelled_exception(error):
                        raise
        if record.state is PortState.CANCELLED:
            record.result.reason = "Telegent shows the order as cancelled"

    def _heed_cancellation(self) -> None:
        """An open port is not dropped: cancelling the workflow cancels the port, once."""
        if self._heeded or workflow.cancellation_reason() is None:
            return
        self._heeded = True
        if self._record.state is PortState.CANCEL_REQUESTED:
            self._order.do_not_start_again()
        else:
            self._inbox.cancel = BY_TEMPORAL

    def _order_is_open(self) -> bool:
        return self._record.has_order and self._record.state not in ENDS

    async def _next_thing(self) -> None:
        inbox = self._inbox
        inbox.drop_what_is_too_late()
        if inbox.cancel:
            await undisturbed(self._order.send_cancel(inbox.cancel))
        elif decision := inbox.take_decision(*Resolve):
            await undisturbed(self._carry_out(decision))
        elif inbox.corrections:
            await undisturbed(self._order.send_correction())
        else:
            await self._order.look()

    async def _carry_out(self, decision: OperatorResolve) -> None:
        state, cancel = self._record.state, PortInCancel(by=decision.by, reason=decision.reason)
        if decision.action is Resolve.RETRY_NOW and state is PortState.ACTION_REQUIRED:
            await self._order.send_correction()
        elif decision.action is Resolve.RETRY_NOW and state is PortState.CANCEL_REQUESTED:
            await self._order.send_cancel(cancel)
        elif decision.action is Resolve.START_AGAIN:
            await self._order.send_cancel(cancel, start_again=True)
        elif decision.action in (Resolve.MARK_DONE, Resolve.ABANDON):
            await self._end_by(decision)

    async def _end_by(self, decision: OperatorResolve) -> None:
        if decision.action is Resolve.MARK_DONE:
            await self._record.move(PortState.PORTED, decision.reason, by=decision.by)
        else:
            await self._end_without_order(PortState.ABANDONED, decision.by, decision.reason)

    async def _end_without_order(self, state: PortState, by: str, reason: str) -> None:
        self._record.result.reason = f"{by}: {reason}"
        await self._record.move(state, reason, by=by)

    async def _put_into_service(self) -> None:
        record, number = self._record, self._record.details.phone_number
        async with record.board.step(SERVICE):
            at_hand = await self._number_at_hand(number)
            record.result.number_id = at_hand.number_id
            record.result.iccid = at_hand.iccid or record.details.iccid
            if binding := self._request.bind:
                await record.move(PortState.CONFIGURING, "binding the number")
                try:
                    differences = await bind(number, binding, record.details.iccid)
                except ActivityError as error:
                    await record.call_attention(f"the number is not bound: {words_of(error)}")
                    raise
                if differences:
                    record.result.warnings = [*record.result.warnings, *differences]
                    await record.call_attention(
                        f"the number is bound otherwise: {'; '.join(differences)}"
                    )
                record.result.subscriber_id = binding.subscriber_id
            await record.move(PortState.COMPLETED, "the number is live")

    async def _number_at_hand(self, number: str) -> NumberAtHand:
        """What the vendor has on the number, once it shows it; somebody is told when that lasts."""
        reading = asyncio.create_task(
            read(NumberActivities.await_number, "Read the number's details", number)
        )
        while not reading.done():
            await self._waiting.until(reading.done)
            self._inbox.look_now = False
            self._inbox.drop_what_is_too_late()
        return await reading


def _attaching(order: AttachOrder) -> OperatorResolve:
    return OperatorResolve(
        action=Resolve.ATTACH_ORDER, order_id=order.order_id, by=order.by, reason=order.reason
    )
