"""Changes of many lines at once: those of a subscriber or an account, or of a file."""

from typing import Annotated

from pydantic import Field, model_validator

from telegent_orchestrator._models import (
    E164,
    OperatorMessage,
    Reference,
    StrictModel,
    Text,
    WireModel,
)
from telegent_orchestrator.line_changes import LineChange
from telegent_orchestrator.progress import StepState

LINE_CHANGE_SET_WORKFLOW = "LineChangeSetWorkflow"
MAX_LINES = 500
"""Lines of one set: Temporal limits the open children and the history of a workflow."""


class LineChangeRow(StrictModel):
    """The change of one line in a set. Without `change`, that of the set."""

    phone_number: E164
    change: LineChange | None = None


class LinesOf(StrictModel):
    """The lines that belong to a subscriber, or to all subscribers of an account."""

    subscriber_id: Text | None = None
    account_id: Text | None = None

    @model_validator(mode="after")
    def _require_one(self) -> "LinesOf":
        if (self.subscriber_id is None) == (self.account_id is None):
            raise ValueError("needs either subscriber_id or account_id")
        return self


class LineChangeSetRequest(OperatorMessage):
    """The request that starts a LineChangeSetWorkflow.

    Attributes:
        lines: The lines, for example from a file; at most 500.
        lines_of: The subscriber or account whose lines change, in place of `lines`.
        change: What changes, unless each of `lines` says it.
        window: How many lines change at the same time.
        by: Who requests it.
        reason: Why.
    """

    reference: Reference
    lines: Annotated[list[LineChangeRow], Field(max_length=MAX_LINES)] = []
    lines_of: LinesOf | None = None
    change: LineChange | None = None
    window: Annotated[int, Field(ge=1, le=50)] = 10
    by: Text
    reason: Text

    @model_validator(mode="after")
    def _require_lines_and_changes(self) -> "LineChangeSetRequest":
        if bool(self.lines) == (self.lines_of is not None):
            raise ValueError("needs either lines or lines_of")
        if self.change is None and (self.lines_of or not all(row.change for row in self.lines)):
            raise ValueError("needs change, because not every line has its own")
        numbers = [row.phone_number for row in self.lines]
        if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
            raise ValueError(f"lines: {', '.join(twice[:5])} is there more than once")
        return self


class ChangedLineRow(WireModel):
    """How the change of one line goes. `workflow_id`: its LineChangeWorkflow."""

    phone_number: str
    workflow_id: str = ""
    state: StepState = StepState.WAITING
    detail: str = ""


class LineChangeSetResult(WireModel):
    """How a set of line changes goes, or went. `state`: `done` when every line is."""

    reference: str
    state: StepState = StepState.RUNNING
    rows: list[ChangedLineRow] = []

    def count(self, state: StepState) -> int:
        """How many lines are in a state."""
        return sum(row.state is state for row in self.rows)


def line_change_set_id(reference: str) -> str:
    """Workflow id of the set with this reference."""
    return f"line-changes-{reference}"
