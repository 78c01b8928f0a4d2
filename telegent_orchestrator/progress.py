"""How far a workflow is: the steps it shows to people and to other services."""

from datetime import datetime
from enum import StrEnum

from pydantic import model_validator

from telegent_orchestrator._models import Key, OperatorMessage, Text, WireModel


class StepState(StrEnum):
    """What a step is doing."""

    WAITING = "waiting"
    RUNNING = "running"
    NEEDS_OPERATOR = "needs operator"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self in (StepState.DONE, StepState.FAILED, StepState.SKIPPED)


class Step(WireModel):
    """One step as people see it.

    `detail` is a sentence without secrets; times are in UTC.
    """

    name: str
    state: StepState = StepState.WAITING
    detail: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen in this step."""
        return self.state.finished


class ResolutionAction(StrEnum):
    """What a person can answer when neither success nor absence of a create can be shown."""

    ADOPT = "adopt"
    RETRY = "retry"
    ABANDON = "abandon"


class Resolution(OperatorMessage):
    """A person's answer to a step that needs one.

    `adopt` takes the thing that exists under `id` at the vendor (for a number: the phone number in
    E.164), `retry` makes the call once more, `abandon` fails the step. `by` and `reason` stay in
    the workflow's history.
    """

    step: Text
    action: ResolutionAction
    id: Text | None = None
    by: Text
    reason: Text

    @model_validator(mode="after")
    def _require_adopt_id(self) -> "Resolution":
        if self.action is ResolutionAction.ADOPT and not self.id:
            raise ValueError("adopt needs the id of what is there")
        return self


class Escalation(WireModel):
    """What a step asks of a person, with the evidence gathered so far."""

    step: str
    message: str
    evidence: list[str] = []
    raised_at: datetime | None = None


class CompensationReport(WireModel):
    """After a cancel: what was taken back, in that order, and what is left at the vendor, and why.

    Empty as long as nothing was cancelled.
    """

    rolled_back: list[str] = []
    retained: list[str] = []


class LineSummary(WireModel):
    """One line in the status of its onboarding; ask `workflow_id` for its steps."""

    key: Key
    workflow_id: str
    state: StepState = StepState.WAITING
    detail: str = ""
