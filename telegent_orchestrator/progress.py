"""How far a workflow is: the steps it shows to people and to other services."""

from datetime import datetime
from enum import StrEnum

from pydantic import model_validator

from telegent_orchestrator._models import Key, Message, Payload, Text


class StepState(StrEnum):
    """What a step is doing."""

    WAITING = "waiting"
    RUNNING = "running"
    NEEDS_PERSON = "needs a person"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self in (StepState.DONE, StepState.FAILED, StepState.SKIPPED)


class Step(Payload):
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


class Answer(StrEnum):
    """What a person can answer when neither success nor absence of a create can be shown."""

    ADOPT = "adopt"
    RETRY = "retry"
    ABANDON = "abandon"


class Resolution(Message):
    """A person's answer to a step that needs one.

    `adopt` takes the thing that exists under `id` at the vendor (for a number: the phone number in
    E.164), `retry` makes the call once more, `abandon` fails the step. `by` and `reason` stay in
    the workflow's history.
    """

    step: Text
    answer: Answer
    id: Text | None = None
    by: Text
    reason: Text

    @model_validator(mode="after")
    def _names_what_to_adopt(self) -> "Resolution":
        if self.answer is Answer.ADOPT and not self.id:
            raise ValueError("adopt needs the id of what is there")
        return self


class Question(Payload):
    """What a step asks of a person, with the evidence gathered so far."""

    step: str
    text: str
    evidence: list[str] = []
    asked_at: datetime | None = None


class Undone(Payload):
    """After a cancel: what was taken back, in that order, and what is left at the vendor, and why.

    Empty as long as nothing was cancelled.
    """

    taken_back: list[str] = []
    left: list[str] = []


class LineBrief(Payload):
    """One line in the status of its onboarding; ask `workflow_id` for its steps."""

    key: Key
    workflow_id: str
    state: StepState = StepState.WAITING
    detail: str = ""
