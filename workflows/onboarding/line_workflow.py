"""One line: its number, its subscription, its data limits and its AI Guardian filters."""

import asyncio

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import (
    ApplicationError,
    FailureError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from activities.internal_activities import InternalActivities
from activities.onboarding.data_usage import DataUsageActivities
from activities.onboarding.e911 import E911Activities
from activities.onboarding.number_records import NumberRecord
from activities.onboarding.subscriptions import StartSubscription, SubscriptionActivities
from activities.support.outcomes import failure_message
from activities.support.write_specs import BIND_NUMBER, SUBMIT_PORT
from telegent_orchestrator import _ui_text
from telegent_orchestrator._validation import truncate
from telegent_orchestrator.events import EventType
from telegent_orchestrator.lines import LineInput, LineRequest, LineResult, LineStatus, PortInNumber
from telegent_orchestrator.names import (
    ACCOUNT_KEY,
    LINE_WORKFLOW,
    STATUS_QUERY,
    line_id,
)
from telegent_orchestrator.port_in import (
    NumberBinding,
    PortInDetails,
    PortInRequest,
    PortInResult,
    PortState,
)
from telegent_orchestrator.progress import StepState
from workflows.events.delivery_workflow import EventPublisher
from workflows.onboarding.resources import (
    CALL_FILTER_STEP,
    MESSAGE_FILTER_STEP,
    NUMBER_STEP,
    buy_number,
    ensure_call_filter,
    ensure_message_filter,
)
from workflows.port_in.tasks import bind_number
from workflows.port_in.workflow import PortInWorkflow
from workflows.support.activity_calls import (
    AWAIT_WORKFLOW_OPTIONS,
    execute_idempotent_write,
    execute_internal,
    prepare_call,
)
from workflows.support.awaited_workflow import await_end
from workflows.support.cancellation import run_all
from workflows.support.compensation import ROLLING_BACK, CompensationLog
from workflows.support.exactly_once import ResourceCreator
from workflows.support.markdown import code, link
from workflows.support.messages import (
    CHILD_UPDATED_SIGNAL,
    ChildUpdate,
    ParentNotifier,
    parse_child_update,
    require_own_id,
)
from workflows.support.progress import ProgressTracker, ResolvesEscalations

PORT_IN_STEP, SUBSCRIPTION_STEP, E911_STEP, DATA_LIMITS_STEP, RENEWAL_STEP = (
    "Port-in",
    "Subscription",
    "E911 address",
    "Data limits",
    "Renewal",
)

LONG_STEPS = [NUMBER_STEP, PORT_IN_STEP, SUBSCRIPTION_STEP, ROLLING_BACK]
"""Those after the subscription are listed as it, unless one needs an operator."""


def first_step(line: LineRequest) -> str:
    """The name of a line's first step."""
    return PORT_IN_STEP if isinstance(line.number, PortInNumber) else NUMBER_STEP


@workflow.defn(name=LINE_WORKFLOW)
class LineWorkflow(ResolvesEscalations):
    """Brings one line into service; fails with what exists so far when Telegent rejects a step."""

    @workflow.init
    def __init__(self, wanted: LineInput) -> None:
        self._input = wanted
        line = wanted.line
        extras = {
            E911_STEP: line.e911_address,
            DATA_LIMITS_STEP: line.data_limits,
            RENEWAL_STEP: line.renewal,
            CALL_FILTER_STEP: line.call_filter,
            MESSAGE_FILTER_STEP: line.message_filter,
        }
        self._parent = ParentNotifier()
        self._progress = ProgressTracker(
            [
                first_step(line),
                SUBSCRIPTION_STEP,
                *(step for step, setting in extras.items() if setting),
            ],
            self._notify_parent,
            on_resolution=self._report_resolution,
            long_steps=LONG_STEPS,
        )
        self._compensation = CompensationLog(self._progress)
        self._creator = ResourceCreator(
            self._progress, self._compensation, wanted.previous_runs, wanted.lags
        )
        self._publisher = EventPublisher(
            wanted.reference, line.key, receivers=wanted.event_receivers
        )
        self._progress.header = self._render_header
        self._result = LineResult(key=line.key, state=StepState.RUNNING)

    @workflow.run
    async def run(self, wanted: LineInput) -> LineResult:
        """Sets up number, then subscription and E911 address, then data limits and filters."""
        require_own_id(line_id(wanted.reference, wanted.line.key))
        self._progress.search_attributes[ACCOUNT_KEY] = wanted.account_id
        try:
            await self._provision()
        except (asyncio.CancelledError, FailureError) as error:
            # A port-in that was cancelled on its own is a failure of this line.
            if is_cancelled_exception(error) and workflow.cancellation_reason() is not None:
                await self._roll_back()
                raise
            self._result.state = StepState.FAILED
            self._result.detail = truncate(failure_message(error))
            await self._publish(EventType.LINE_FAILED)
            raise ApplicationError(
                self._result.detail, self._result, type="LineFailed", non_retryable=True
            ) from error
        self._result.state = StepState.DONE
        await self._publish(EventType.LINE_CHANGED)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._result

    async def _provision(self) -> None:
        await self._ensure_number()
        await run_all(self._start_subscription(), self._set_e911_address())
        if self._input.shares_settings:
            number = self._result.phone_number
            await self._notify_parent(StepState.RUNNING, f"{number} is in service", number)
        await self._publish(EventType.LINE_IN_SERVICE)
        await run_all(self._set_data_usage(), self._ensure_filters())

    async def _roll_back(self) -> None:
        self._result.state, self._result.detail = StepState.FAILED, "cancelled"
        await self._compensation.run()
        retained = self._compensation.report.retained
        await self._parent.notify(
            ChildUpdate(
                key=self._input.line.key,
                state=StepState.FAILED,
                detail=f"cancelled; retained: {'; '.join(retained)}"
                if retained
                else "cancelled and rolled back",
                compensated=not retained,
            )
        )

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> LineStatus:
        """Returns the state of each step, and what exists so far."""
        return LineStatus(
            key=self._input.line.key,
            steps=self._progress.steps,
            escalations=self._progress.escalations,
            compensation=self._compensation.report,
            result=self._result,
        )

    @workflow.signal(
        name=CHILD_UPDATED_SIGNAL,
        description="sent by the port-in, not by operators",
        # An update that is being forwarded when the line ends has no receiver.
        unfinished_policy=workflow.HandlerUnfinishedPolicy.ABANDON,
    )
    async def child_updated(self, *sent: JsonValue) -> None:
        """Forwards the update of the port-in to the onboarding; anything else is ignored."""
        update = parse_child_update(sent)
        if update is None or not isinstance(self._input.line.number, PortInNumber):
            return
        self._progress.set_detail(PORT_IN_STEP, update.detail)
        await self._notify_parent(update.state, update.detail)

    async def _ensure_number(self) -> None:
        number = self._input.line.number
        if isinstance(number, PortInNumber):
            async with self._progress.step(PORT_IN_STEP):
                record = await self._port_number_in(number)
        else:
            async with self._progress.step(NUMBER_STEP):
                record = await buy_number(self._creator, self._input, number)
        result = self._result
        result.phone_number, result.number_id = record.phone_number, record.number_id
        result.order_id, result.iccid = record.order_id, record.iccid
        result.activation_code = record.activation_code

    def _render_header(self) -> list[str]:
        lines = [f"Line **{self._input.line.key}** of onboarding **{self._input.reference}**"]
        if port_in := self._result.port_in_workflow_id:
            lines += ["", link("open its port-in", port_in)]
        if activation_code := self._result.activation_code:
            lines += ["", "eSIM activation code:", "", *code(activation_code)]
        return lines

    async def _port_number_in(self, number: PortInNumber) -> NumberRecord:
        wanted, line = self._input, self._input.line
        workflow_id = await execute_internal(
            InternalActivities.port_in_workflow_id,
            "Derive the port-in's workflow id",
            number.phone_number,
        )
        self._result.port_in_workflow_id = workflow_id
        self._progress.publish()
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
            check_existing=self._creator.unseen_runs is not None,
        )
        open_port_in = self._compensation.retain(f"port-in of {number.phone_number}", SUBMIT_PORT)
        ported, joined = await self._run_or_join(workflow_id, request)
        self._compensation.discard(open_port_in)
        if ported.state is not PortState.COMPLETED:
            raise ApplicationError(
                f"the port-in ended as {ported.state.value}: {ported.reason}",
                type="PortInNotCompleted",
            )
        self._compensation.retain(f"ported number {ported.phone_number}", BIND_NUMBER)
        await self._verify_binding(ported, binding, number, rebind=joined)
        return NumberRecord(
            order_id=ported.order_id,
            phone_number=ported.phone_number,
            number_id=ported.number_id,
            iccid=ported.iccid,
            activation_code=ported.activation_code,
        )

    async def _verify_binding(
        self, ported: PortInResult, binding: NumberBinding, number: PortInNumber, *, rebind: bool
    ) -> None:
        """Binds the number, if a port-in that was open already has not bound it as wanted."""
        if ported.subscriber_id is None or (
            rebind and ported.subscriber_id == binding.subscriber_id
        ):
            if differences := await bind_number(
                ported.phone_number, binding, number.iccid, number.classification
            ):
                self._progress.set_detail(
                    PORT_IN_STEP, f"the number is bound differently: {'; '.join(differences)}"
                )
        elif ported.subscriber_id != binding.subscriber_id:
            raise ApplicationError(
                f"an earlier port-in has bound {ported.phone_number} to subscriber "
                f"{ported.subscriber_id}",
                type="BoundToAnotherSubscriber",
            )

    async def _run_or_join(
        self, workflow_id: str, request: PortInRequest
    ) -> tuple[PortInResult, bool]:
        """Returns the port-in's result, and whether the port-in was open already.

        A port-in outlives this line: it continues when the line is cancelled or ends.
        """
        try:
            ported = await workflow.execute_child_workflow(
                PortInWorkflow.run,
                request,
                id=workflow_id,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                static_summary=f"Port-in for line {self._input.line.key}",
                static_details=_ui_text.PORT_IN_DETAILS,
            )
        except WorkflowAlreadyStartedError:
            await self._await_open_port_in(workflow_id)
            wait = prepare_call(
                AWAIT_WORKFLOW_OPTIONS,
                InternalActivities.await_port_in,
                "Await the open port-in",
                workflow_id,
            )
            return await wait(), True
        return ported, False

    async def _await_open_port_in(self, workflow_id: str) -> None:
        """Waits until a port-in ends that this line did not start; shows when it needs an operator.

        It reports to the workflow that started it.
        """

        async def show(since: str) -> None:
            detail = "a port-in of this number is open already; waiting for it to end"
            if since:
                detail += f"; it has needed an operator since {since}"
            self._progress.set_detail(PORT_IN_STEP, detail)
            state = StepState.NEEDS_OPERATOR if since else StepState.RUNNING
            await self._notify_parent(state, detail)

        await await_end(workflow_id, "the open port-in", show)

    async def _start_subscription(self) -> None:
        wanted, number_id = self._input, self._result.number_id or ""
        async with self._progress.step(SUBSCRIPTION_STEP):
            self._result.subscription_id = await self._creator.ensure(
                SubscriptionActivities.start_subscription,
                StartSubscription(
                    subscriber_id=wanted.subscriber_id,
                    package_id=wanted.package_id,
                    number_id=number_id,
                    iccid=self._result.iccid,
                    classification=wanted.line.number.classification,
                ),
            )

    async def _set_e911_address(self) -> None:
        if address := self._input.line.e911_address:
            async with self._progress.step(E911_STEP):
                await execute_idempotent_write(
                    E911Activities.set_e911_address,
                    "Set the address for emergency calls",
                    self._result.phone_number or "",
                    address,
                    self._input.account_id,
                )

    async def _set_data_usage(self) -> None:
        line, number = self._input.line, self._result.phone_number or ""
        if limits := line.data_limits:
            async with self._progress.step(DATA_LIMITS_STEP):
                summary = f"Limit data to {limits.limit_mb} MB"
                await execute_idempotent_write(
                    DataUsageActivities.set_data_limits, summary, [number], limits
                )
        if renewal := line.renewal:
            async with self._progress.step(RENEWAL_STEP):
                summary = f"Renew data every {renewal.every}"
                await execute_idempotent_write(
                    DataUsageActivities.set_renewal, summary, [number], renewal
                )

    async def _ensure_filters(self) -> None:
        line, number = self._input.line, self._result.phone_number or ""
        subscriber_id = self._input.subscriber_id
        if call_filter := line.call_filter:
            self._result.call_filter_id = await ensure_call_filter(
                self._creator, subscriber_id, number, call_filter
            )
        if message_filter := line.message_filter:
            self._result.message_filter_id = await ensure_message_filter(
                self._creator, subscriber_id, number, message_filter
            )

    async def _notify_parent(
        self, state: StepState, detail: str, phone_number: str | None = None
    ) -> None:
        key = self._input.line.key
        escalations = self._progress.escalations
        await self._parent.notify(
            ChildUpdate(key=key, state=state, detail=detail, phone_number=phone_number)
        )
        if state is StepState.NEEDS_OPERATOR and escalations:
            await self._publish(EventType.LINE_ATTENTION_REQUIRED, escalations[0].step)

    async def _report_resolution(self, detail: str) -> None:
        """Lets the onboarding show that this line needs no operator any more."""
        await self._notify_parent(StepState.RUNNING, detail)

    async def _publish(self, event_type: EventType, step: str | None = None) -> None:
        await self._publisher.publish(
            event_type, self._result.state.value, step=step, phone_number=self._result.phone_number
        )
