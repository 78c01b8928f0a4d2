"""What an onboarding says of itself: which steps are done, what it asks, what it names."""

from collections.abc import Sequence

from telegent_orchestrator.client import Progress
from telegent_orchestrator.lines import LineResult
from telegent_orchestrator.onboarding import OnboardingResult
from telegent_orchestrator.port_in import PortInStatus, PortState
from telegent_orchestrator.progress import Question, Step, StepState

ASKS = (PortState.INFO_REQUIRED, PortState.ACTION_REQUIRED, PortState.SUBMIT_UNKNOWN)


class Said:
    """A progress, read with the judge's questions. `line` is a line's key; None: no line's."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.result = progress.onboarding.result or OnboardingResult(
            reference=progress.onboarding.reference, complete=False, account_id=""
        )

    @property
    def complete(self) -> bool:
        """Whether it says that everything is there."""
        return self.result.complete

    def line(self, key: str) -> LineResult:
        """What it says of a line."""
        status = self._progress.lines.get(key)
        return status.result if status else LineResult(key=key, state=StepState.WAITING)

    def port(self, key: str) -> PortInStatus | None:
        """The status of a line's port-in, once there is one."""
        return self._progress.ports.get(key)

    def finished(self, step: str, line: str | None) -> bool:
        """Whether a step says that nothing more will happen in it."""
        return any(s.name == step and s.finished for s in self._steps(line))

    @property
    def evidence(self) -> str:
        """All that people are told beside the questions they are asked."""
        asked = (q for line in [None, *self._progress.lines] for q in self._questions(line))
        return "\n".join(text for question in asked for text in question.evidence)

    @property
    def failures(self) -> list[str]:
        """A sentence for each step that has given up."""
        places = [None, *self._progress.lines]
        steps = [(line, step) for line in places for step in self._steps(line)]
        return [
            f"{_at(step.name, line)} gave up: {step.detail}"
            for line, step in steps
            if step.state is StepState.FAILED
        ]

    @property
    def waits(self) -> list[str]:
        """A sentence for each thing that waits for a person."""
        asked = [
            f"{_at(question.step, line)} asks: {question.text} ({'; '.join(question.evidence)})"
            for line in [None, *self._progress.lines]
            for question in self._questions(line)
        ]
        ports = [
            f"{_at('Port-in', line)} asks: {port.state} {port.attention or _last_words(port)}"
            for line, port in self._progress.ports.items()
            if waits(port)
        ]
        return asked + ports

    @property
    def faults_of_asking(self) -> list[str]:
        """A sentence for each question without evidence, or that the onboarding does not show."""
        found = []
        for line in [None, *self._progress.lines]:
            for question in self._questions(line):
                if not question.evidence:
                    found.append(f"{_at(question.step, line)} asks without evidence")
        for line, port in self._progress.ports.items():
            if waits(port) and not (port.attention or port.remedy or _last_words(port)):
                found.append(f"{_at('Port-in', line)} is {port.state} without a reason")
        shown = {brief.key: brief.state for brief in self._progress.onboarding.lines}
        asking = {line for line in self._progress.lines if self._questions(line)}
        asking |= {line for line, port in self._progress.ports.items() if waits(port)}
        found += [
            f"line {line} waits for a person, and the onboarding shows it as {shown[line]}"
            for line in sorted(asking)
            if shown[line] is not StepState.NEEDS_PERSON
        ]
        return found

    def _steps(self, line: str | None) -> Sequence[Step]:
        if line is None:
            return self._progress.onboarding.steps
        status, port = self._progress.lines.get(line), self._progress.ports.get(line)
        return [*(status.steps if status else []), *(port.steps if port else [])]

    def _questions(self, line: str | None) -> Sequence[Question]:
        if line is None:
            return self._progress.onboarding.questions
        status = self._progress.lines.get(line)
        return status.questions if status else []


def waits(port: PortInStatus) -> bool:
    """Whether a port-in waits for a person."""
    return port.state in ASKS or bool(port.attention)


def _last_words(port: PortInStatus) -> str:
    return port.timeline[-1].vendor_words if port.timeline else ""


def _at(step: str, line: str | None) -> str:
    return f"line {line}, {step}" if line else step
