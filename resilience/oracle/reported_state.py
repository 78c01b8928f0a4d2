"""What an onboarding reports: finished steps, escalations, ids."""

from collections.abc import Sequence
from itertools import takewhile

from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.lines import LineResult
from telegent_orchestrator.onboarding import OnboardingResult
from telegent_orchestrator.port_in import NEEDS_OPERATOR_STATES, PortInStatus
from telegent_orchestrator.progress import Escalation, Step, StepState
from workflows.onboarding.resources import ORDER_WEBHOOK_STEP


class ReportedState:
    """A progress, with the questions that the oracle has. `line` is a line's key, or None for the
    onboarding's own steps."""

    def __init__(self, progress: OnboardingProgress) -> None:
        self._progress = progress
        self.result = progress.onboarding.result or OnboardingResult(
            reference=progress.onboarding.reference, complete=False, account_id=""
        )

    @property
    def complete(self) -> bool:
        """Whether it reports that every resource exists."""
        return self.result.complete

    def line(self, key: str) -> LineResult:
        """The result that it reports for a line."""
        status = self._progress.lines.get(key)
        return status.result if status else LineResult(key=key, state=StepState.WAITING)

    def port(self, key: str) -> PortInStatus | None:
        """The status of a line's port-in, once there is one."""
        return self._progress.ports.get(key)

    def finished(self, step: str, line: str | None) -> bool:
        """Whether it reports a step as finished."""
        return any(s.name == step and s.finished for s in self._steps(line))

    @property
    def evidence(self) -> str:
        """All evidence in its escalations."""
        sentences = (q for line in [None, *self._progress.lines] for q in self._escalations(line))
        return "\n".join(text for escalation in sentences for text in escalation.evidence)

    @property
    def failures(self) -> list[str]:
        """A sentence for each step that has failed, although the onboarding needs it.

        Without its webhook, an onboarding completes: port-ins poll their orders.
        """
        lines = [None, *self._progress.lines]
        steps = [(line, step) for line in lines for step in self._steps(line)]
        return [
            f"{_label(step.name, line)} failed: {step.detail}"
            for line, step in steps
            if step.state is StepState.FAILED and step.name != ORDER_WEBHOOK_STEP
        ]

    @property
    def open_escalations(self) -> list[str]:
        """A sentence for each escalation."""
        sentences = [
            f"{_label(escalation.step, line)} escalated: {escalation.message} "
            f"({'; '.join(escalation.evidence)})"
            for line in [None, *self._progress.lines]
            for escalation in self._escalations(line)
        ]
        ports = [
            f"{_label('Port-in', line)} needs an operator: {port.state} "
            f"{port.attention or _last_vendor_message(port)}"
            for line, port in self._progress.ports.items()
            if needs_operator(port)
        ]
        return sentences + ports

    @property
    def unjustified_escalations(self) -> list[str]:
        """A sentence for each escalation that has no evidence or is not shown by the onboarding."""
        found = []
        for line in [None, *self._progress.lines]:
            for escalation in self._escalations(line):
                if not escalation.evidence:
                    found.append(f"{_label(escalation.step, line)} is escalated without evidence")
        for line, port in self._progress.ports.items():
            if needs_operator(port) and not (
                port.attention or port.remedy or _last_vendor_message(port)
            ):
                found.append(f"{_label('Port-in', line)} is {port.state} without a reason")
        reported_states = {
            summary.key: summary.state for summary in self._progress.onboarding.lines
        }
        waiting = {line for line in self._progress.lines if self._escalations(line)}
        waiting |= {line for line, port in self._progress.ports.items() if needs_operator(port)}
        found += [
            f"line {line} needs an operator, but the onboarding shows it as {reported_states[line]}"
            for line in sorted(waiting)
            if reported_states[line] is not StepState.NEEDS_OPERATOR
        ]
        return found

    def _steps(self, line: str | None) -> Sequence[Step]:
        if line is None:
            return self._progress.onboarding.steps
        status, port = self._progress.lines.get(line), self._progress.ports.get(line)
        return [*(status.steps if status else []), *(port.steps if port else [])]

    def _escalations(self, line: str | None) -> Sequence[Escalation]:
        if line is None:
            return self._progress.onboarding.escalations
        status = self._progress.lines.get(line)
        return status.escalations if status else []


def needs_operator(port: PortInStatus) -> bool:
    """Whether a port-in waits for an operator."""
    return port.state in NEEDS_OPERATOR_STATES or bool(port.attention)


def _last_vendor_message(port: PortInStatus) -> str:
    """Telegent's last message in the present state: a decision may have been recorded after it."""
    since = takewhile(lambda entry: entry.state is port.state, reversed(port.timeline))
    return next((entry.vendor_message for entry in since if entry.vendor_message), "")


def _label(step: str, line: str | None) -> str:
    return f"line {line}, {step}" if line else step
