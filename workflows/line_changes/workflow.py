"""One change of a line that is in service. Each kind of change is a function of its own."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from activities.line_changes import LineChangeActivities
from activities.support.outcomes import failure_message
from telegent_orchestrator._validation import truncate
from telegent_orchestrator.events import EventType
from telegent_orchestrator.line_changes import (
    LINE_CHANGE_WORKFLOW,
    ChangeFilters,
    ChangeGuardian,
    ChangeLimits,
    ChangeNumber,
    ChangePlan,
    ChangeSubscriber,
    CloseSubscription,
    End,
    LineChange,
    LineChangeRequest,
    LineChangeResult,
    LineChangeStatus,
    Restore,
    Suspend,
    SwapSim,
    TransferSubscriber,
    WinBack,
    without_secrets,
)
from telegent_orchestrator.names import LINE_CHANGE_FAILURE, STATUS_QUERY
from telegent_orchestrator.progress import StepState
from workflows.events.delivery_workflow import EventPublisher
from workflows.line_changes.changed_line import ChangedLine
from workflows.line_changes.ending import (
    close_subscription,
    closing_steps,
    end_line,
    ending_steps,
    win_back,
    win_back_steps,
)
from workflows.line_changes.filters import (
    change_filters,
    change_guardian,
    filters_steps,
    guardian_steps,
)
from workflows.line_changes.number import change_number, number_steps
from workflows.line_changes.number_status import STATUS, suspend_or_restore
from workflows.line_changes.plan import change_limits, change_plan, limits_steps, plan_steps
from workflows.line_changes.sim import swap_sim, swap_steps
from workflows.line_changes.subscriber import (
    change_subscriber,
    subscriber_steps,
)
from workflows.support.activity_calls import execute_read
from workflows.support.cancellation import raise_if_cancelled, shield
from workflows.support.number_use import open_workflows_of_number
from workflows.support.progress import CANCELLED, ProgressTracker, ResolvesEscalations

LINE = "Line"


@workflow.defn(name=LINE_CHANGE_WORKFLOW)
class LineChangeWorkflow(ResolvesEscalations):
    """Changes one line; at most one is open for each number.

    It fails with what it has done when Telegent rejects the change, or when a port-in or port-out
    of the number is open.
    """

    @workflow.init
    def __init__(self, request: LineChangeRequest) -> None:
        self._progress = ProgressTracker([LINE, *_steps(request.change)], self._report_escalation)
        self._progress.phone_number = request.phone_number
        self._result = LineChangeResult(
            phone_number=request.phone_number,
            change=without_secrets(request.change),
            by=request.by,
            reason=request.reason,
        )
        self._line = ChangedLine(self._progress, self._result)
        self._progress.header = self._line.header
        self._publisher = EventPublisher()

    @workflow.run
    async def run(self, request: LineChangeRequest) -> LineChangeResult:
        """Checks that the line can be changed, changes it, and waits until Telegent shows it."""
        try:
            await self._check()
            await self._change(request.change)
        except (asyncio.CancelledError, FailureError) as error:
            await self._fail(error)
        await self._end(StepState.DONE, EventType.LINE_CHANGE_COMPLETED)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._result

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> LineChangeStatus:
        """Returns the state of each step, and what the change has done."""
        return LineChangeStatus(
            **{**dict(self._result), "state": self._shown_state()},
            steps=self._progress.steps,
            escalations=self._progress.escalations,
        )

    def _shown_state(self) -> StepState:
        return StepState.NEEDS_OPERATOR if self._progress.escalations else self._result.state

    async def _check(self) -> None:
        """Reads the line, and fails when something else is open for its number."""
        number = self._result.phone_number
        async with self._progress.step(LINE):
            if others := await open_workflows_of_number(number):
                raise ApplicationError(others, type="NumberInUse")
            read = LineChangeActivities.read_line
            if isinstance(self._result.change, WinBack | CloseSubscription):
                read = LineChangeActivities.read_ended_line
            self._line.saw(await execute_read(read, "Read the line", number))
            raise_if_cancelled()

    async def _change(self, change: LineChange) -> None:
        match change:
            case Suspend() | Restore():
                await suspend_or_restore(self._line, change)
            case End():
                await end_line(self._line, change)
            case WinBack():
                await win_back(self._line, change)
            case CloseSubscription():
                await close_subscription(self._line, change)
            case ChangeLimits():
                await change_limits(self._line, change)
            case ChangePlan():
                await change_plan(self._line, change)
            case SwapSim():
                await self._publish_start()
                await swap_sim(self._line, change)
            case ChangeNumber():
                await self._publish_start()
                await change_number(self._line, change)
            case ChangeFilters():
                await change_filters(self._line, change)
            case ChangeGuardian():
                await change_guardian(self._line, change)
            case ChangeSubscriber() | TransferSubscriber():
                await change_subscriber(self._line, change)

    async def _fail(self, error: BaseException) -> None:
        """Records why the change ended, and raises that.

        A cancel that arrives when the change is done has no effect, so this is not called then.
        """
        cancelled = workflow.cancellation_reason() is not None
        detail = CANCELLED if is_cancelled_exception(error) else failure_message(error)
        self._result.detail = detail = truncate(detail)
        await self._end(StepState.FAILED, EventType.LINE_CHANGE_FAILED)
        if cancelled or is_cancelled_exception(error):
            raise asyncio.CancelledError from error
        raise ApplicationError(
            detail, self._result, type=LINE_CHANGE_FAILURE, non_retryable=True
        ) from error

    async def _end(self, state: StepState, event: EventType) -> None:
        self._result.state, self._result.ended_at = state, workflow.now()
        self._progress.publish()
        # A cancel is too late now, and must not lose the event.
        await shield(self._publish(event, state))

    async def _report_escalation(self, state: StepState, message: str) -> None:
        await self._publish(EventType.LINE_CHANGE_ATTENTION_REQUIRED, state, message)

    async def _publish_start(self) -> None:
        """Sends an event at once: with a fraudulent swap a line is taken over."""
        await self._publish(EventType.LINE_CHANGE_STARTED, StepState.RUNNING)

    async def _publish(self, event: EventType, state: StepState, step: str | None = None) -> None:
        await self._publisher.publish(
            event,
            state.value,
            change=self._result.change.kind,
            step=step,
            phone_number=self._result.phone_number,
            new_phone_number=self._result.new_phone_number,
        )


def _steps(change: LineChange) -> list[str]:
    match change:
        case End():
            return ending_steps(change)
        case WinBack():
            return win_back_steps(change)
        case CloseSubscription():
            return closing_steps()
        case ChangeLimits():
            return limits_steps(change)
        case ChangePlan():
            return plan_steps(change)
        case SwapSim():
            return swap_steps()
        case ChangeNumber():
            return number_steps()
        case ChangeFilters():
            return filters_steps(change)
        case ChangeGuardian():
            return guardian_steps(change)
        case ChangeSubscriber() | TransferSubscriber():
            return subscriber_steps(change)
        case _:
            return [STATUS]
