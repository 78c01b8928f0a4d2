"""Shows progress: a live view in a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from telegent_orchestrator.cli.rendering import (
    format_entry,
    format_failing_call,
    onboarding_panel,
    port_in_panel,
    sanitize,
)
from telegent_orchestrator.client import FailingCall, OnboardingProgress
from telegent_orchestrator.lines import LineRequest
from telegent_orchestrator.port_in import PortInStatus, PortState
from telegent_orchestrator.progress import Step, StepState


class Display(Protocol):
    """Shows each new progress of an onboarding."""

    def show(self, progress: OnboardingProgress) -> None:
        """Show the changes."""


@contextmanager
def display(
    console: Console, started: float, lines: Sequence[LineRequest] = ()
) -> Iterator[Display]:
    """A display of an onboarding while the block runs.

    Args:
        console: Where to print; without a terminal, one line per change.
        started: `time.monotonic()` at the start of the onboarding.
        lines: The lines of the request, if known.
    """
    if not console.is_terminal:
        yield PlainDisplay(console, started)
        return
    view = LiveDisplay(started, lines)
    with live_display(console, view.render):
        yield view


@contextmanager
def port_in_display(
    console: Console, started: float
) -> Iterator[Callable[[PortInStatus, Sequence[FailingCall]], None]]:
    """A display of one port-in: call it with each new status and its failing calls."""
    if not console.is_terminal:
        plain = PlainDisplay(console, started)
        yield lambda status, calls: plain.port_in("port-in", status, calls)
        return
    panel: RenderableType = ""

    def show(status: PortInStatus, calls: Sequence[FailingCall]) -> None:
        nonlocal panel
        panel = port_in_panel("port-in", status, failing_calls=calls)

    with live_display(console, lambda: panel):
        yield show


def monotonic_at(moment: datetime) -> float:
    """The value of `time.monotonic()` at that time."""
    return time.monotonic() - (datetime.now(UTC) - moment).total_seconds()


def live_display(console: Console, render: Callable[[], RenderableType]) -> Live:
    """Repaints the result of `render` while the block runs."""
    # A thread of Live repaints, so that durations advance between changes.
    return Live(console=console, refresh_per_second=8, get_renderable=render)


class PlainDisplay:
    """One line per change of a step, entry in a timeline of a port-in, and reason of a failure."""

    def __init__(self, console: Console, started: float) -> None:
        self._console = console
        self._started = started
        self._states: dict[tuple[str, str], tuple[StepState, str]] = {}
        self._entries: dict[str, int] = {}
        self._failing: set[tuple[str, str, str]] = set()

    def show(self, progress: OnboardingProgress) -> None:
        """Print the changes since the last call, in the order in which they happened."""
        changes = self._step_changes("", progress.onboarding.steps)
        for key, line in progress.lines.items():
            changes += self._step_changes(f"line {key}: ", line.steps)
        for key, port in progress.ports.items():
            changes += self._port_in_changes(f"port-in {key}", port)
        for _, text in sorted(changes, key=lambda change: change[0]):
            self._print(text)
        self._print_failing_calls(progress.failing_calls)

    def port_in(self, name: str, port: PortInStatus, calls: Sequence[FailingCall]) -> None:
        """Print the new entries of the timeline, the remedy after a rejection, and what fails."""
        for _, text in self._port_in_changes(name, port):
            self._print(text)
        self._print_failing_calls(calls)

    def _port_in_changes(self, name: str, port: PortInStatus) -> list[tuple[datetime, str]]:
        entries = port.timeline[self._entries.get(name, 0) :]
        self._entries[name] = len(port.timeline)
        changes = [
            (entry.at, f"{name}: {entry.state.value}: {format_entry(entry)}") for entry in entries
        ]
        if entries and port.state is PortState.ACTION_REQUIRED:
            changes.append((entries[-1].at, f"{name}: reason {port.reason}: {port.remedy}"))
        return changes

    def _step_changes(self, owner: str, steps: list[Step]) -> list[tuple[datetime, str]]:
        changes = []
        for step in steps:
            before = self._states.get((owner, step.name), (StepState.WAITING, ""))
            if (step.state, step.detail) != before:
                self._states[owner, step.name] = step.state, step.detail
                detail = f": {step.detail}" if step.detail else ""
                moved = step.state is not before[0]
                at = (moved and (step.ended_at or step.started_at)) or datetime.now(UTC)
                changes.append((at, f"{owner}{step.name} {step.state.value}{detail}"))
        return changes

    def _print_failing_calls(self, calls: Sequence[FailingCall]) -> None:
        """Print those that did not fail before, or for another reason: not each attempt."""
        failing = {(call.workflow_id, call.activity, call.message): call for call in calls}
        for key, call in failing.items():
            if key not in self._failing:
                self._print(format_failing_call(call))
        self._failing = {*failing}

    def _print(self, text: str) -> None:
        seconds = time.monotonic() - self._started
        self._console.print(sanitize(f"{seconds:6.1f} s  {text}"), soft_wrap=True)


class LiveDisplay:
    """Shows the latest progress at each repaint."""

    def __init__(self, started: float, lines: Sequence[LineRequest]) -> None:
        self._started = started
        self._lines = lines
        self._progress: OnboardingProgress | None = None

    def show(self, progress: OnboardingProgress) -> None:
        """Set what the next repaint shows."""
        self._progress = progress

    def render(self) -> RenderableType:
        """The current view."""
        if self._progress is None:
            return Text("waiting for the first step …", style="dim")
        return onboarding_panel(self._progress, time.monotonic() - self._started, self._lines)
