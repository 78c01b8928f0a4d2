"""A view of what goes on: live_display in a terminal, plain lines anywhere else."""

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
    onboarding_panel,
    port_in_panel,
    sanitize,
)
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.lines import LineRequest
from telegent_orchestrator.port_in import PortInStatus, PortState
from telegent_orchestrator.progress import Step, StepState


class Display(Protocol):
    """Takes each new progress of an onboarding."""

    def show(self, progress: OnboardingProgress) -> None:
        """Show what has changed."""


@contextmanager
def display(
    console: Console, started: float, lines: Sequence[LineRequest] = ()
) -> Iterator[Display]:
    """A display of an onboarding for as long as the block runs.

    `started`: `time.monotonic()` of its start. `lines`: of the request, when it is at hand.
    """
    if not console.is_terminal:
        yield PlainDisplay(console, started)
        return
    view = LiveDisplay(started, lines)
    with live_display(console, view.render):
        yield view


@contextmanager
def port_in_display(console: Console, started: float) -> Iterator[Callable[[PortInStatus], None]]:
    """Like `display`, of one port-in: call it with each new status."""
    if not console.is_terminal:
        plain = PlainDisplay(console, started)
        yield lambda status: plain.port_in("port-in", status)
        return
    statuses: list[PortInStatus] = []
    with live_display(console, lambda: port_in_panel("port-in", statuses[-1]) if statuses else ""):
        yield statuses.append


def monotonic_at(moment: datetime) -> float:
    """What `time.monotonic()` was then."""
    return time.monotonic() - (datetime.now(UTC) - moment).total_seconds()


def live_display(console: Console, render: Callable[[], RenderableType]) -> Live:
    """Shows what `render` gives, again and again, while the block runs."""
    # A thread of Live repaints, so that times go on while no news comes.
    return Live(console=console, refresh_per_second=8, get_renderable=render)


class PlainDisplay:
    """One line for each step that changes and each entry in a port-in's timeline."""

    def __init__(self, console: Console, started: float) -> None:
        self._console = console
        self._started = started
        self._states: dict[tuple[str, str], StepState] = {}
        self._entries: dict[str, int] = {}

    def show(self, progress: OnboardingProgress) -> None:
        """Print what has changed since the last call, in the order in which it happened."""
        changes = self._step_changes("", progress.onboarding.steps)
        for key, line in progress.lines.items():
            changes += self._step_changes(f"line {key}: ", line.steps)
        for key, port in progress.ports.items():
            changes += self._port_in_changes(f"port-in {key}", port)
        for _, text in sorted(changes, key=lambda change: change[0]):
            self._print(text)

    def port_in(self, name: str, port: PortInStatus) -> None:
        """Print the new entries of its timeline, and the remedy when it was rejected."""
        for _, text in self._port_in_changes(name, port):
            self._print(text)

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
            before = self._states.get((owner, step.name), StepState.WAITING)
            if step.state is not before:
                self._states[owner, step.name] = step.state
                detail = f": {step.detail}" if step.detail else ""
                at = step.ended_at or step.started_at or datetime.now(UTC)
                changes.append((at, f"{owner}{step.name} {step.state.value}{detail}"))
        return changes

    def _print(self, text: str) -> None:
        seconds = time.monotonic() - self._started
        self._console.print(sanitize(f"{seconds:6.1f} s  {text}"), soft_wrap=True)


class LiveDisplay:
    """Shows the latest progress whenever it is drawn."""

    def __init__(self, started: float, lines: Sequence[LineRequest]) -> None:
        self._started = started
        self._lines = lines
        self._progress: OnboardingProgress | None = None

    def show(self, progress: OnboardingProgress) -> None:
        """Take over what the next repaint shows."""
        self._progress = progress

    def render(self) -> RenderableType:
        """The view at this moment."""
        if self._progress is None:
            return Text("waiting for the first step …", style="dim")
        return onboarding_panel(self._progress, time.monotonic() - self._started, self._lines)
