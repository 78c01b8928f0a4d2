"""What `status` and `--watch` show about onboardings, port-ins, port-outs and line changes."""

from datetime import datetime
from enum import StrEnum

from temporalio.client import WorkflowFailureError
from temporalio.exceptions import FailureError

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.cli.connection import Session
from telegent_orchestrator.cli.next_steps import (
    line_change_next_steps,
    onboarding_next_steps,
    port_in_next_steps,
    port_out_next_steps,
)
from telegent_orchestrator.cli.results import ExitStatus, NextStep
from telegent_orchestrator.client import (
    FailingCall,
    LineChangeHandle,
    LineChangeSetHandle,
    OnboardingHandle,
    OnboardingIncompleteError,
    OnboardingProgress,
    PortInHandle,
)
from telegent_orchestrator.client.executions import Execution, ExecutionStatus
from telegent_orchestrator.client.port_out import PortOutHandle
from telegent_orchestrator.line_change_sets import LineChangeSetResult
from telegent_orchestrator.line_changes import LineChangeStatus
from telegent_orchestrator.port_in import NEEDS_OPERATOR_STATES, PortInStatus, PortState
from telegent_orchestrator.port_out import PortOutState, PortOutStatus
from telegent_orchestrator.progress import LineSummary, StepState

LINES_STEP = "Lines"
"""The step of an onboarding that runs while any line runs."""

SHARED_DATA_LIMITS_STEP = "Shared data limits"
"""The step of an onboarding that waits for the numbers of several lines."""

MAX_READ_LINES = 50
"""Lines whose steps are read: of the others the onboarding itself knows the state."""


class State(StrEnum):
    """The state of an onboarding, port-in or bulk in one word."""

    RUNNING = "running"
    NEEDS_OPERATOR = "needs operator"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status of `status` and `--watch` in this state."""
        return EXIT_STATUSES[self]


EXIT_STATUSES = {
    State.RUNNING: ExitStatus.DONE,
    State.NEEDS_OPERATOR: ExitStatus.NEEDS_OPERATOR,
    State.DONE: ExitStatus.DONE,
    State.FAILED: ExitStatus.FAILED,
    State.CANCELLED: ExitStatus.FAILED,
}


class View(WireModel):
    """An onboarding, port-in or bulk at one moment.

    Attributes:
        in_progress: Whether a part of it continues without an operator.
        errors: Why it ended unsuccessfully.
        next: What to do next.
    """

    workflow_id: str
    state: State
    in_progress: bool
    started_at: datetime
    ended_at: datetime | None
    errors: list[str] = []
    next: list[NextStep] = []

    def fingerprint(self) -> dict[str, object]:
        """What must differ for a view to count as changed: not the time of the next poll."""
        return self.model_dump(exclude={"next_poll_at"})


class OnboardingView(View):
    """An onboarding with its lines and port-ins."""

    reference: str
    progress: OnboardingProgress


class PortInView(View):
    """A port-in.

    Attributes:
        failing_calls: Its calls that fail and are repeated, and why.
        next_poll_at: When its order is polled next.
    """

    status: PortInStatus
    failing_calls: list[FailingCall] = []
    next_poll_at: datetime | None = None


class LineChangeView(View):
    """A line change.

    Attributes:
        failing_calls: Its calls that fail and are repeated, and why.
    """

    status: LineChangeStatus
    failing_calls: list[FailingCall] = []


async def line_change_view(handle: LineChangeHandle, session: Session) -> LineChangeView:
    """Read the line change."""
    execution = await handle.execution()
    status = await handle.status()
    running = execution.status is ExecutionStatus.RUNNING
    needs_operator = status.state is StepState.NEEDS_OPERATOR
    return LineChangeView(
        workflow_id=handle.id,
        state=_state(execution, needs_operator),
        in_progress=running and not needs_operator,
        started_at=execution.started_at,
        ended_at=execution.ended_at,
        errors=[status.detail] if status.detail else [],
        status=status,
        failing_calls=await handle.failing_calls() if running else [],
        next=line_change_next_steps(status, handle.id, session) if running else [],
    )


class PortOutView(View):
    """A port-out.

    Attributes:
        failing_calls: Its calls that fail and are repeated, and why.
    """

    status: PortOutStatus
    failing_calls: list[FailingCall] = []


async def port_out_view(handle: PortOutHandle, session: Session) -> PortOutView:
    """Read the port-out."""
    execution = await handle.execution()
    status = await handle.status()
    running = execution.status is ExecutionStatus.RUNNING
    needs_operator = running and bool(status.attention or execution.needs_operator)
    state = _state(execution, needs_operator)
    if status.state is PortOutState.CANCELLED:
        state = State.CANCELLED
    return PortOutView(
        workflow_id=handle.id,
        state=state,
        in_progress=running and not needs_operator,
        started_at=execution.started_at,
        ended_at=execution.ended_at,
        errors=[step.detail for step in status.steps if step.state is StepState.FAILED],
        status=status,
        failing_calls=await handle.failing_calls() if running else [],
        next=port_out_next_steps(status, handle.id, session) if needs_operator else [],
    )


class LineChangeSetView(View):
    """A set of line changes."""

    status: LineChangeSetResult


async def line_change_set_view(handle: LineChangeSetHandle) -> LineChangeSetView:
    """Read the set."""
    execution = await handle.execution()
    status = await handle.status()
    state = _state(execution, needs_operator=False)
    if state is State.DONE and status.state is StepState.FAILED:
        state = State.FAILED
    return LineChangeSetView(
        workflow_id=handle.id,
        state=state,
        in_progress=execution.status is ExecutionStatus.RUNNING,
        started_at=execution.started_at,
        ended_at=execution.ended_at,
        status=status,
    )


async def onboarding_view(handle: OnboardingHandle, session: Session) -> OnboardingView:
    """Read the onboarding."""
    execution = await handle.execution()
    progress = await handle.progress(MAX_READ_LINES)
    errors = await _onboarding_errors(handle) if execution.ended_at else []
    in_progress = execution.status is ExecutionStatus.RUNNING and _is_in_progress(progress)
    return OnboardingView(
        workflow_id=handle.id,
        reference=progress.onboarding.reference,
        state=_state(execution, _needs_operator(progress)),
        in_progress=in_progress,
        started_at=execution.started_at,
        ended_at=execution.ended_at,
        errors=errors,
        progress=progress,
        next=onboarding_next_steps(progress, execution, session),
    )


async def port_in_view(handle: PortInHandle, session: Session) -> PortInView:
    """Read the port-in."""
    execution = await handle.execution()
    status = await handle.status()
    running = execution.status is ExecutionStatus.RUNNING
    needs_operator = status.state in NEEDS_OPERATOR_STATES
    state = _state(execution, needs_operator)
    if state is State.DONE and status.state is not PortState.COMPLETED:
        cancelled = status.state is PortState.CANCELLED
        state = State.CANCELLED if cancelled else State.FAILED
    return PortInView(
        workflow_id=handle.id,
        state=state,
        in_progress=running and not needs_operator,
        started_at=execution.started_at,
        ended_at=execution.ended_at,
        errors=await _port_in_errors(handle, status) if execution.ended_at else [],
        status=status,
        failing_calls=await handle.failing_calls() if running else [],
        next_poll_at=await handle.next_poll_at() if running else None,
        next=port_in_next_steps(status, handle.id, session),
    )


def _state(execution: Execution, needs_operator: bool) -> State:
    match execution.status:
        case ExecutionStatus.RUNNING:
            return State.NEEDS_OPERATOR if needs_operator else State.RUNNING
        case ExecutionStatus.COMPLETED:
            return State.DONE
        case ExecutionStatus.CANCELLED:
            return State.CANCELLED
    return State.FAILED


async def _onboarding_errors(handle: OnboardingHandle) -> list[str]:
    """Why it ended unsuccessfully; empty if it completed."""
    try:
        await handle.result()
    except OnboardingIncompleteError as error:
        return error.result.errors
    except WorkflowFailureError as error:
        return [_root_cause(error)]
    return []


async def _port_in_errors(handle: PortInHandle, status: PortInStatus) -> list[str]:
    if status.state is PortState.COMPLETED:
        return []
    try:
        result = await handle.result()
    except WorkflowFailureError as error:
        return [_root_cause(error)]
    return [f"{result.state.value}: {result.reason}"]


def _root_cause(error: WorkflowFailureError) -> str:
    """The message of the innermost failure, without those that Temporal wraps around it."""
    cause: BaseException = error.cause
    while isinstance(cause, FailureError) and isinstance(cause.cause, FailureError):
        cause = cause.cause
    return cause.message if isinstance(cause, FailureError) else str(cause)


def _needs_operator(progress: OnboardingProgress) -> bool:
    steps = progress.onboarding.steps
    return any(step.state is StepState.NEEDS_OPERATOR for step in steps) or any(
        _line_flags(summary, progress)[0] for summary in progress.onboarding.lines
    )


def _is_in_progress(progress: OnboardingProgress) -> bool:
    lines = progress.onboarding.lines
    # A line that waits for an operator keeps these steps running.
    waiting = {LINES_STEP}
    if not all(summary.state.finished for summary in lines):
        waiting.add(SHARED_DATA_LIMITS_STEP)
    steps = (step for step in progress.onboarding.steps if step.name not in waiting)
    return any(step.state is StepState.RUNNING for step in steps) or any(
        _line_flags(summary, progress)[1] for summary in lines
    )


def _line_flags(summary: LineSummary, progress: OnboardingProgress) -> tuple[bool, bool]:
    """Whether the line needs an operator, and whether it continues without one."""
    if summary.state.finished:
        return False, False
    # The summary in the onboarding lags behind the status of the port-in and of the line.
    port = progress.ports.get(summary.key)
    if port and not port.state.final:
        waits = port.state in NEEDS_OPERATOR_STATES
        return waits, not waits
    if line := progress.lines.get(summary.key):
        states = {step.state for step in line.steps}
        return StepState.NEEDS_OPERATOR in states, StepState.RUNNING in states
    return summary.state is StepState.NEEDS_OPERATOR, summary.state is StepState.RUNNING
