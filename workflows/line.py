"""One line: its number, its subscription, its data limits and its AI Guardian filters."""

import asyncio

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import (
    ApplicationError,
    FailureError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from activities.data_usage import DataUsageActivities
from activities.guardian import FindFilter, GuardianActivities
from activities.house import HouseActivities
from activities.numbers import (
    BuyNumber,
    FindNumber,
    FindNumberOnSim,
    NumberActivities,
    NumberAtHand,
)
from activities.subscriptions import (
    FindSubscription,
    StartSubscription,
    SubscriptionActivities,
)
from telegent_orchestrator.lines import (
    CallFilter,
    DataLimits,
    LineInput,
    LineResult,
    LineStatus,
    MessageFilter,
    NewNumber,
    PortInNumber,
    Renewal,
)
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
from workflows.board import Board, words_of
from workflows.ensure import Creation, ensure
from workflows.policies import CREATE, HOUSE, JOIN, POLL, READ, SET
from workflows.port_in import PortInWorkflow
from workflows.reporting import CHILD_CHANGED_SIGNAL, ChildChanged, tell_parent

ACCOUNT = SearchAttributeKey.for_keyword(ACCOUNT_ATTRIBUTE)
NUMBER, PORT_IN, SUBSCRIPTION = "Number", "Port-in", "Subscription"
LIMITS, RENEWAL = "Data limits", "Renewal"
CALLS, MESSAGES = "Call filter", "Message filter"


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
        self._board = Board(
            [number, SUBSCRIPTION, *(step for step, wish in extras.items() if wish)], self._tell
        )
        self._board.preface = [f"Line **{line.key}** of onboarding **{wanted.reference}**"]
        self._result = LineResult(key=line.key, state=StepState.RUNNING)

    @workflow.run
    async def run(self, wanted: LineInput) -> LineResult:
        """Number, then subscription, then limits and filters side by side."""
        workflow.upsert_search_attributes([ACCOUNT.value_set(wanted.account_id)])
        try:
            await self._number()
            await self._subscription()
            await asyncio.gather(self._data_usage(), self._filters())
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            self._result.state, self._result.detail = StepState.FAILED, words_of(error)
            raise ApplicationError(
                self._result.detail, self._result, type="LineFailed", non_retryable=True
            ) from error
        self._result.state = StepState.DONE
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._result

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> LineStatus:
        """How far the line is."""
        return LineStatus(
            key=self._wanted.line.key,
            steps=self._board.steps,
            questions=self._board.questions,
            result=self._result,
        )

    @workflow.update(name=RESOLVE_UPDATE)
    async def resolve(self, answer: Resolution) -> None:
        """A person's answer to a step that waits for one."""
        self._board.answer(answer)

    @resolve.validator
    def _only_when_asked(self, answer: Resolution) -> None:
        self._board.refuse_unasked(answer)

    @workflow.signal(name=CHILD_CHANGED_SIGNAL)
    async def child_changed(self, news: ChildChanged) -> None:
        """News of the port-in, passed on to the onboarding."""
        self._board.note(PORT_IN, news.detail)
        await self._tell(news.state, news.detail)

    async def _number(self) -> None:
        number = self._wanted.line.number
        if isinstance(number, PortInNumber):
            async with self._board.step(PORT_IN):
                at_hand = await self._port_in(number)
        else:
            async with self._board.step(NUMBER):
                at_hand = await self._buy(number)
                if not at_hand.number_id:
                    at_hand = await self._await_order(at_hand)
        self._result.phone_number = at_hand.phone_number
        self._result.number_id = at_hand.number_id
        self._result.order_id = at_hand.order_id
        self._result.iccid = at_hand.iccid
        self._result.activation_code = at_hand.activation_code
        await self._tell(StepState.RUNNING, f"{at_hand.phone_number} is live")

    async def _buy(self, number: NewNumber) -> NumberAtHand:
        wanted, line = self._wanted, self._wanted.line
        elsewhere = list(wanted.numbers_elsewhere)
        if not number.iccid and not wanted.only_number and not wanted.look_first:
            elsewhere += await workflow.execute_activity_method(
                NumberActivities.numbers_of,
                wanted.subscriber_id,
                summary="Which numbers the subscriber has before we buy one",
                **READ,
            )
        order = BuyNumber(
            account_id=wanted.account_id,
            subscriber_id=wanted.subscriber_id,
            product_type=line.product_type,
            message_type=line.message_type,
            message_route_id=wanted.message_route_id,
            voice_route_id=wanted.voice_route_id,
            area_code=number.area_code,
            zip_code=number.zip_code,
            iccid=number.iccid,
        )

        async def find(settle: bool) -> NumberAtHand | None:
            if number.iccid:
                return await workflow.execute_activity_method(
                    NumberActivities.find_number_on_sim,
                    FindNumberOnSim(
                        iccid=number.iccid, subscriber_id=wanted.subscriber_id, settle=settle
                    ),
                    summary="Look whether a number is on the SIM",
                    **READ,
                )
            return await workflow.execute_activity_method(
                NumberActivities.find_number,
                FindNumber(
                    subscriber_id=wanted.subscriber_id,
                    accounted_for=elsewhere,
                    sure=wanted.only_number or not wanted.look_first,
                    settle=settle,
                ),
                summary="Look whether the number was bought",
                **READ,
            )

        return await ensure(
            self._board,
            Creation(
                step=NUMBER,
                create=lambda: workflow.execute_activity_method(
                    NumberActivities.buy_number, order, summary="Buy a number", **CREATE
                ),
                find=find,
                adopt=self._await_number,
            ),
            look_first=wanted.look_first,
        )

    async def _await_order(self, ordered: NumberAtHand) -> NumberAtHand:
        phone_number = ordered.phone_number
        if phone_number is None:
            self._board.note(NUMBER, f"order {ordered.order_id} is in work at Telegent")
            phone_number = await workflow.execute_activity_method(
                NumberActivities.await_number_order,
                ordered.order_id or "",
                summary="Wait for the number order",
                **POLL,
            )
        return await self._await_number(phone_number)

    async def _await_number(self, phone_number: str) -> NumberAtHand:
        return await workflow.execute_activity_method(
            NumberActivities.await_number,
            phone_number,
            summary="Read the number's details",
            **READ,
        )

    async def _port_in(self, number: PortInNumber) -> NumberAtHand:
        wanted, line = self._wanted, self._wanted.line
        workflow_id = await workflow.execute_local_activity_method(
            HouseActivities.port_in_workflow_id, number.phone_number, **HOUSE
        )
        self._result.port_in_workflow_id = workflow_id
        request = PortInRequest(
            details=PortInDetails(**number.model_dump(exclude={"kind"})),
            bind=NumberBinding(
                account_id=wanted.account_id,
                subscriber_id=wanted.subscriber_id,
                product_type=line.product_type,
                message_type=line.message_type,
                message_route_id=wanted.message_route_id,
                voice_route_id=wanted.voice_route_id,
            ),
            look_first=wanted.look_first,
        )
        ported = await self._run_or_join(workflow_id, request)
        if ported.state is not PortState.COMPLETED:
            raise ApplicationError(
                f"the port-in ended as {ported.state.value}: {ported.reason}", type="NotPorted"
            )
        return NumberAtHand(
            order_id=ported.order_id,
            phone_number=ported.phone_number,
            number_id=ported.number_id,
            iccid=ported.iccid,
        )

    async def _run_or_join(self, workflow_id: str, request: PortInRequest) -> PortInResult:
        """A port-in outlives this line: it goes on when the line is cancelled or ends."""
        try:
            return await workflow.execute_child_workflow(
                PortInWorkflow.run,
                request,
                id=workflow_id,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                static_summary=f"Port-in for line {self._wanted.line.key}",
            )
        except WorkflowAlreadyStartedError:
            self._board.note(PORT_IN, "this number's port-in is open already; waiting for it")
            return await workflow.execute_activity_method(
                HouseActivities.await_port_in,
                workflow_id,
                summary="Wait for the open port-in",
                **JOIN,
            )

    async def _subscription(self) -> None:
        wanted = self._wanted
        start = StartSubscription(
            subscriber_id=wanted.subscriber_id,
            package_id=wanted.package_id,
            number_id=self._result.number_id or "",
            iccid=self._result.iccid,
        )

        async def find(settle: bool) -> str | None:
            return await workflow.execute_activity_method(
                SubscriptionActivities.find_subscription,
                FindSubscription(
                    subscriber_id=start.subscriber_id,
                    package_id=start.package_id,
                    number_id=start.number_id,
                    settle=settle,
                ),
                summary="Look for the subscription",
                **READ,
            )

        async with self._board.step(SUBSCRIPTION):
            self._result.subscription_id = await ensure(
                self._board,
                Creation(
                    step=SUBSCRIPTION,
                    create=lambda: workflow.execute_activity_method(
                        SubscriptionActivities.start_subscription,
                        start,
                        summary="Start the subscription",
                        **CREATE,
                    ),
                    find=find,
                    adopt=_as_given,
                ),
                look_first=wanted.look_first,
            )

    async def _data_usage(self) -> None:
        line, number = self._wanted.line, self._result.phone_number or ""
        if line.data_limits:
            await self._set_limits(number, line.data_limits)
        if line.renewal:
            await self._set_renewal(number, line.renewal)

    async def _set_limits(self, number: str, limits: DataLimits) -> None:
        async with self._board.step(LIMITS):
            await workflow.execute_activity_method(
                DataUsageActivities.set_data_limits,
                args=[number, limits],
                summary=f"Limit data to {limits.limit_mb} MB",
                **SET,
            )

    async def _set_renewal(self, number: str, renewal: Renewal) -> None:
        async with self._board.step(RENEWAL):
            await workflow.execute_activity_method(
                DataUsageActivities.set_renewal,
                args=[number, renewal],
                summary=f"Renew data every {renewal.every}",
                **SET,
            )

    async def _filters(self) -> None:
        line = self._wanted.line
        if line.call_filter:
            await self._filter_calls(line.call_filter)
        if line.message_filter:
            await self._filter_messages(line.message_filter)

    async def _filter_calls(self, wish: CallFilter) -> None:
        subscriber_id, number = self._wanted.subscriber_id, self._result.phone_number or ""
        async with self._board.step(CALLS):
            self._result.call_filter_id = await ensure(
                self._board,
                Creation(
                    step=CALLS,
                    create=lambda: workflow.execute_activity_method(
                        GuardianActivities.create_call_filter,
                        args=[subscriber_id, number, wish],
                        summary="Create the call filter",
                        **CREATE,
                    ),
                    find=lambda settle: workflow.execute_activity_method(
                        GuardianActivities.find_call_filter,
                        FindFilter(subscriber_id=subscriber_id, phone_number=number, settle=settle),
                        summary="Look for the call filter",
                        **READ,
                    ),
                    adopt=_as_given,
                    unique=True,
                ),
                look_first=self._wanted.look_first,
            )

    async def _filter_messages(self, wish: MessageFilter) -> None:
        subscriber_id, number = self._wanted.subscriber_id, self._result.phone_number or ""
        async with self._board.step(MESSAGES):
            self._result.message_filter_id = await ensure(
                self._board,
                Creation(
                    step=MESSAGES,
                    create=lambda: workflow.execute_activity_method(
                        GuardianActivities.create_message_filter,
                        args=[subscriber_id, number, wish],
                        summary="Create the message filter",
                        **CREATE,
                    ),
                    find=lambda settle: workflow.execute_activity_method(
                        GuardianActivities.find_message_filter,
                        FindFilter(subscriber_id=subscriber_id, phone_number=number, settle=settle),
                        summary="Look for the message filter",
                        **READ,
                    ),
                    adopt=_as_given,
                    unique=True,
                ),
                look_first=self._wanted.look_first,
            )

    async def _tell(self, state: StepState, detail: str) -> None:
        await tell_parent(ChildChanged(key=self._wanted.line.key, state=state, detail=detail))


async def _as_given(given_id: str) -> str:
    return given_id
