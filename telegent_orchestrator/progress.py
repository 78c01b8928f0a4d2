"""Progress of a workflow: its steps, escalations and what a cancel rolled back."""

from datetime import datetime
from enum import StrEnum

from pydantic import model_validator

from telegent_orchestrator._models import Key, OperatorMessage, Text, WireModel


class StepState(StrEnum):
    """The state of a step."""

    WAITING = "waiting"
    RUNNING = "running"
    NEEDS_OPERATOR = "needs operator"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def finished(self) -> bool:
        """Whether the step has ended."""
        return self in (StepState.DONE, StepState.FAILED, StepState.SKIPPED)


class Step(WireModel):
    """One step. `detail`: what it waits for or why it failed, without secrets. Times in UTC."""

    name: str
    state: StepState = StepState.WAITING
    detail: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def finished(self) -> bool:
        """Whether the step has ended."""
        return self.state.finished


class ResolutionAction(StrEnum):
    """How an operator can resolve a create whose outcome cannot be determined."""

    ADOPT = "adopt"
    RETRY = "retry"
    ABANDON = "abandon"


class Resolution(OperatorMessage):
    """An operator's decision about an escalation.

    Attributes:
        step: The step that needs an operator.
        action: `adopt`: use the resource `id`; `retry`: send the request once more; `abandon`:
            fail the step.
        id: The vendor's id of the resource to adopt; of a number, the number in E.164.
        by: Who decides; kept in the workflow's history.
        reason: Why; kept in the workflow's history.
    """

    step: Text
    action: ResolutionAction
    id: Text | None = None
    by: Text
    reason: Text

    @model_validator(mode="after")
    def _require_adopt_id(self) -> "Resolution":
        if self.action is ResolutionAction.ADOPT and not self.id:
            raise ValueError("adopt needs the id of the resource")
        return self


class Escalation(WireModel):
    """What an operator must decide about a step, with the evidence."""

    step: str
    message: str
    evidence: list[str] = []
    raised_at: datetime | None = None


class CompensationReport(WireModel):
    """What a cancel rolled back, in that order, and what is retained at the vendor and why."""

    rolled_back: list[str] = []
    retained: list[str] = []


AWAITS_EARLIER_RUN = "waiting for an earlier run of this line to end"
"""Detail of a line that waits for the workflow which an earlier run of the onboarding left open."""


class LineSummary(WireModel):
    """One line in the status of its onboarding; the status of `workflow_id` has its steps."""

    key: Key
    workflow_id: str
    state: StepState = StepState.WAITING
    detail: str = ""


class ExecutionSummary(WireModel):
    """What a list of workflows shows about one: the memo `Summary`.

    Attributes:
        phone_number: In E.164; empty if there is none yet.
        reference: The reference of the onboarding that it belongs to.
        reason: Why it waits or needs an operator.
        fields_to_correct: The fields that a correction of a port-in must set; empty if it needs
            something else.
    """

    phone_number: str = ""
    reference: str = ""
    reason: str = ""
    fields_to_correct: list[str] = []
