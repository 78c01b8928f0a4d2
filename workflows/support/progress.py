"""What operators see of a running workflow: its steps, and its open escalations."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Container,
    Iterator,
    Sequence,
)
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from activities.support.outcomes import failure_message
from telegent_orchestrator._validation import truncate
from telegent_orchestrator.names import (
    NEEDS_OPERATOR_KEY,
    RESOLVE_UPDATE,
    STEP_KEY,
    SUMMARY_MEMO,
    format_needs_operator_since,
)
from telegent_orchestrator.progress import (
    Escalation,
    ExecutionSummary,
    Resolution,
    Step,
    StepState,
)
from workflows.support.cancellation import raise_if_cancelled
from workflows.support.markdown import is_inactive, render_escalation, steps_table
from workflows.support.messages import parse_message

MAX_LISTED_STEPS = 50
"""Steps in the current details. The query `status` has all of them."""
CANCELLED = "cancelled"
STALLED = "stalled"


@dataclass(frozen=True)
class RunningStep:
    """A step that runs: the code in it shows there how it goes."""

    tracker: "ProgressTracker"
    name: str

    @staticmethod
    def current() -> "RunningStep":
        """The step that the running code belongs to.

        Raises:
            RuntimeError: It belongs to none.
        """
        step = RUNNING_STEP.get()
        if not isinstance(step, RunningStep):
            raise RuntimeError("this must run in a step: `async with progress.step(name)`")
        return step

    def set_detail(self, detail: str) -> None:
        """Sets the detail text of the step."""
        self.tracker.set_detail(self.name, detail)

    async def escalate(self, message: str, evidence: Sequence[str]) -> Resolution:
        """Stops the step until an operator resolves it; see `ProgressTracker.escalate`."""
        return await self.tracker.escalate(self.name, message, evidence)

    def waiting(self, reason: str) -> AbstractContextManager[None]:
        """Shows why the step waits while the block runs; see `ProgressTracker.wait`."""
        return self.tracker.waiting(self.name, "", reason)

    def stall(self, reason: str, since: datetime) -> None:
        """Shows why the step has made no progress since then; it continues to try."""
        self.tracker.stall(self.name, reason, since)

    def resume(self) -> None:
        """Shows that the step makes progress again."""
        self.tracker.resume(self.name)


class CanStall(Protocol):
    """What can show that its calls make no progress."""

    def stall(self, reason: str, since: datetime) -> None:
        """Shows why there has been no progress since then."""

    def resume(self) -> None:
        """Shows that there is progress again."""


RUNNING_STEP: ContextVar[CanStall | None] = ContextVar("running_step", default=None)
"""The step of the running code. An asyncio task inherits it from the code that creates the task."""


@dataclass(frozen=True)
class _Wait:
    """Why a step waits. `operator_since`: since when it needs an operator; None: it does not."""

    reason: str
    operator_since: datetime | None


class ProgressTracker:
    """The steps of a workflow, in the order in which they are shown, and its open escalations.

    Every change is written to the workflow's current details, which cost no event. Search
    attributes do, and Temporal Cloud bills each change of them. So the name of the current step
    goes to its search attribute together with others in `search_attributes`, or when a step starts
    that may take long. A search attribute with an empty value is unset.

    Attributes:
        header: Renders what the current details show above the steps.
        search_attributes: Search attributes to set with the next change.
    """

    def __init__(
        self,
        steps: Sequence[str],
        on_escalation: Callable[[StepState, str], Awaitable[None]] | None = None,
        *,
        on_resolution: Callable[[str], Awaitable[None]] | None = None,
        long_steps: Container[str] | None = None,
    ) -> None:
        """Creates the tracker.

        Args:
            steps: Names of the steps that are known from the start.
            on_escalation: Called with state and message of every escalation.
            on_resolution: Called with what an operator chose, when no escalation is left.
            long_steps: Names of the steps that may take long; by default all of them.
        """
        self._steps = {name: Step(name=name) for name in steps}
        self._escalations: dict[str, Escalation] = {}
        self._resolutions: dict[str, Resolution] = {}
        self._waits: dict[tuple[str, str], _Wait] = {}
        self._on_escalation, self._on_resolution = on_escalation, on_resolution
        self.header: Callable[[], list[str]] = list
        self._long_steps = long_steps
        self._long_step_started = False
        self._write_scheduled = False
        self.search_attributes: dict[SearchAttributeKey[Any], object] = {}
        self._written_attributes = self.search_attributes.copy()
        self.phone_number = ""
        self._summary = ExecutionSummary()
        self._written_summary = ("", "")
        self._current_step = ""

    @property
    def steps(self) -> list[Step]:
        """The steps, in the order in which they are shown."""
        return list(self._steps.values())

    @property
    def escalations(self) -> list[Escalation]:
        """The escalations that wait for an operator."""
        return list(self._escalations.values())

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Shows a step as running while the block runs, then as done, failed or cancelled."""
        step = self._steps.setdefault(name, Step(name=name))
        step.state, step.started_at, step.ended_at = StepState.RUNNING, workflow.now(), None
        self._current_step = name
        if self._long_steps is None or name in self._long_steps:
            self._long_step_started = True
        self.publish()
        outer = RUNNING_STEP.get()
        RUNNING_STEP.set(RunningStep(self, name))
        try:
            yield
        except BaseException as error:
            if is_cancelled_exception(error):
                self._end(step, StepState.FAILED, CANCELLED)
            elif isinstance(error, FailureError):
                self._end(step, StepState.FAILED, failure_message(error))
            raise
        finally:
            RUNNING_STEP.set(outer)
        self._end(step, StepState.DONE, step.detail)

    def skip(self, name: str, reason: str) -> None:
        """Shows a step as skipped."""
        self._end(self._steps[name], StepState.SKIPPED, reason)

    def set_detail(self, name: str, detail: str) -> None:
        """Sets the detail text of a step, such as why it waits."""
        self._steps[name].detail = truncate(detail)
        self.publish()

    def stall(self, name: str, reason: str, since: datetime) -> None:
        """Shows why a step has made no progress since then, and that an operator should know."""
        reason = f"no progress since {since:%H:%M} UTC, still trying: {reason}"
        self.wait(name, STALLED, reason, operator_since=since)

    def resume(self, name: str) -> None:
        """Shows that a step makes progress again."""
        self.end_wait(name, STALLED)

    def wait(
        self, name: str, topic: str, reason: str, *, operator_since: datetime | None = None
    ) -> None:
        """Shows why a running step waits: as its detail, and in lists of workflows.

        Args:
            name: The step.
            topic: Tells apart what the step waits for at the same time.
            reason: Why, and until when at most if that is known.
            operator_since: Since when that needs an operator; None: it does not.
        """
        self._waits[name, topic] = _Wait(truncate(reason), operator_since)
        self._show_waits(name)

    def end_wait(self, name: str, topic: str) -> None:
        """Shows that a step does not wait for this any more."""
        if self._waits.pop((name, topic), None):
            self._show_waits(name)

    @contextmanager
    def waiting(self, name: str, topic: str, reason: str) -> Iterator[None]:
        """Shows why a step waits while the block runs; see `wait`."""
        self.wait(name, topic, reason)
        try:
            yield
        except GeneratorExit:
            # The workflow leaves the worker's cache, and nothing more may happen in it.
            raise
        except BaseException:
            self.end_wait(name, topic)
            raise
        self.end_wait(name, topic)

    def _show_waits(self, name: str) -> None:
        waits = self._waits_of(name)
        urgent = [wait for wait in waits if wait.operator_since]
        self._index_escalations()
        self.set_detail(name, (urgent or waits)[0].reason if waits else "")

    def _waits_of(self, name: str) -> list[_Wait]:
        return [wait for (step, _), wait in self._waits.items() if step == name]

    async def escalate(self, step: str, message: str, evidence: Sequence[str]) -> Resolution:
        """Stops at a step until an operator resolves the escalation with the update `resolve`.

        Raises:
            CancelledError: The workflow was cancelled meanwhile.
        """
        self._escalations[step] = Escalation(
            step=step, message=message, evidence=list(evidence), raised_at=workflow.now()
        )
        self._index_escalations()
        shown = self._steps[step]
        shown.state, shown.detail = StepState.NEEDS_OPERATOR, truncate(message)
        self.publish()
        try:
            if self._on_escalation:
                await self._on_escalation(StepState.NEEDS_OPERATOR, f"{step}: {message}")
            # A cancel that arrived while that was sent is not raised again.
            raise_if_cancelled()
            await workflow.wait_condition(lambda: step in self._resolutions)
        except asyncio.CancelledError:
            self._escalations.pop(step, None)
            self._index_escalations()
            self.publish()
            raise
        resolution = self._resolutions.pop(step)
        shown.state = StepState.RUNNING
        shown.detail = f"{resolution.by} chose '{resolution.action.value}': {resolution.reason}"
        self.publish()
        if self._on_resolution and not self._escalations:
            await self._on_resolution(shown.detail)
        return resolution

    def validate_resolution(self, resolution: Resolution) -> None:
        """Raises ApplicationError when a resolution fits no open escalation."""
        if resolution.step not in self._escalations:
            waiting = ", ".join(f"'{step}'" for step in self._escalations) or "none"
            raise ApplicationError(
                f"step '{resolution.step}' needs no operator; steps that do: {waiting}",
                type="NoOpenEscalation",
            )

    def record_resolution(self, resolution: Resolution) -> None:
        """Closes an escalation with an operator's decision."""
        del self._escalations[resolution.step]
        self._index_escalations()
        self._resolutions[resolution.step] = resolution

    def _index_escalations(self) -> None:
        """Updates the search attribute that says since when an operator is needed."""
        raised = [escalation.raised_at for escalation in self.escalations if escalation.raised_at]
        raised += [wait.operator_since for wait in self._waits.values() if wait.operator_since]
        self.search_attributes[NEEDS_OPERATOR_KEY] = (
            format_needs_operator_since(min(raised)) if raised else ""
        )

    def publish(self) -> None:
        """Writes the current details (Markdown) and the search attributes that have changed.

        Once for all that happens in one workflow task: each search attribute that is set costs an
        event, and rendering for each of hundreds of messages could take longer than the SDK lets a
        workflow run.
        """
        if not self._write_scheduled:
            self._write_scheduled = True
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        self._write_scheduled = False
        workflow.set_current_details(self._render())
        self._write_search_attributes()
        self._write_summary()

    def _write_search_attributes(self) -> None:
        if self.search_attributes == self._written_attributes and not self._long_step_started:
            return
        self._written_attributes = self.search_attributes.copy()
        known = workflow.info().typed_search_attributes
        changed = {k: v for k, v in self.search_attributes.items() if known.get(k, "") != v}
        if not (changed or self._long_step_started):
            return
        self._long_step_started = False
        waiting = (step.name for step in self._steps.values() if self._needs_operator(step))
        step = next(waiting, self._current_step)
        if known.get(STEP_KEY, "") != step:
            changed[STEP_KEY] = step
        if changed:
            workflow.upsert_search_attributes(
                [
                    key.value_set(value) if value else key.value_unset()
                    for key, value in changed.items()
                ]
            )

    def _needs_operator(self, step: Step) -> bool:
        return step.state is StepState.NEEDS_OPERATOR or any(
            wait.operator_since for wait in self._waits_of(step.name)
        )

    def _write_summary(self) -> None:
        """Writes what lists show into the memo, which is encrypted, unlike search attributes."""
        waiting = {name for name, _ in self._waits}
        steps = [
            step
            for step in self._steps.values()
            if step.name in waiting or step.state is StepState.NEEDS_OPERATOR
        ]
        urgent = [step for step in steps if self._needs_operator(step)]
        reason = next((f"{step.name}: {step.detail}" for step in (*urgent, *steps)), "")
        if (self.phone_number, reason) == self._written_summary:
            return
        self._written_summary = (self.phone_number, reason)
        summary = ExecutionSummary(phone_number=self.phone_number, reason=reason)
        if summary != self._summary:
            self._summary = summary
            workflow.upsert_memo({SUMMARY_MEMO: summary.model_dump(exclude_defaults=True)})

    def _render(self) -> str:
        # An onboarding of hundreds of subscribers has hundreds of steps: active ones come first.
        steps = sorted(self._steps.values(), key=is_inactive)[:MAX_LISTED_STEPS]
        if len(steps) == len(self._steps):
            steps = self.steps
        lines = self.header()
        for escalation in self.escalations[:MAX_LISTED_STEPS]:
            lines += ["", *render_escalation(escalation)]
        lines += ["", *steps_table(steps)]
        if more := len(self._steps) - len(steps):
            lines += ["", f"and {more} more steps: see the query `status`"]
        return "\n".join(lines).strip()

    def _end(self, step: Step, state: StepState, detail: str) -> None:
        step.state, step.detail, step.ended_at = state, truncate(detail), workflow.now()
        self.publish()


class ResolvesEscalations:
    """A workflow whose steps escalate. `__init__` of the workflow sets `_progress`."""

    _progress: ProgressTracker

    @workflow.update(name=RESOLVE_UPDATE, description="resolve a step that waits for an operator")
    async def resolve(self, *sent: JsonValue) -> None:
        """Records an operator's `Resolution` of an open escalation."""
        self._progress.record_resolution(parse_message(Resolution, sent))

    @resolve.validator
    def validate_resolution(self, *sent: JsonValue) -> None:
        """Raises ApplicationError when the resolution fits no open escalation."""
        self._progress.validate_resolution(parse_message(Resolution, sent))
