"""What people see of a running workflow: its steps, and the questions that it asks them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from activities.support.outcomes import words_of
from telegent_orchestrator._models import OPEN
from telegent_orchestrator.names import (
    NEEDS_ACTION_ATTRIBUTE,
    RESOLVE_UPDATE,
    STEP_ATTRIBUTE,
    needs_action_since,
)
from telegent_orchestrator.progress import Answer, Question, Resolution, Step, StepState
from workflows.support.cancellation import stop_when_cancelled
from workflows.support.markdown import SINCE, TOGETHER, code, plain, second, table

STEP = SearchAttributeKey.for_keyword(STEP_ATTRIBUTE)
NEEDS_ACTION = SearchAttributeKey.for_keyword(NEEDS_ACTION_ATTRIBUTE)
SIGNS = {
    StepState.WAITING: "·",
    StepState.RUNNING: "▶",
    StepState.NEEDS_PERSON: "✋",
    StepState.DONE: "✓",
    StepState.FAILED: "✗",
    StepState.SKIPPED: "-",
}


class Board:
    """Steps in the order in which they are shown, and open questions.

    Every change is written to the workflow's current details, which cost no event, below what
    `preface` says then, and the name of the step to a search attribute, together with whatever
    else stands in `attributes`; an empty one is taken away. `tell` hears of every question.
    """

    def __init__(
        self, steps: Sequence[str], tell: Callable[[StepState, str], Awaitable[None]] | None = None
    ) -> None:
        self._steps = {name: Step(name=name) for name in steps}
        self._questions: dict[str, Question] = {}
        self._answers: dict[str, Resolution] = {}
        self._tell = tell
        self.preface: Callable[[], list[str]] = list
        self._to_draw = False
        self.attributes: dict[SearchAttributeKey[Any], object] = {}
        self._current = ""

    @property
    def steps(self) -> list[Step]:
        """The steps in order."""
        return list(self._steps.values())

    @property
    def questions(self) -> list[Question]:
        """The questions that wait for a person."""
        return list(self._questions.values())

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Shows a step as running, and as done or failed when the block is left."""
        step = self._steps.setdefault(name, Step(name=name))
        step.state, step.started_at, step.ended_at = StepState.RUNNING, workflow.now(), None
        self._current = name
        self.show()
        try:
            yield
        except BaseException as error:
            if isinstance(error, FailureError) and not is_cancelled_exception(error):
                self._end(step, StepState.FAILED, words_of(error))
            raise
        self._end(step, StepState.DONE, step.detail)

    def skip(self, name: str, why: str) -> None:
        """Shows that a step is not needed."""
        self._end(self._steps[name], StepState.SKIPPED, why)

    def note(self, name: str, detail: str) -> None:
        """Shows a sentence beside a step."""
        self._steps[name].detail = detail
        self.show()

    def wait_for_person(self, name: str, why: str | None) -> None:
        """Shows that a running step waits for a person; None: that it goes on."""
        step = self._steps[name]
        if step.finished:
            return
        step.state = StepState.NEEDS_PERSON if why else StepState.RUNNING
        step.detail = why or ""

    async def ask(self, step: str, text: str, evidence: Sequence[str]) -> Resolution:
        """Stops at a step until a person answers with the update `resolve`."""
        self._questions[step] = Question(
            step=step, text=text, evidence=list(evidence), asked_at=workflow.now()
        )
        self._index_questions()
        shown = self._steps[step]
        shown.state, shown.detail = StepState.NEEDS_PERSON, text
        self.show()
        try:
            if self._tell:
                await self._tell(StepState.NEEDS_PERSON, f"{step}: {text}")
            # A cancel that came while that was sent is not raised again.
            stop_when_cancelled()
            await workflow.wait_condition(lambda: step in self._answers)
        except asyncio.CancelledError:
            self._questions.pop(step, None)
            self._index_questions()
            self.show()
            raise
        answer = self._answers.pop(step)
        shown.state = StepState.RUNNING
        shown.detail = f"{answer.by} answered '{answer.answer.value}': {answer.reason}"
        self.show()
        return answer

    def refuse_unasked(self, answer: Resolution) -> None:
        """Raises when an answer fits no open question: for validators of the update `resolve`."""
        if answer.step not in self._questions:
            waiting = ", ".join(f"'{step}'" for step in self._questions) or "none"
            raise ApplicationError(
                f"step '{answer.step}' does not wait for an answer; waiting: {waiting}",
                type="NotAsked",
            )

    def answer(self, answer: Resolution) -> None:
        """Takes a person's answer."""
        del self._questions[answer.step]
        self._index_questions()
        self._answers[answer.step] = answer

    def _index_questions(self) -> None:
        """Lets lists and figures find how long the oldest open question has waited."""
        if not workflow.patched("questions-in-lists"):
            return
        asked = [question.asked_at for question in self.questions if question.asked_at]
        self.attributes[NEEDS_ACTION] = needs_action_since(min(asked)) if asked else ""

    def show(self) -> None:
        """Writes the current details (Markdown) and, when it moved on, the step's name."""
        if not self._to_draw:
            # Once for all that happens at one time: drawing hundreds of messages one by one can
            # take longer than the SDK lets a workflow run.
            self._to_draw = True
            asyncio.get_running_loop().call_soon(self._draw)
        self.attributes[STEP] = next(
            (s.name for s in self._steps.values() if s.state is StepState.NEEDS_PERSON),
            self._current,
        )
        known = workflow.info().typed_search_attributes
        if news := {k: v for k, v in self.attributes.items() if known.get(k, "") != v}:
            # One command for all: each one is an event, and on Temporal Cloud a billed action.
            workflow.upsert_search_attributes(
                [
                    key.value_set(value) if value else key.value_unset()
                    for key, value in news.items()
                ]
            )

    def _draw(self) -> None:
        self._to_draw = False
        steps = self._steps.values()
        rows = [(in_words(step.state), step.name, _since(step), step.detail) for step in steps]
        lines = self.preface()
        for question in self._questions.values():
            lines += ["", *_asked(question)]
        lines += ["", *table(("state", "step", SINCE, "detail"), rows)]
        workflow.set_current_details("\n".join(lines).strip())

    def _end(self, step: Step, state: StepState, detail: str) -> None:
        step.state, step.detail, step.ended_at = state, detail, workflow.now()
        self.show()


def in_words(state: StepState) -> str:
    """A state with the sign that makes it easy to find in a column."""
    return f"{SIGNS[state]} {state.value}".replace(" ", TOGETHER)


def _update(key: SearchAttributeKey[str], value: str) -> SearchAttributeUpdate[str]:
    return key.value_set(value) if value else key.value_unset()


def _since(step: Step) -> str:
    moment = step.ended_at or step.started_at
    return second(moment) if moment else ""


def _asked(question: Question) -> list[str]:
    """A question with its evidence, and the answers to copy and fill in."""
    lines = [f"✋ **{plain(question.step)} waits for a person**: {plain(question.text)}", ""]
    lines += [f"- {plain(found)}" for found in question.evidence]
    lines += ["", f"Answer with the update `{RESOLVE_UPDATE}`, each {OPEN} replaced:", ""]
    return lines + code("\n".join(_answer(question.step, answer) for answer in Answer))


def _answer(step: str, answer: Answer) -> str:
    named = {"id": OPEN} if answer is Answer.ADOPT else {}
    filled = {"step": step, "answer": answer.value, **named, "by": OPEN, "reason": OPEN}
    return json.dumps(filled, ensure_ascii=False)
