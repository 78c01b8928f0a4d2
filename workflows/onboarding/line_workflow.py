"""One line: its number, its subscription, its data limits and its AI Guardian filters."""

import asyncio

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import (
    ApplicationError,
    FailureError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from activities.local import HouseActivities
from activities.onboarding.data_usage import DataUsageActivities
from activities.onboarding.numbers import NumberAtHand
from activities.onboarding.subscriptions import StartSubscription, SubscriptionActivities
from activities.support.outcomes import words_of
from activities.support.write_specs import BIND_NUMBER, SUBMIT_PORT
from telegent_orchestrator import _ui_text
from telegent_orchestrator.events import EventType
from telegent_orchestrator.lines import LineInput, LineResult, LineStatus, PortInNumber
from telegent_orchestrator.names import (
    ACCOUNT_ATTRIBUTE,
    LINE_WORKFLOW,
    RESOLVE_UPDATE,
    STATUS_QUERY,
)
from telegent_orchestrator.port_in import (
    NumberBinding,
    PortInDetails,
    PortInRequest,
    PortInResult,
    PortState,
)
from telegent_orchestrator.progress import Resolution, StepState
from workflows.events.delivery_workflow import Publisher
from workflows.onboarding.guardian_filters import CALLS, MESSAGES, filter_calls, filter_messages
from workflows.onboarding.number_purchase import NUMBER, buy_number
from workflows.port_in.activation import bind
from workflows.port_in.workflow import PortInWorkflow
from workflows.support.activity_calls import ask_house, put, requesting
from workflows.support.activity_options import JOIN
from workflows.support.cancellation import side_by_side
from workflows.support.compensation import Undo
from workflows.support.exactly_once import Maker
from workflows.support.markdown import link
from workflows.support.messages import read_message
from workflows.support.parent_updates import CHILD_CHANGED_SIGNAL, ChildChanged, Parent, heard
from workflows.support.progress import Board

ACCOUNT = SearchAttributeKey.for_keyword(ACCOUNT_ATTRIBUTE)
PORT_IN, SUBSCRIPTION, LIMITS, RENEWAL = "Port-in", "Subscription", "Data limits", "Renewal"


@workflow.defn(name=LINE_WORKFLOW)
class LineWorkflow:
    """Brings one line into service; fails with what exists so far when something is refused."""

    @workflow.init
    def __init__(self, wanted: LineInput) -> None:
        self._wanted = wanted
        line = wanted.line
        number = PORT_IN if isinstance(line.number, PortInNumber) else NUMBER
        extras = {
            LIMITS: line.data_limits,
            RENEWAL: line.renewal,
            CALLS: line.call_filter,
            MESSAGES: line.message_filter,
        }
        self._parent = Parent()
        self._board = Board(
            [number, SUBSCRIPTION, *(step for step, wish in extras.items() if wish)], self._tell
        )
        self._undo = Undo(self._board)
        self._maker = Maker(self._board, self._undo, wanted.earlier)
        self._publisher = Publisher(wanted.reference, line.key)
        self._board.preface = self._preface
        self._result = LineResult(key=line.key, state=StepState.RUNNING)

    @workflow.run
    async def run(self, wanted: LineInput) -> LineResult:
        """Number, then subscription, then limits and filters side by side."""
        self._board.attributes[ACCOUNT] = wanted.account_id
        try:
            await self._bring_live()
        except (asyncio.CancelledError, FailureError) as error:
            # A port-in or a part that was cancelled by itself is a failure of this line.
            if is_cancelled_exception(error) and workflow.cancellation_reason() is not None:
                await self._take_back()
                raise
            self._result.state, self._result.detail = StepState.FAILED, words_of(error)
            await self._publish(EventType.LINE_FAILED)
            raise ApplicationError(
                self._result.detail, self._result, type="LineFailed", non_retryable=True
            ) from error
        self._result.state = StepState.DONE
        await self._publish(EventType.LINE_CHANGED)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._result

    async def _bring_live(self) -> None:
        await self._number()
        await self._subscription()
        number = self._result.phone_number
        await self._tell(StepState.RUNNING, f"{number} is live", number)
        await self._publish(EventType.LINE_LIVE)
        await side_by_side(self._data_usage(), self._filters())

    async def _take_back(self) -> None:
        await self._undo.all()
        left = self._undo.undone.left
        await self._parent.tell(
            ChildChanged(
                key=self._wanted.line.key,
                state=StepState.FAILED,
                detail=f"cancelled; left: {'; '.join(left)}" if left else "cancelled, taken back",
                released=not left,
            )
        )

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> LineStatus:
        """How far the line is."""
        return LineStatus(
            key=self._wanted.line.key,
            steps=self._board.steps,
            questions=self._board.questions,
            undone=self._undo.undone,
            result=self._result,
        )

    @workflow.update(name=RESOLVE_UPDATE, description="answer a step that waits for a person")
    async def resolve(self, *sent: JsonValue) -> None:
        """Takes a Resolution: a person's answer to a step that waits for one."""
        self._board.answer(read_message(Resolution, sent))

    @resolve.validator
    def _only_when_asked(self, *sent: JsonValue) -> None:
        self._board.refuse_unasked(read_message(Resolution, sent))

    @workflow.signal(
        name=CHILD_CHANGED_SIGNAL,
        description="sent by the port-in, not by people",
        # News that is still being passed on when the line has ended is nobody's any more.
        unfinished_policy=workflow.HandlerUnfinishedPolicy.ABANDON,
    )
    async def child_changed(self, raw: JsonValue = None, *more: JsonValue) -> None:
        """News of the port-in, passed on to the onboarding. Anything else is ignored."""
        news = heard(raw)
        if news is None or not isinstance(self._wanted.line.number, PortInNumber):
            return
        self._board.note(PORT_IN, news.detail)
        await self._tell(news.state, news.detail)

    async def _number(self) -> None:
        number = self._wanted.line.number
        if isinstance(number, PortInNumber):
            async with self._board.step(PORT_IN):
                at_hand = await self._port_in(number)
        else:
            async with self._board.step(NUMBER):
                at_hand = await buy_number(self._maker, self._wanted, number)
        result = self._result
        result.phone_number, result.number_id = at_hand.phone_number, at_hand.number_id
        result.order_id, result.iccid = at_hand.order_id, at_hand.iccid
        result.activation_code = at_hand.activation_code

    def _preface(self) -> list[str]:
        lines = [f"Line **{self._wanted.line.key}** of onboarding **{self._wanted.reference}**"]
        if port_in := self._result.port_in_workflow_id:
            lines += ["", link("open its port-in", port_in)]
        return lines

    async def _port_in(self, number: PortInNumber) -> NumberAtHand:
        wanted, line = self._wanted, self._wanted.line
        workflow_id = await ask_house(
            HouseActivities.port_in_workflow_id,
            "Under which id does this number's port-in run?",
            number.phone_number,
        )
        self._result.port_in_workflow_id = workflow_id
        self._board.show()
        binding = NumberBinding(
            account_id=wanted.account_id,
            subscriber_id=wanted.subscriber_id,
            product_type=line.product_type,
            message_type=line.message_type,
            message_route_id=wanted.message_route_id,
            voice_route_id=wanted.voice_route_id,
        )
        request = PortInRequest(
            details=PortInDetails(**number.model_dump(exclude={"kind"})),
            bind=binding,
            look_first=wanted.earlier is not None,
        )
        open_port = self._undo.leave(f"port-in of {number.phone_number}", SUBMIT_PORT)
        ported, joined = await self._run_or_join(workflow_id, request)
        self._undo.forget(open_port)
        if ported.state is not PortState.COMPLETED:
            raise ApplicationError(
                f"the port-in ended as {ported.state.value}: {ported.reason}", type="NotPorted"
            )
        self._undo.leave(f"ported number {ported.phone_number}", BIND_NUMBER)
        await self._make_ours(ported, binding, number.iccid, bind_anew=joined)
        return NumberAtHand(
            order_id=ported.order_id,
            phone_number=ported.phone_number,
            number_id=ported.number_id,
            iccid=ported.iccid,
        )

    async def _make_ours(
        self, ported: PortInResult, binding: NumberBinding, iccid: str | None, *, bind_anew: bool
    ) -> None:
        """A port-in that was open already may have bound its number to nobody, or otherwise."""
        if ported.subscriber_id is None or (
            bind_anew and ported.subscriber_id == binding.subscriber_id
        ):
            if differences := await bind(ported.phone_number, binding, iccid):
                self._board.note(
                    PORT_IN, f"the number is bound otherwise: {'; '.join(differences)}"
                )
        elif ported.subscriber_id != binding.subscriber_id:
            raise ApplicationError(
                f"the port-in that was open has bound {ported.phone_number} to subscriber "
                f"{ported.subscriber_id}",
                type="BoundToAnother",
            )

    async def _run_or_join(
        self, workflow_id: str, request: PortInRequest
    ) -> tuple[PortInResult, bool]:
        """The port-in's result, and whether it was open already.

        A port-in outlives this line: it goes on when the line is cancelled or ends.
        """
        try:
            ported = await workflow.execute_child_workflow(
                PortInWorkflow.run,
                request,
                id=workflow_id,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                static_summary=f"Port-in for line {self._wanted.line.key}",
                static_details=_ui_text.PORT_IN,
            )
        except WorkflowAlreadyStartedError:
            self._board.note(PORT_IN, "this number's port-in is open already; waiting for it")
            wait = requesting(
                JOIN, HouseActivities.await_port_in, "Wait for the open port-in", workflow_id
            )
            return await wait(), True
        return ported, False

    async def _subscription(self) -> None:
        wanted, number_id = self._wanted, self._result.number_id or ""
        async with self._board.step(SUBSCRIPTION):
            self._result.subscription_id = await self._maker.ensure_id(
                SUBSCRIPTION,
                "the subscription",
                SubscriptionActivities.start_subscription,
                SubscriptionActivities.find_subscription,
                StartSubscription(
                    subscriber_id=wanted.subscriber_id,
                    package_id=wanted.package_id,
                    number_id=number_id,
                    iccid=self._result.iccid,
                ),
                take_back=lambda subscription_id: put(
                    SubscriptionActivities.close_subscription,
                    "End the subscription",
                    subscription_id,
                ),
            )

    async def _data_usage(self) -> None:
        line, number = self._wanted.line, self._result.phone_number or ""
        if limits := line.data_limits:
            async with self._board.step(LIMITS):
                summary = f"Limit data to {limits.limit_mb} MB"
                await put(DataUsageActivities.set_data_limits, summary, [number], limits)
        if renewal := line.renewal:
            async with self._board.step(RENEWAL):
                summary = f"Renew data every {renewal.every}"
                await put(DataUsageActivities.set_renewal, summary, [number], renewal)

    async def _filters(self) -> None:
        line, number = self._wanted.line, self._result.phone_number or ""
        whose = self._wanted.subscriber_id
        if wish := line.call_filter:
            self._result.call_filter_id = await filter_calls(self._maker, whose, number, wish)
        if words := line.message_filter:
            self._result.message_filter_id = await filter_messages(
                self._maker, whose, number, words
            )

    async def _tell(self, state: StepState, detail: str, phone_number: str | None = None) -> None:
        key = self._wanted.line.key
        questions = self._board.questions
        await self._parent.tell(
            ChildChanged(key=key, state=state, detail=detail, phone_number=phone_number)
        )
        if state is StepState.NEEDS_PERSON and questions:
            await self._publish(EventType.LINE_ATTENTION_REQUIRED, questions[0].step)

    async def _publish(self, kind: EventType, step: str | None = None) -> None:
        await self._publisher.publish(
            kind, self._result.state.value, step=step, phone_number=self._result.phone_number
        )
