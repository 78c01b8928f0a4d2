"""One port-out: the PIN issued in time, the number kept until it has left, its charges ended."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError

from activities.onboarding.subscriptions import SubscriptionActivities
from activities.port_out.port_outs import PinChooser, PinToSet, PortOutActivities
from activities.support.outcomes import words_of
from telegent_orchestrator.names import (
    CANCEL_SIGNAL,
    CANCEL_UPDATE,
    ORDER_ATTRIBUTE,
    STATUS_QUERY,
)
from telegent_orchestrator.port_out import (
    PORT_OUT_WORKFLOW,
    REVEAL_PIN_UPDATE,
    PortOutCancel,
    PortOutPin,
    PortOutRequest,
    PortOutResult,
    PortOutState,
    PortOutStatus,
    RevealPin,
)
from workflows.port_out.state import (
    LEAVING,
    NUMBER,
    PIN,
    SENTENCES,
    SUBSCRIPTION,
    PortOutRecord,
)
from workflows.support.activity_calls import ask_house, put, read
from workflows.support.activity_options import POLL, STRANGE_ANSWER_PAUSE, in_turn
from workflows.support.messages import read_message

ORDER = SearchAttributeKey.for_keyword(ORDER_ATTRIBUTE)
BEFORE_ISSUE = (PortOutState.CHECKING, PortOutState.ISSUING, PortOutState.ISSUE_OVERDUE)


@workflow.defn(name=PORT_OUT_WORKFLOW)
class PortOutWorkflow:
    """Lets a number go to another carrier; ends COMPLETED or CANCELLED.

    It fails when the vendor refuses the number, the PIN, or the end of the subscription. A message
    that cannot be used is refused to its sender (update) or stands in the timeline (signal).
    """

    @workflow.init
    def __init__(self, request: PortOutRequest) -> None:
        self._request = request
        self._pin: str | None = None
        self._cancel: PortOutCancel | None = None
        self._record = PortOutRecord(request)
        self._board = self._record.board
        self._result = self._record.result

    @workflow.run
    async def run(self, request: PortOutRequest) -> PortOutResult:
        """Issue the PIN, wait until the number has left, end its subscription."""
        await self._issue_in_time()
        async with self._board.step(LEAVING):
            while self._record.state not in (PortOutState.LEFT, PortOutState.CANCELLED):
                if self._cancel:
                    await self._keep_number(self._cancel)
                else:
                    await self._await_departure()
        if self._record.state is PortOutState.LEFT:
            await self._close_subscription()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._result

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> PortOutStatus:
        """How far the port-out is, without its PIN."""
        return self._record.status()

    @workflow.update(name=REVEAL_PIN_UPDATE)
    async def reveal_pin(self, *sent: JsonValue) -> PortOutPin:
        """The PIN, for the subscriber; who asked (RevealPin), and why, stays in the timeline."""
        asked = read_message(RevealPin, sent)
        assert self._pin is not None
        self._record.write(asked.by, f"was shown the PIN: {asked.reason}")
        return PortOutPin(pin=self._pin)

    @reveal_pin.validator
    def _can_reveal(self, *sent: JsonValue) -> None:
        read_message(RevealPin, sent)
        if self._record.state is not PortOutState.PIN_ISSUED:
            raise _not_now(f"a port-out in state {self._record.state.value} has no PIN to show")

    @workflow.update(name=CANCEL_UPDATE)
    async def request_cancel(self, *sent: JsonValue) -> PortOutState:
        """Takes a PortOutCancel, or refuses it; returns the state it met."""
        return self._take_cancel(read_message(PortOutCancel, sent))

    @request_cancel.validator
    def _can_cancel(self, *sent: JsonValue) -> None:
        read_message(PortOutCancel, sent)
        if self._record.state not in (*BEFORE_ISSUE, PortOutState.PIN_ISSUED):
            raise _not_now(
                f"a port-out in state {self._record.state.value} cannot be cancelled: "
                f"{SENTENCES[self._record.state]}"
            )

    @workflow.signal(name=CANCEL_SIGNAL)
    def cancel(self, *sent: JsonValue) -> None:
        """Takes the wish to keep the number; one that cannot be used stands in the timeline."""
        try:
            self._can_cancel(*sent)
        except ApplicationError as error:
            self._record.write_refusal(sent, error)
        else:
            self._take_cancel(read_message(PortOutCancel, sent))

    async def _issue_in_time(self) -> None:
        """Issues the PIN, and calls for attention when that takes too long."""
        issuing = asyncio.create_task(self._issue())
        within = self._request.issue_within
        if not await self._until(issuing.done, within, "Until the PIN must be issued"):
            self._record.move(PortOutState.ISSUE_OVERDUE, f"the PIN was not issued within {within}")
            await self._until(issuing.done)
        await issuing

    async def _issue(self) -> None:
        request = self._request
        async with self._board.step(NUMBER):
            self._record.move(PortOutState.CHECKING, f"started for {request.by}")
            await read(
                PortOutActivities.check_leaver,
                "Look whether the number is ours",
                request.phone_number,
                request.subscription_to_close,
            )
        if self._cancel:
            return
        async with self._board.step(PIN):
            if self._record.state is PortOutState.CHECKING:
                self._record.move(PortOutState.ISSUING, SENTENCES[PortOutState.ISSUING])
            self._pin = request.pin or await self._choose_pin()
            self._result.order_id = await put(
                PortOutActivities.set_port_out_pin,
                "Set the PIN",
                PinToSet(phone_number=request.phone_number, pin=self._pin),
            )
            if self._result.order_id:
                workflow.upsert_search_attributes([ORDER.value_set(self._result.order_id)])
            self._result.issued_at = workflow.now()
            self._record.move(PortOutState.PIN_ISSUED, "issued the PIN")

    async def _choose_pin(self) -> str:
        chosen = await ask_house(
            PinChooser.choose_port_out_pin, "Choose a PIN", self._request.phone_number
        )
        return chosen.pin

    async def _await_departure(self) -> None:
        """Waits until the number is gone. A read may miss it, so two have to agree."""
        words = await self._look(PortOutActivities.await_departure, "Wait until the number leaves")
        if words is None:
            return
        self._record.write("Telegent", "did not show the number in service; looking again", words)
        words = await self._look(PortOutActivities.check_departure, "Look whether it has left")
        if words is not None:
            self._result.left_at = workflow.now()
            self._record.move(PortOutState.LEFT, SENTENCES[PortOutState.LEFT], words)
            if self._cancel:
                self._record.write("orchestrator", "the cancel came too late")
        elif not self._cancel:
            self._record.write("orchestrator", "the number counts as still here")

    async def _look(
        self, activity: Callable[[PortOutActivities, str], Awaitable[str | None]], summary: str
    ) -> str | None:
        """What a look finds; None when a cancel comes first, or the vendor will not say."""
        looking = workflow.start_activity_method(
            activity,
            self._request.phone_number,
            summary=summary,
            **in_turn(POLL, workflow.info().priority),
        )
        await self._until(lambda: looking.done() or self._cancel is not None)
        if not looking.done():
            looking.cancel()
            await workflow.wait_condition(looking.done)
            # Nobody needs how it ended, but asyncio complains of an exception nobody asked for;
            # and asking a cancelled task raises what would pass for the workflow's cancellation.
            if not looking.cancelled():
                looking.exception()
            return None
        try:
            return await looking
        except ActivityError as error:
            self._record.write("Telegent", "would not show the number", words_of(error))
            pause = "Ask for the number again"
            await self._until(lambda: self._cancel is not None, STRANGE_ANSWER_PAUSE, pause)
            return None

    async def _keep_number(self, cancel: PortOutCancel) -> None:
        """Makes the issued PIN worthless; when the vendor refuses that, the port-out goes on."""
        self._cancel = None
        if self._pin is not None:
            self._record.move(PortOutState.CANCEL_REQUESTED, f"cancelling for {cancel.by}")
            number = self._request.phone_number
            voiding = asyncio.create_task(
                put(PortOutActivities.void_port_out_pin, "Make the PIN worthless", number)
            )
            await self._until(voiding.done)
            try:
                await voiding
            except ActivityError as error:
                self._record.move(PortOutState.PIN_ISSUED, "refused the cancel", words_of(error))
                return
        self._result.reason = f"cancelled by {cancel.by}: {cancel.reason}"
        self._record.move(PortOutState.CANCELLED, SENTENCES[PortOutState.CANCELLED])

    async def _close_subscription(self) -> None:
        if subscription_id := self._request.subscription_to_close:
            async with self._board.step(SUBSCRIPTION):
                summary = f"Close subscription {subscription_id}"
                await put(SubscriptionActivities.close_subscription, summary, subscription_id)
                self._result.closed_subscription_id = subscription_id
                self._record.write("orchestrator", f"closed subscription {subscription_id}")
        else:
            self._board.skip(SUBSCRIPTION, "none was to be closed")
        self._record.move(PortOutState.COMPLETED, SENTENCES[PortOutState.COMPLETED])

    async def _until(
        self, true: Callable[[], bool], within: timedelta | None = None, summary: str | None = None
    ) -> bool:
        """Waits; False when it took too long. Cancelling the workflow cancels the port-out.

        What is waited for runs on: a call to the vendor must not end half done.
        """
        try:
            await workflow.wait_condition(true, timeout=within, timeout_summary=summary)
        except TimeoutError:
            return False
        except asyncio.CancelledError:
            self._take_cancel(PortOutCancel(by="Temporal", reason="the workflow was cancelled"))
            await workflow.wait_condition(true)
        return True

    def _take_cancel(self, cancel: PortOutCancel) -> PortOutState:
        self._record.write(cancel.by, f"asked to cancel: {cancel.reason}")
        self._cancel = cancel
        return self._record.state


def _not_now(reason: str) -> ApplicationError:
    return ApplicationError(reason, type="NotNow")
