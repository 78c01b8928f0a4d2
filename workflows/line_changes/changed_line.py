"""The line that a workflow changes: what is known of it, and what operators see."""

from dataclasses import dataclass
from typing import NoReturn, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.line_changes import LineRecord
from activities.support.number_states import NumberState
from activities.support.outcomes import Outcome, classify_failure, failure_message
from activities.support.write_activity import Wanted, create_spec_of
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator._validation import truncate
from telegent_orchestrator.line_changes import LineChangeResult, LineState
from telegent_orchestrator.progress import ResolutionAction
from workflows.support.activity_calls import Activity, execute_poll
from workflows.support.exactly_once import ResourceCreator
from workflows.support.markdown import code
from workflows.support.progress import ProgressTracker, RunningStep

T = TypeVar("T")
W = TypeVar("W", bound=Wanted)
LINE_STATES = {NumberState.ACTIVE: LineState.ACTIVE, NumberState.SUSPENDED: LineState.SUSPENDED}
"""A number whose status is unclear has no known state until the workflow has changed it."""


@dataclass
class ChangedLine:
    """A line while it is changed.

    Attributes:
        progress: The steps.
        result: What the change has done so far.
        record: The number as it was last read; None before the first read.
    """

    progress: ProgressTracker
    result: LineChangeResult
    record: LineRecord | None = None

    @property
    def known(self) -> LineRecord:
        """The number as it was last read."""
        assert self.record is not None, "the line is read before it is changed"
        return self.record

    @property
    def subscriber_id(self) -> str:
        """The subscriber of the line.

        Raises:
            ApplicationError: The number has none.
        """
        if self.known.subscriber_id is None:
            raise ApplicationError("the number has no subscriber", type="NoSubscriber")
        return self.known.subscriber_id

    def removed(self, what: str) -> None:
        """Notes what was removed."""
        self.result.removed.append(what)
        self.result.changed = True

    def saw(self, record: LineRecord) -> None:
        """Notes how Telegent shows the number."""
        self.record = record
        self.result.vendor_status = truncate(record.status)
        self.result.line_state = LINE_STATES.get(record.state)

    def header(self) -> list[str]:
        """What the current details show above the steps."""
        result = self.result
        lines = [
            f"**{result.change.kind}**: {result.state.value}",
            "",
            f"- requested by {escape_markdown(result.by)}: {escape_markdown(result.reason)}",
        ]
        if result.vendor_status:
            state = result.line_state.value if result.line_state else "not known"
            lines.append(
                f"- the line is {state}; Telegent's status: {escape_markdown(result.vendor_status)}"
            )
        if result.new_phone_number:
            lines.append(f"- the line's number is now {escape_markdown(result.new_phone_number)}")
        lines += [f"- warning: {escape_markdown(warning)}" for warning in result.warnings]
        if result.activation_code:
            lines += ["", "eSIM activation code:", "", *code(result.activation_code)]
        return lines


async def resolve_unconfirmed(error: ActivityError) -> ResolutionAction:
    """Escalates a change that Telegent has accepted and does not show.

    Returns:
        `retry`: send it again; `adopt`: it is done.

    Raises:
        ActivityError: It failed for another reason.
        ApplicationError: The operator has abandoned it.
    """
    if classify_failure(error) is not Outcome.AMBIGUOUS:
        raise error
    step = RunningStep.current()
    resolution = await step.escalate(
        "Telegent has accepted this change and does not show it. Check the Telegent portal: "
        "`retry` sends it again, `adopt` with the phone number as id takes it as done",
        [f"{workflow.now():%Y-%m-%d %H:%M:%S} UTC {failure_message(error)}"],
    )
    if resolution.action is ResolutionAction.ABANDON:
        _raise_abandoned(step.name, resolution.by, resolution.reason)
    return resolution.action


async def finish_after_cancel(
    creator: ResourceCreator, create: Activity[[W], T], wanted: W
) -> T | None:
    """Returns what a create has created that was sent when the cancel came; None if nothing.

    Telegent may still be processing it, and may not show it at once.

    Raises:
        ActivityError: It cannot be determined, or the order has failed.
    """
    sent, spec = creator.compensation.created, create_spec_of(create)
    if not sent:
        return None
    [entry] = sent
    ordered: T | None = entry.resource or await entry.find()
    if ordered is None or spec.confirm is None or spec.is_confirmed(ordered):
        return ordered
    summary = f"Wait for {wanted.description}, which was sent before the cancel"
    return await execute_poll(spec.confirm, summary, wanted, ordered)


def _raise_abandoned(step: str, by: str, reason: str) -> NoReturn:
    raise ApplicationError(f"{step}: abandoned by {by}: {reason}", type="Abandoned")
