"""What people see of a running workflow: its steps, and the questions that it asks them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from activities.support.outcomes import failure_message
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.names import (
    RESOLVE_UPDATE,
    format_needs_action_since,
)
from telegent_orchestrator.progress import Escalation, Resolution, ResolutionAction, Step, StepState
from workflows.support.cancellation import raise_if_cancelled
from workflows.support.markdown import NBSP, TIME_HEADING, code, escape, format_seconds, table
from workflows.support.search_attributes import CURRENT_STEP, NEEDS_ACTION_SINCE

STATE_ICONS = {
    StepState.WAITING: "·",
    StepState.RUNNING: "▶",
    StepState.NEEDS_OPERATOR: "✋",
    StepState.DONE: "✓",
    StepState.FAILED: "✗",
    StepState.SKIPPED: "-",
}


class ProgressTracker:
    """Steps in the order in which they are shown, and open questions.

    Every change is written to the workflow's current details, which cost no event, below what
    `header` says then, and the name of the step to a search attribute, together with whatever
    else stands in `search_attributes`; an empty one is taken away. `on_escalation`
    hears of every question.
    """

    def __init__(
        self,
        steps: Sequence[str],
        on_escalation: Callable[[StepState, str], Awaitable[None]] | None = None,
    ) -> None:
        self._steps = {name: Step(name=name) for name in steps}
        self._escalations: dict[str, Escalation] = {}
        self._resolutions: dict[str, Resolution] = {}
        self._on_escalation = on_escalation
        self.header: Callable[[], list[str]] = list
        self._render_scheduled = False
        self.search_attributes: dict[SearchAttributeKey[Any], object] = {}
        self._current_step = ""

    @property
    def steps(self) -> list[Step]:
        """The steps in order."""
        return list(self._steps.values())

    @property
    def escalations(self) -> list[Escalation]:
        """The questions that wait for a person."""
        return list(self._escalations.values())

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Shows a step as running, and as done or failed when the block is left."""
        step = self._steps.setdefault(name, Step(name=name))
        step.state, step.started_at, step.ended_at = StepState.RUNNING, workflow.now(), None
        self._current_step = name
        self.publish()
        try:
            yield
        except BaseException as error:
            if isinstance(error, FailureError) and not is_cancelled_exception(error):
                self._end(step, StepState.FAILED, failure_message(error))
            raise
        self._end(step, StepState.DONE, step.detail)

    def skip(self, name: str, reason: str) -> None:
        """Shows that a step is not needed."""
        self._end(self._steps[name], StepState.SKIPPED, reason)

    def set_detail(self, name: str, detail: str) -> None:
        """Shows a sentence beside a step."""
        self._steps[name].detail = detail
        self.publish()

    def mark_needs_operator(self, name: str, reason: str | None) -> None:
        """Shows that a running step waits for a person; None: that it goes on."""
        step = self._steps[name]
        if step.finished:
            return
        step.state = StepState.NEEDS_OPERATOR if reason else StepState.RUNNING
        step.detail = reason or ""

    async def escalate(self, step: str, message: str, evidence: Sequence[str]) -> Resolution:
        """Stops at a step until a person answers with the update `resolve`."""
        self._escalations[step] = Escalation(
            step=step, message=message, evidence=list(evidence), raised_at=workflow.now()
        )
        self._index_escalations()
        shown = self._steps[step]
        shown.state, shown.detail = StepState.NEEDS_OPERATOR, message
        self.publish()
        try:
            if self._on_escalation:
                await self._on_escalation(StepState.NEEDS_OPERATOR, f"{step}: {message}")
            # A cancel that came while that was sent is not raised again.
            raise_if_cancelled()
            await workflow.wait_condition(lambda: step in self._resolutions)
        except asyncio.CancelledError:
            self._escalations.pop(step, None)
            self._index_escalations()
            self.publish()
            raise
        resolution = self._resolutions.pop(step)
        shown.state = StepState.RUNNING
        shown.detail = f"{resolution.by} answered '{resolution.action.value}': {resolution.reason}"
        self.publish()
        return resolution

    def validate_resolution(self, resolution: Resolution) -> None:
        """Raises when an answer fits no open question: for validators of the update `resolve`."""
        if resolution.step not in self._escalations:
            waiting = ", ".join(f"'{step}'" for step in self._escalations) or "none"
            raise ApplicationError(
                f"step '{resolution.step}' does not wait for an answer; waiting: {waiting}",
                type="NoOpenEscalation",
            )

    def record_resolution(self, resolution: Resolution) -> None:
        """Takes a person's answer."""
        del self._escalations[resolution.step]
        self._index_escalations()
        self._resolutions[resolution.step] = resolution

    def _index_escalations(self) -> None:
        """Lets lists and figures find how long the oldest open question has waited."""
        raised = [escalation.raised_at for escalation in self.escalations if escalation.raised_at]
        self.search_attributes[NEEDS_ACTION_SINCE] = (
            format_needs_action_since(min(raised)) if raised else ""
        )

    def publish(self) -> None:
        """Writes the current details (Markdown) and, when it moved on, the step's name."""
        if not self._render_scheduled:
            # Once for all that happens at one time: drawing hundreds of messages one by one can
            # take longer than the SDK lets a workflow run.
            self._render_scheduled = True
            asyncio.get_running_loop().call_soon(self._render)
        self.search_attributes[CURRENT_STEP] = next(
            (s.name for s in self._steps.values() if s.state is StepState.NEEDS_OPERATOR),
            self._current_step,
        )
        known = workflow.info().typed_search_attributes
        if changed := {k: v for k, v in self.search_attributes.items() if known.get(k, "") != v}:
            # One command for all: each one is an event, and on Temporal Cloud a billed action.
            workflow.upsert_search_attributes(
                [
                    key.value_set(value) if value else key.value_unset()
                    for key, value in changed.items()
                ]
            )

    def _render(self) -> None:
        self._render_scheduled = False
        steps = self._steps.values()
        rows = [
            (state_label(step.state), step.name, _state_time(step), step.detail) for step in steps
        ]
        lines = self.header()
        for escalation in self._escalations.values():
            lines += ["", *_render_escalation(escalation)]
        lines += ["", *table(("state", "step", TIME_HEADING, "detail"), rows)]
        workflow.set_current_details("\n".join(lines).strip())

    def _end(self, step: Step, state: StepState, detail: str) -> None:
        step.state, step.detail, step.ended_at = state, detail, workflow.now()
        self.publish()


def state_label(state: StepState) -> str:
    """A state with the sign that makes it easy to find in a column."""
    return f"{STATE_ICONS[state]} {state.value}".replace(" ", NBSP)


def _state_time(step: Step) -> str:
    timestamp = step.ended_at or step.started_at
    return format_seconds(timestamp) if timestamp else ""


def _render_escalation(escalation: Escalation) -> list[str]:
    """A question with its evidence, and the answers to copy and fill in."""
    lines = [
        f"✋ **{escape(escalation.step)} waits for a person**: {escape(escalation.message)}",
        "",
    ]
    lines += [f"- {escape(found)}" for found in escalation.evidence]
    lines += ["", f"Answer with the update `{RESOLVE_UPDATE}`, each {PLACEHOLDER} replaced:", ""]
    return lines + code(
        "\n".join(_resolution_template(escalation.step, action) for action in ResolutionAction)
    )


def _resolution_template(step: str, action: ResolutionAction) -> str:
    named = {"id": PLACEHOLDER} if action is ResolutionAction.ADOPT else {}
    filled = {
        "step": step,
        "action": action.value,
        **named,
        "by": PLACEHOLDER,
        "reason": PLACEHOLDER,
    }
    return json.dumps(filled, ensure_ascii=False)
