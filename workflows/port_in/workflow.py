"""One port-in: checked, submitted, followed for days, corrected or cancelled, put into service."""

import asyncio

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

from activities.local import LocalActivities
from activities.onboarding.number_records import NumberRecord
from activities.onboarding.numbers import NumberActivities
from activities.port_in.orders import OrderSnapshot, PortInActivities
from activities.support.outcomes import Outcome, failure_message
from activities.support.write_specs import SUBMIT_PORT
from telegent_orchestrator.names import (
    ACCOUNT_ATTRIBUTE,
    ATTACH_ORDER_UPDATE,
    CANCEL_SIGNAL,
    CANCEL_UPDATE,
    CORRECT_SIGNAL,
    CORRECT_UPDATE,
    NOTE_UPDATE,
    OPERATOR_RESOLVE_UPDATE,
    ORDER_EVENT_SIGNAL,
    PORT_IN_WORKFLOW,
    STATUS_QUERY,
)
from telegent_orchestrator.port_in import (
    AttachOrder,
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInNote,
    PortInRequest,
    PortInResult,
    PortInStatus,
    PortState,
)
from workflows.port_in.activation import bind_number
from workflows.port_in.deadline_timer import DeadlineTimer
from workflows.port_in.inbox import PendingMessages
from workflows.port_in.order import OrderTracker
from workflows.port_in.rejections import classify
from workflows.port_in.state import (
    ACTIVATION,
    CARRIER,
    CHECKS,
    ORCHESTRATOR_ACTOR,
    SUBMIT,
    PortInModel,
)
from workflows.port_in.transitions import ORDER_SETTLED
from workflows.support.activity_calls import execute_local, execute_read
from workflows.support.cancellation import raise_if_cancelled, shield
from workflows.support.exactly_once import classify_failure
from workflows.support.messages import parse_message
from workflows.support.metrics import (
    LostResponseResolution,
    count_lost_response_resolved,
    count_rejection,
)

ACCOUNT = SearchAttributeKey.for_keyword(ACCOUNT_ATTRIBUTE)
TEMPORAL_CANCEL = PortInCancel(by="Temporal", reason="the workflow was cancelled")


@workflow.defn(name=PORT_IN_WORKFLOW)
class PortInWorkflow:
    """Brings a number from another carrier; ends COMPLETED, CANCELLED, INELIGIBLE or ABANDONED.

    People correct, cancel and decide while it runs. A message that cannot be used is refused to
    its sender (update) or stands in the timeline with the reason (signal).
    """

    @workflow.init
    def __init__(self, request: PortInRequest) -> None:
        self._request = request
        self._model = PortInModel(request.details)
        self._inbox = PendingMessages(self._model)
        self._timer = DeadlineTimer(self._model, self._inbox)
        self._order = OrderTracker(self._model, self._inbox, self._timer)
        self._cancellation_forwarded = False

    @workflow.run
    async def run(self, request: PortInRequest) -> PortInResult:
        """Checks, submit, the losing carrier, into service."""
        try:
            await self._initialize()
            if not await self._ported_in_previous_run():
                while self._model.state is PortState.CHECKING_ELIGIBILITY:
                    await self._check_eligibility()
                    await self._submit()
                    await self._follow_order()
        except (asyncio.CancelledError, FailureError) as error:
            if self._model.has_order or not is_cancelled_exception(error):
                raise
            await self._end_without_order(
                PortState.CANCELLED, TEMPORAL_CANCEL.by, TEMPORAL_CANCEL.reason
            )
        if self._model.state is PortState.PORTED:
            # The number has left its carrier: what is left of the way is gone whoever cancels.
            await shield(self._activate())
        await workflow.wait_condition(workflow.all_handlers_finished)
        self._inbox.drop_what_is_too_late()
        return self._model.result

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> PortInStatus:
        """How far the port-in is, without secrets."""
        return self._model.status()

    # Every handler takes whatever was sent: a call that does not fit its signature would be refused
    # in words that nobody understands, or stop the workflow.

    @workflow.update(name=CORRECT_UPDATE, description="new or missing data, and by")
    async def submit_correction(self, *sent: JsonValue) -> PortState:
        """Takes a PortInCorrection, or refuses it with the reason; returns the state it met."""
        self._inbox.accept_correction(parse_message(PortInCorrection, sent))
        return self._model.state

    @submit_correction.validator
    def _validate_correction(self, *sent: JsonValue) -> None:
        self._inbox.validate_correction(parse_message(PortInCorrection, sent))

    @workflow.update(name=CANCEL_UPDATE, description="stop it: by and reason")
    async def request_cancel(self, *sent: JsonValue) -> PortState:
        """Takes a PortInCancel, or refuses it with the reason; returns the state it met."""
        self._inbox.accept_cancel(parse_message(PortInCancel, sent))
        return self._model.state

    @request_cancel.validator
    def _validate_cancel(self, *sent: JsonValue) -> None:
        parse_message(PortInCancel, sent)
        self._inbox.validate_cancel()

    @workflow.update(name=ATTACH_ORDER_UPDATE, description="the order_id that an answer lost")
    async def attach_order(self, *sent: JsonValue) -> None:
        """Takes an AttachOrder: an order at Telegent that this port-in does not know."""
        self._inbox.accept_decision(_as_decision(parse_message(AttachOrder, sent)))

    @attach_order.validator
    def _validate_attach_order(self, *sent: JsonValue) -> None:
        self._inbox.validate_decision(_as_decision(parse_message(AttachOrder, sent)))

    @workflow.update(name=OPERATOR_RESOLVE_UPDATE, description="decide: action, by and reason")
    async def operator_resolve(self, *sent: JsonValue) -> PortState:
        """Takes an OperatorDecision, or refuses it; returns the state it met."""
        self._inbox.accept_decision(parse_message(OperatorDecision, sent))
        return self._model.state

    @operator_resolve.validator
    def _validate_decision(self, *sent: JsonValue) -> None:
        self._inbox.validate_decision(parse_message(OperatorDecision, sent))

    @workflow.update(name=NOTE_UPDATE, description="add to the timeline: by and note")
    async def add_note(self, *sent: JsonValue) -> None:
        """Adds a PortInNote to the timeline."""
        note = parse_message(PortInNote, sent)
        self._model.log(note.by, f"note: {note.note}")

    @add_note.validator
    def _validate_note(self, *sent: JsonValue) -> None:
        parse_message(PortInNote, sent)

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
        self._inbox.poll_requested = True

    async def _initialize(self) -> None:
        if bind := self._request.bind:
            self._model.progress.search_attributes[ACCOUNT] = bind.account_id
        rules = await execute_local(
            LocalActivities.load_port_in_policy, "Which rules hold for port-ins?"
        )
        self._model.policy = self._timer.policy = rules
        self._inbox.max_rejections = rules.max_rejections

    async def _ported_in_previous_run(self) -> bool:
        if not self._request.check_existing:
            return False
        here = await execute_read(
            NumberActivities.read_number,
            "Look whether the number has arrived already",
            self._model.details.phone_number,
        )
        binding = self._request.bind
        ours = binding.subscriber_id if binding else None
        if here is None or here.released or here.subscriber_id not in (None, ours):
            return False
        for step in (CHECKS, SUBMIT, CARRIER):
            self._model.progress.skip(step, "the number had arrived in an earlier run")
        await self._model.transition_to(
            PortState.PORTED, "the number had arrived in an earlier run"
        )
        return True

    async def _check_eligibility(self) -> None:
        """Everything that can be known before an order is submitted."""
        record = self._model
        async with record.progress.step(CHECKS):
            await record.transition_to(PortState.CHECKING_ELIGIBILITY, "checking")
            while not (self._ended_or_has_order() or await self._order.validate_details()):
                await self._wait_for_data()
            if self._ended_or_has_order():
                return
            answer = await execute_read(
                PortInActivities.check_port_eligibility,
                "Ask whether the number can be ported in",
                record.details.phone_number,
                record.details.classification,
                record.details.port_in_date is not None,
            )
            record.progress.set_detail(CHECKS, answer.vendor_message)
            if not answer.eligible:
                record.result.reason = answer.vendor_message or "Telegent gave no reason"
                await record.transition_to(
                    PortState.INELIGIBLE, "not eligible", answer.vendor_message
                )

    def _ended_or_has_order(self) -> bool:
        return self._model.state.final or self._model.has_order

    async def _wait_for_data(self) -> None:
        record, inbox = self._model, self._inbox
        await record.transition_to(
            PortState.INFO_REQUIRED, f"waiting for {', '.join(record.missing_fields)}"
        )
        await self._timer.wait_for_operator()
        if cancel := inbox.pop_cancel():
            await self._end_without_order(PortState.CANCELLED, cancel.by, cancel.reason)
        elif decision := inbox.pop_decision(OperatorAction.ABANDON):
            await self._end_without_order(PortState.ABANDONED, decision.by, decision.reason)
        elif decision := inbox.pop_decision(OperatorAction.ATTACH_ORDER):
            await self._attach(decision)
        else:
            inbox.apply_corrections()
            await record.transition_to(PortState.CHECKING_ELIGIBILITY, "checking again")

    async def _attach(self, decision: OperatorDecision) -> None:
        """Follows the order that a person names, unless it is another number's."""
        record, order_id = self._model, decision.order_id or ""
        try:
            if workflow.patched("look-whose-order-is-attached"):
                # There may be an order, so a cancel must not end the workflow here.
                check, number = PortInActivities.verify_order_number, record.details.phone_number
                await shield(execute_read(check, "Look whose order that is", order_id, number))
        except ActivityError as error:
            record.log(
                ORCHESTRATOR_ACTOR, f"order {order_id} is not followed: {failure_message(error)}"
            )
            return
        attached = OrderSnapshot(order_id=order_id, status="")
        await shield(self._order.follow(attached, f"order attached by {decision.by}"))

    async def _submit(self) -> None:
        record = self._model
        if record.state.final:
            return
        async with record.progress.step(SUBMIT):
            while not record.has_order and record.state not in ORDER_SETTLED:
                # An answer that comes together with a cancel must not be lost: it has the order.
                if error := await shield(self._order.submit()):
                    await self._on_submit_failed(error)

    async def _on_submit_failed(self, error: ActivityError) -> None:
        """A lost answer waits for the order id; a refusal waits for other data, or the end."""
        record, inbox, words = self._model, self._inbox, failure_message(error)
        if classify_failure(error) is Outcome.UNKNOWN:
            await shield(
                record.transition_to(PortState.SUBMIT_UNKNOWN, "the submit was not answered", words)
            )
            await self._resolve_unknown_submit()
            return
        raise_if_cancelled()
        record.rejection = classify(words)
        count_rejection(record.rejection.reason)
        await record.transition_to(PortState.ACTION_REQUIRED, "there is no order", words)
        fits = False
        while not (fits or record.state in ORDER_SETTLED):
            await self._timer.wait_for_operator()
            if cancel := inbox.pop_cancel():
                await self._end_without_order(PortState.CANCELLED, cancel.by, cancel.reason)
            elif decision := inbox.pop_decision(OperatorAction.ABANDON, OperatorAction.MARK_DONE):
                await self._end_by_decision(decision)
            else:
                inbox.pop_decision(OperatorAction.RETRY_NOW, OperatorAction.RESTART)
                inbox.apply_corrections()
                fits = await self._order.validate_details()
        record.rejection = None

    async def _resolve_unknown_submit(self) -> None:
        """There is no look-up by number: a person brings the order id, or knows that there is none.

        Only where Telegent is known to refuse a second active port of a number (a setting) is the
        submit sent once more before anybody is asked: a refusal shows that the first has arrived.
        """
        record, inbox = self._model, self._inbox
        if self._timer.policy.resubmit_unknown:
            await shield(self._resubmit())
            if record.has_order:
                return
        count_lost_response_resolved(SUBMIT_PORT.activity, LostResponseResolution.ESCALATED)
        while record.state is PortState.SUBMIT_UNKNOWN:
            try:
                await self._timer.wait_for_operator()
            except asyncio.CancelledError:
                # There may be an order, so this cannot just end.
                record.log(
                    ORCHESTRATOR_ACTOR,
                    "is to be cancelled, once it is known whether there is an order",
                )
            decision = inbox.pop_decision(*OperatorAction)
            if decision is None:
                continue
            if decision.action is OperatorAction.ATTACH_ORDER:
                await self._attach(decision)
            elif decision.action is OperatorAction.RETRY_NOW:
                return
            else:
                await self._end_by_decision(decision)

    async def _resubmit(self) -> None:
        words = ""
        try:
            if error := await self._order.submit():
                words = failure_message(error)
        except asyncio.CancelledError:
            words = "the workflow was cancelled before it could be sent"
        if words:
            what = "the second submit brought no order"
            await self._model.transition_to(PortState.SUBMIT_UNKNOWN, what, words)

    async def _follow_order(self) -> None:
        record = self._model
        if not record.has_order:
            return
        async with record.progress.step(CARRIER):
            # An order that is cancelled to start again leaves the record without one.
            while self._order_is_open():
                self._forward_cancellation()
                try:
                    await self._process_next()
                except (asyncio.CancelledError, ActivityError) as error:
                    if not is_cancelled_exception(error):
                        raise
        if record.state is PortState.CANCELLED:
            record.result.reason = "Telegent shows the order as cancelled"

    def _forward_cancellation(self) -> None:
        """An open port is not dropped: cancelling the workflow cancels the port, once."""
        if self._cancellation_forwarded or workflow.cancellation_reason() is None:
            return
        self._cancellation_forwarded = True
        if self._model.state is PortState.CANCEL_REQUESTED:
            self._order.discard_restart()
        else:
            self._inbox.cancel = TEMPORAL_CANCEL

    def _order_is_open(self) -> bool:
        return self._model.has_order and self._model.state not in ORDER_SETTLED

    async def _process_next(self) -> None:
        inbox = self._inbox
        inbox.drop_what_is_too_late()
        if inbox.cancel:
            await shield(self._order.send_cancel(inbox.cancel))
        elif decision := inbox.pop_decision(*OperatorAction):
            await shield(self._apply_decision(decision))
        elif inbox.corrections:
            await shield(self._order.send_correction())
        else:
            await self._order.poll_until_change()

    async def _apply_decision(self, decision: OperatorDecision) -> None:
        state, cancel = self._model.state, PortInCancel(by=decision.by, reason=decision.reason)
        if decision.action is OperatorAction.RETRY_NOW and state is PortState.ACTION_REQUIRED:
            await self._order.send_correction()
        elif decision.action is OperatorAction.RETRY_NOW and state is PortState.CANCEL_REQUESTED:
            await self._order.send_cancel(cancel)
        elif decision.action is OperatorAction.RESTART:
            await self._order.send_cancel(cancel, restart=True)
        elif decision.action in (OperatorAction.MARK_DONE, OperatorAction.ABANDON):
            await self._end_by_decision(decision)

    async def _end_by_decision(self, decision: OperatorDecision) -> None:
        if decision.action is OperatorAction.MARK_DONE:
            await self._model.transition_to(PortState.PORTED, decision.reason, by=decision.by)
        else:
            await self._end_without_order(PortState.ABANDONED, decision.by, decision.reason)

    async def _end_without_order(self, state: PortState, by: str, reason: str) -> None:
        self._model.result.reason = f"{by}: {reason}"
        await self._model.transition_to(state, reason, by=by)

    async def _activate(self) -> None:
        record, number = self._model, self._model.details.phone_number
        async with record.progress.step(ACTIVATION):
            at_hand = await self._await_number(number)
            record.result.number_id = at_hand.number_id
            record.result.iccid = at_hand.iccid or record.details.iccid
            if binding := self._request.bind:
                await record.transition_to(PortState.CONFIGURING, "binding the number")
                try:
                    differences = await bind_number(number, binding, record.details.iccid)
                except ActivityError as error:
                    await record.raise_attention(
                        f"the number is not bound: {failure_message(error)}"
                    )
                    raise
                if differences:
                    record.result.warnings = [*record.result.warnings, *differences]
                    await record.raise_attention(
                        f"the number is bound otherwise: {'; '.join(differences)}"
                    )
                record.result.subscriber_id = binding.subscriber_id
            await record.transition_to(PortState.COMPLETED, "the number is live")

    async def _await_number(self, number: str) -> NumberRecord:
        """What the vendor has on the number, once it shows it; somebody is told when that lasts."""
        reading = asyncio.create_task(
            execute_read(NumberActivities.await_number, "Read the number's details", number)
        )
        while not reading.done():
            await self._timer.wait_until(reading.done)
            self._inbox.poll_requested = False
            self._inbox.drop_what_is_too_late()
        return await reading


def _as_decision(order: AttachOrder) -> OperatorDecision:
    return OperatorDecision(
        action=OperatorAction.ATTACH_ORDER,
        order_id=order.order_id,
        by=order.by,
        reason=order.reason,
    )
