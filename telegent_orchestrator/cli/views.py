"""What `--json` prints of onboardings and port-ins, and what people are shown."""

from datetime import datetime
from enum import StrEnum

from temporalio.client import WorkflowFailureError
from temporalio.exceptions import FailureError

from telegent_orchestrator._models import Payload
from telegent_orchestrator.cli.connection import House
from telegent_orchestrator.cli.next_steps import advice_for_onboarding, advice_for_port_in
from telegent_orchestrator.cli.results import Advice, Exit
from telegent_orchestrator.client import (
    OnboardingHandle,
    OnboardingIncompleteError,
    PortInHandle,
    Progress,
)
from telegent_orchestrator.client.executions import NEEDS_ACTION, Execution, Run
from telegent_orchestrator.port_in import PortInStatus, PortState
from telegent_orchestrator.progress import LineBrief, StepState

LINES = "Lines"
"""The onboarding's step that runs as long as any line does."""


class State(StrEnum):
    """How an onboarding or a port-in stands, in one word."""

    RUNNING = "running"
    NEEDS_PERSON = "needs a person"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def exit(self) -> Exit:
        """The exit status of a command that ends with this state."""
        return EXITS[self]


EXITS = {
    State.RUNNING: Exit.DONE,
    State.NEEDS_PERSON: Exit.NEEDS_PERSON,
    State.DONE: Exit.DONE,
    State.FAILED: Exit.FAILED,
    State.CANCELLED: Exit.FAILED,
}


class View(Payload):
    """One onboarding or port-in at one moment.

    `moving`: something goes on without anybody. `faults`: why it ended other than wished.
    """

    workflow_id: str
    state: State
    moving: bool
    started_at: datetime
    ended_at: datetime | None
    faults: list[str] = []
    next: list[Advice] = []

    def news(self) -> dict[str, object]:
        """What makes a look differ from the one before: not when the next one is."""
        return self.model_dump(exclude={"next_look"})


class OnboardingView(View):
    """An onboarding with its lines and port-ins."""

    reference: str
    progress: Progress


class PortInView(View):
    """A port-in. `next_look`: when its order is looked at next."""

    status: PortInStatus
    next_look: datetime | None = None


async def onboarding_view(handle: OnboardingHandle, house: House) -> OnboardingView:
    """The onboarding as it is now."""
    execution = await handle.execution()
    progress = await handle.progress()
    faults = await _faults_of_onboarding(handle) if execution.ended_at else []
    moving = execution.run is Run.RUNNING and _moving(progress)
    return OnboardingView(
        workflow_id=handle.id,
        reference=progress.onboarding.reference,
        state=_state(execution, _needs_person(progress)),
        moving=moving,
        started_at=execution.started_at,
        ended_at=execution.ended_at,
        faults=faults,
        progress=progress,
        next=advice_for_onboarding(progress, execution, house),
    )


async def port_in_view(handle: PortInHandle, house: House) -> PortInView:
    """The port-in as it is now."""
    execution = await handle.execution()
    status = await handle.status()
    running = execution.run is Run.RUNNING
    needs_person = status.state in NEEDS_ACTION
    state = _state(execution, needs_person)
    if state is State.DONE and status.state is not PortState.COMPLETED:
        cancelled = status.state is PortState.CANCELLED
        state = State.CANCELLED if cancelled else State.FAILED
    return PortInView(
        workflow_id=handle.id,
        state=state,
        moving=running and not needs_person,
        started_at=execution.started_at,
        ended_at=execution.ended_at,
        faults=await _faults_of_port_in(handle, status) if execution.ended_at else [],
        status=status,
        next_look=await handle.next_look() if running else None,
        next=advice_for_port_in(status, handle.id, house),
    )


def _state(execution: Execution, needs_person: bool) -> State:
    match execution.run:
        case Run.RUNNING:
            return State.NEEDS_PERSON if needs_person else State.RUNNING
        case Run.COMPLETED:
            return State.DONE
        case Run.CANCELLED:
            return State.CANCELLED
    return State.FAILED


async def _faults_of_onboarding(handle: OnboardingHandle) -> list[str]:
    """Why it ended as it did; nothing when it ended well."""
    try:
        await handle.result()
    except OnboardingIncompleteError as error:
        return error.result.faults
    except WorkflowFailureError as error:
        return [_words(error)]
    return []


async def _faults_of_port_in(handle: PortInHandle, status: PortInStatus) -> list[str]:
    if status.state is PortState.COMPLETED:
        return []
    try:
        result = await handle.result()
    except WorkflowFailureError as error:
        return [_words(error)]
    return [f"{result.state.value}: {result.reason}"]


def _words(error: WorkflowFailureError) -> str:
    """What the failure itself says, without what Temporal puts around it."""
    cause: BaseException = error.cause
    while isinstance(cause, FailureError) and isinstance(cause.cause, FailureError):
        cause = cause.cause
    return cause.message if isinstance(cause, FailureError) else str(cause)


def _needs_person(progress: Progress) -> bool:
    steps = progress.onboarding.steps
    return any(step.state is StepState.NEEDS_PERSON for step in steps) or any(
        _line(brief, progress)[0] for brief in progress.onboarding.lines
    )


def _moving(progress: Progress) -> bool:
    steps = (step for step in progress.onboarding.steps if step.name != LINES)
    return any(step.state is StepState.RUNNING for step in steps) or any(
        _line(brief, progress)[1] for brief in progress.onboarding.lines
    )


def _line(brief: LineBrief, progress: Progress) -> tuple[bool, bool]:
    """Whether the line needs a person, and whether it goes on without one."""
    if brief.state.finished:
        return False, False
    # The brief hears of news a little later than those who have them.
    port = progress.ports.get(brief.key)
    if port and not port.state.final:
        waits = port.state in NEEDS_ACTION
        return waits, not waits
    if line := progress.lines.get(brief.key):
        states = {step.state for step in line.steps}
        return StepState.NEEDS_PERSON in states, StepState.RUNNING in states
    return brief.state is StepState.NEEDS_PERSON, brief.state is StepState.RUNNING
