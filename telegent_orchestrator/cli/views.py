"""What `--json` prints of onboardings and port-ins, and what people are shown."""

from datetime import datetime
from enum import StrEnum

from temporalio.client import WorkflowFailureError
from temporalio.exceptions import FailureError

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.cli.connection import Session
from telegent_orchestrator.cli.next_steps import onboarding_next_steps, port_in_next_steps
from telegent_orchestrator.cli.results import ExitStatus, NextStep
from telegent_orchestrator.client import (
    OnboardingHandle,
    OnboardingIncompleteError,
    OnboardingProgress,
    PortInHandle,
)
from telegent_orchestrator.client.executions import NEEDS_ACTION_STATES, Execution, ExecutionStatus
from telegent_orchestrator.port_in import PortInStatus, PortState
from telegent_orchestrator.progress import LineSummary, StepState

LINES_STEP = "Lines"
"""The onboarding's step that runs as long as any line does."""


class State(StrEnum):
    """How an onboarding or a port-in stands, in one word."""

    RUNNING = "running"
    NEEDS_OPERATOR = "needs operator"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status of a command that ends with this state."""
        return EXIT_STATUSES[self]


EXIT_STATUSES = {
    State.RUNNING: ExitStatus.DONE,
    State.NEEDS_OPERATOR: ExitStatus.NEEDS_OPERATOR,
    State.DONE: ExitStatus.DONE,
    State.FAILED: ExitStatus.FAILED,
    State.CANCELLED: ExitStatus.FAILED,
}


class View(WireModel):
    """One onboarding or port-in at one moment.

    `in_progress`: something goes on without anybody. `errors`: why it ended other than wished.
    """

    workflow_id: str
    state: State
    in_progress: bool
    started_at: datetime
    ended_at: datetime | None
    errors: list[str] = []
    next: list[NextStep] = []

    def fingerprint(self) -> dict[str, object]:
        """What makes a look differ from the one before: not when the next one is."""
        return self.model_dump(exclude={"next_poll_at"})


class OnboardingView(View):
    """An onboarding with its lines and port-ins."""

    reference: str
    progress: OnboardingProgress


class PortInView(View):
    """A port-in. `next_poll_at`: when its order is looked at next."""

    status: PortInStatus
    next_poll_at: datetime | None = None


async def onboarding_view(handle: OnboardingHandle, session: Session) -> OnboardingView:
    """The onboarding as it is now."""
    execution = await handle.execution()
    progress = await handle.progress()
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
    """The port-in as it is now."""
    execution = await handle.execution()
    status = await handle.status()
    running = execution.status is ExecutionStatus.RUNNING
    needs_operator = status.state in NEEDS_ACTION_STATES
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
    """Why it ended as it did; nothing when it ended well."""
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
    """What the failure itself says, without what Temporal puts around it."""
    cause: BaseException = error.cause
    while isinstance(cause, FailureError) and isinstance(cause.cause, FailureError):
        cause = cause.cause
    return cause.message if isinstance(cause, FailureError) else str(cause)


def _needs_operator(progress: OnboardingProgress) -> bool:
    steps = progress.onboarding.steps
    return any(step.state is StepState.NEEDS_OPERATOR for step in steps) or any(
        _line_flags(brief, progress)[0] for brief in progress.onboarding.lines
    )


def _is_in_progress(progress: OnboardingProgress) -> bool:
    steps = (step for step in progress.onboarding.steps if step.name != LINES_STEP)
    return any(step.state is StepState.RUNNING for step in steps) or any(
        _line_flags(brief, progress)[1] for brief in progress.onboarding.lines
    )


def _line_flags(brief: LineSummary, progress: OnboardingProgress) -> tuple[bool, bool]:
    """Whether the line needs operator, and whether it goes on without one."""
    if brief.state.finished:
        return False, False
    # The brief hears of news a little later than those who have them.
    port = progress.ports.get(brief.key)
    if port and not port.state.final:
        waits = port.state in NEEDS_ACTION_STATES
        return waits, not waits
    if line := progress.lines.get(brief.key):
        states = {step.state for step in line.steps}
        return StepState.NEEDS_OPERATOR in states, StepState.RUNNING in states
    return brief.state is StepState.NEEDS_OPERATOR, brief.state is StepState.RUNNING
