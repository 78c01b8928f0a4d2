"""One port-out: issues the PIN, waits for the number to leave, closes its subscription."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Concatenate, ParamSpec

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    is_cancelled_exception,
)

from activities.onboarding.subscriptions import SubscriptionActivities
from activities.port_out import NumberSighting, PinGenerator, PortOutActivities, SetPinInput
from activities.support.number_states import NumberState
from activities.support.outcomes import failure_message
from telegent_orchestrator.events import EventType
from telegent_orchestrator.names import CANCEL_MESSAGE, ORDER_KEY, STATUS_QUERY
from telegent_orchestrator.port_out import (
    CONFIRM_DEPARTURE_UPDATE,
    PORT_OUT_WORKFLOW,
    REVEAL_PIN_UPDATE,
    ConfirmDeparture,
    PortOutCancel,
    PortOutPin,
    PortOutRequest,
    PortOutResult,
    PortOutState,
    PortOutStatus,
    RevealPin,
)
from workflows.events.delivery_workflow import EventPublisher
from workflows.port_out.state import (
    DEPARTURE,
    MAX_STATUS_CHANGES,
    NEXT_READ,
    NUMBER,
    PIN,
    STATE_DESCRIPTIONS,
    SUBSCRIPTION,
    PortOutModel,
    unclear_status,
)
from workflows.support.activity_calls import (
    ORDER_NOT_FOUND_DELAY,
    POLL_OPTIONS,
    execute_idempotent_write,
    execute_internal,
    execute_read,
    with_priority,
)
from workflows.support.cancellation import cancel_and_wait
from workflows.support.messages import message_rejected, parse_message
from workflows.support.number_use import open_workflows_of_number

P = ParamSpec("P")
CANCELLABLE_STATES = (
    PortOutState.CHECKING,
    PortOutState.ISSUING,
    PortOutState.ISSUE_OVERDUE,
    PortOutState.PIN_ISSUED,
)
CANCELLED_WORKFLOW = PortOutCancel(by="Temporal", reason="the workflow was cancelled")


@workflow.defn(name=PORT_OUT_WORKFLOW)
class PortOutWorkflow:
    """Releases a number to another carrier; ends COMPLETED or CANCELLED.

    It fails when a line change or a port-in of the number is open, and when Telegent rejects the
    number, the PIN, or the end of the subscription. An invalid message is rejected to its sender
    (update) or logged in the timeline (signal).
    """

    @workflow.init
    def __init__(self, request: PortOutRequest) -> None:
        self._request = request
        self._pin: str | None = None
        self._cancel: PortOutCancel | None = None
        self._departure: ConfirmDeparture | None = None
        self._sighting = NumberSighting(state=NumberState.ACTIVE)
        self._model = PortOutModel(request)
        self._progress = self._model.progress
        self._result = self._model.result
        self._publisher = EventPublisher()

    @workflow.run
    async def run(self, request: PortOutRequest) -> PortOutResult:
        """Issues the PIN, waits until the number has left, closes its subscription."""
        try:
            await self._release()
        except FailureError as error:
            if not is_cancelled_exception(error):
                await self._publish(EventType.PORT_OUT_FAILED)
            raise
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._result

    async def _release(self) -> None:
        await self._enter(PortOutState.CHECKING, f"started for {self._request.by}")
        await self._issue_pin_with_timeout()
        async with self._progress.step(DEPARTURE):
            while self._model.state not in (PortOutState.PORTED_OUT, PortOutState.CANCELLED):
                if self._departure:
                    await self._record_departure("")
                elif self._cancel:
                    await self._cancel_port_out(self._cancel)
                else:
                    await self._await_departure()
        if self._model.state is PortOutState.PORTED_OUT:
            await self._close_subscription()

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> PortOutStatus:
        """Returns the state of the port-out, without its PIN."""
        return self._model.status()

    @workflow.update(name=REVEAL_PIN_UPDATE)
    async def reveal_pin(self, *sent: JsonValue) -> PortOutPin:
        """Returns the PIN for the subscriber. Takes a RevealPin, which the timeline keeps."""
        request = parse_message(RevealPin, sent)
        assert self._pin is not None
        self._model.log(request.by, f"was shown the PIN: {request.reason}")
        return PortOutPin(pin=self._pin)

    @reveal_pin.validator
    def _validate_reveal_pin(self, *sent: JsonValue) -> None:
        parse_message(RevealPin, sent)
        if self._model.state is not PortOutState.PIN_ISSUED:
            raise message_rejected(
                f"a port-out in state {self._model.state.value} has no PIN to show"
            )

    @workflow.update(name=CONFIRM_DEPARTURE_UPDATE)
    async def confirm_departure(self, *sent: JsonValue) -> PortOutState:
        """Accepts a ConfirmDeparture, or rejects it with the reason.

        Returns:
            The state in which the message was accepted.
        """
        confirmation = parse_message(ConfirmDeparture, sent)
        self._departure = confirmation
        self._model.log(
            confirmation.by, f"confirmed that the number has left: {confirmation.reason}"
        )
        return self._model.state

    @confirm_departure.validator
    def _validate_confirm_departure(self, *sent: JsonValue) -> None:
        parse_message(ConfirmDeparture, sent)
        if self._model.state is not PortOutState.PIN_ISSUED:
            raise message_rejected(
                f"the number of a port-out in state {self._model.state.value} cannot have left"
            )

    @workflow.update(name=CANCEL_MESSAGE)
    async def cancel(self, *sent: JsonValue) -> PortOutState:
        """Accepts a PortOutCancel, or rejects it with the reason.

        Returns:
            The state in which the message was accepted.
        """
        return self._accept_cancel(parse_message(PortOutCancel, sent))

    @cancel.validator
    def _validate_cancel(self, *sent: JsonValue) -> None:
        parse_message(PortOutCancel, sent)
        if self._model.state not in CANCELLABLE_STATES:
            raise message_rejected(
                f"a port-out in state {self._model.state.value} cannot be cancelled: "
                f"{STATE_DESCRIPTIONS[self._model.state]}"
            )

    @workflow.signal(name=CANCEL_MESSAGE)
    def cancel_by_signal(self, *sent: JsonValue) -> None:
        """Like the update `cancel`, but a rejection is only recorded in the timeline."""
        try:
            self._validate_cancel(*sent)
        except ApplicationError as error:
            self._model.log_rejected_signal(sent, error)
        else:
            self._accept_cancel(parse_message(PortOutCancel, sent))

    async def _issue_pin_with_timeout(self) -> None:
        """Issues the PIN, and raises attention when that takes too long."""
        issue_task = asyncio.create_task(self._issue_pin())
        timeout = self._request.pin_issue_timeout
        in_time = await self._wait_until(issue_task.done, timeout, "Deadline of the PIN")
        # A PIN that was issued at the deadline stays issued; its event may still be on its way.
        if not in_time and self._result.issued_at is None:
            await self._enter(
                PortOutState.ISSUE_OVERDUE,
                f"the PIN was not issued within {timeout}",
                event=EventType.PORT_OUT_ATTENTION_REQUIRED,
            )
        await self._wait_until(issue_task.done)
        await issue_task

    async def _issue_pin(self) -> None:
        request = self._request
        async with self._progress.step(NUMBER):
            if others := await open_workflows_of_number(request.phone_number):
                raise ApplicationError(others, type="NumberInUse")
            self._sighting = await execute_read(
                PortOutActivities.validate_port_out,
                "Check that the number is here",
                request.phone_number,
                request.subscription_to_close,
            )
        if self._cancel:
            return
        async with self._progress.step(PIN):
            if self._model.state is PortOutState.CHECKING:
                await self._enter(PortOutState.ISSUING)
            self._pin = request.pin or await self._choose_pin()
            self._result.order_id = await execute_idempotent_write(
                PortOutActivities.set_port_out_pin,
                "Set the PIN",
                SetPinInput(phone_number=request.phone_number, pin=self._pin),
            )
            if self._result.order_id:
                workflow.upsert_search_attributes([ORDER_KEY.value_set(self._result.order_id)])
            self._result.issued_at = workflow.now()
            await self._enter(PortOutState.PIN_ISSUED, "issued the PIN")

    async def _choose_pin(self) -> str:
        chosen = await execute_internal(
            PinGenerator.generate_port_out_pin, "Generate a PIN", self._request.phone_number
        )
        return chosen.pin

    async def _await_departure(self) -> None:
        """Waits until the number has left. One read may miss it, so two have to agree."""
        sighting = await self._poll(
            PortOutActivities.await_ported_out, "Await the departure of the number", self._sighting
        )
        if sighting is None:
            return
        if sighting.state is not NumberState.GONE:
            await self._note_status(sighting)
            return
        self._model.log(
            "Telegent",
            "did not show the number in service; reading again to confirm",
            sighting.message,
        )
        confirmed = await self._poll(
            PortOutActivities.confirm_ported_out, "Confirm that the number has left"
        )
        if confirmed and confirmed.state is NumberState.GONE:
            await self._record_departure(confirmed.message)
        elif confirmed:
            await self._note_status(confirmed)

    async def _note_status(self, sighting: NumberSighting) -> None:
        """Shows another status; one that may mean that the number has left needs an operator."""
        if sighting == self._sighting:
            self._model.log("orchestrator", "the number is still here")
        else:
            self._sighting = sighting
            self._model.log("Telegent", "shows the number with another status", sighting.message)
            if sighting.state is NumberState.UNCLEAR:
                question = unclear_status(sighting.status)
                self._progress.stall(DEPARTURE, question, workflow.now())
                await self._publish(EventType.PORT_OUT_ATTENTION_REQUIRED, question)
            else:
                self._progress.resume(DEPARTURE)
        if self._model.count_status_change(ORDER_NOT_FOUND_DELAY) > MAX_STATUS_CHANGES:
            await self._wait_until(self._has_message, ORDER_NOT_FOUND_DELAY, NEXT_READ)

    async def _record_departure(self, vendor_message: str) -> None:
        self._result.ported_out_at = workflow.now()
        self._progress.resume(DEPARTURE)
        await self._enter(PortOutState.PORTED_OUT, vendor_message=vendor_message)
        if self._cancel:
            self._model.log("orchestrator", "ignored the cancel: the number has left")

    async def _poll(
        self,
        activity: Callable[Concatenate[PortOutActivities, str, P], Awaitable[NumberSighting]],
        summary: str,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> NumberSighting | None:
        """Returns what a poll finds; None when a message comes first, or the read is rejected."""
        poll = workflow.start_activity_method(
            activity,
            args=[self._request.phone_number, *args],
            summary=summary,
            **with_priority(POLL_OPTIONS, workflow.info()),
        )
        await self._wait_until(lambda: poll.done() or self._has_message())
        if not poll.done():
            await cancel_and_wait(poll)
            return None
        try:
            found: NumberSighting = await poll
        except ActivityError as error:
            self._model.log("Telegent", "rejected the read of the number", failure_message(error))
            await self._wait_until(self._has_message, ORDER_NOT_FOUND_DELAY, NEXT_READ)
            return None
        return found

    def _has_message(self) -> bool:
        return self._cancel is not None or self._departure is not None

    async def _cancel_port_out(self, cancel: PortOutCancel) -> None:
        """Overwrites the issued PIN. When Telegent rejects that, the port-out continues."""
        self._cancel = None
        if self._pin is not None:
            await self._enter(PortOutState.CANCEL_REQUESTED, f"cancelling for {cancel.by}")
            number = self._request.phone_number
            void_task = asyncio.create_task(
                execute_idempotent_write(
                    PortOutActivities.void_port_out_pin, "Overwrite the PIN", number
                )
            )
            await self._wait_until(void_task.done)
            try:
                await void_task
            except ActivityError as error:
                await self._enter(
                    PortOutState.PIN_ISSUED, "rejected the cancel", failure_message(error)
                )
                return
        self._result.reason = f"cancelled by {cancel.by}: {cancel.reason}"
        await self._enter(PortOutState.CANCELLED)

    async def _close_subscription(self) -> None:
        if subscription_id := self._request.subscription_to_close:
            async with self._progress.step(SUBSCRIPTION):
                summary = f"Close subscription {subscription_id}"
                await execute_idempotent_write(
                    SubscriptionActivities.close_subscription, summary, subscription_id
                )
                self._result.closed_subscription_id = subscription_id
                self._model.log("orchestrator", f"closed subscription {subscription_id}")
        else:
            self._progress.skip(SUBSCRIPTION, "no subscription to close was given")
        await self._enter(PortOutState.COMPLETED)

    async def _enter(
        self,
        state: PortOutState,
        description: str = "",
        vendor_message: str = "",
        event: EventType = EventType.PORT_OUT_CHANGED,
    ) -> None:
        """Enters a state, and sends an event."""
        self._model.transition_to(state, description or STATE_DESCRIPTIONS[state], vendor_message)
        await self._publish(event)

    async def _publish(self, event: EventType, step: str | None = None) -> None:
        """Sends an event. A cancellation that arrives meanwhile becomes a cancel of the port-out,
        unless the number has left.
        """
        state = self._model.state
        try:
            await self._publisher.publish(
                event,
                state.value,
                step=step or STATE_DESCRIPTIONS[state],
                phone_number=self._request.phone_number,
            )
        except asyncio.CancelledError:
            if state is PortOutState.PORTED_OUT:
                raise
            if state in CANCELLABLE_STATES:
                self._accept_cancel(CANCELLED_WORKFLOW)

    async def _wait_until(
        self,
        condition: Callable[[], bool],
        limit: timedelta | None = None,
        summary: str | None = None,
    ) -> bool:
        """Waits for a condition. A cancellation of the workflow becomes a cancel of the port-out.

        The awaited activity is not cancelled: a vendor call must not end in the middle.

        Returns:
            Whether the condition was met within `limit`.
        """
        try:
            await workflow.wait_condition(condition, timeout=limit, timeout_summary=summary)
        except TimeoutError:
            return False
        except asyncio.CancelledError:
            self._accept_cancel(CANCELLED_WORKFLOW)
            await workflow.wait_condition(condition)
        return True

    def _accept_cancel(self, cancel: PortOutCancel) -> PortOutState:
        self._model.log(cancel.by, f"requested the cancel: {cancel.reason}")
        self._cancel = cancel
        return self._model.state
