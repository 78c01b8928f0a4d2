"""A view of what goes on: redrawn in a terminal, plain lines anywhere else."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from telegent_orchestrator.cli.rendering import onboarding_panel, port_in_panel, sentence, words
from telegent_orchestrator.client import Progress
from telegent_orchestrator.lines import LineRequest
from telegent_orchestrator.port_in import PortInStatus, PortState
from telegent_orchestrator.progress import Step, StepState


class Display(Protocol):
    """Takes each new progress of an onboarding."""

    def show(self, progress: Progress) -> None:
        """Show what has changed."""


@contextmanager
def display(console: Console, began: float, lines: Sequence[LineRequest] = ()) -> Iterator[Display]:
    """A display of an onboarding for as long as the block runs.

    `began`: `time.monotonic()` of its start. `lines`: of the request, when it is at hand.
    """
    if not console.is_terminal:
        yield PlainLines(console, began)
        return
    view = LiveView(began, lines)
    with redrawn(console, view.render):
        yield view


@contextmanager
def port_in_display(console: Console, began: float) -> Iterator[Callable[[PortInStatus], None]]:
    """Like `display`, of one port-in: call it with each new status."""
    if not console.is_terminal:
        plain = PlainLines(console, began)
        yield lambda status: plain.port_in("port-in", status)
        return
    seen: list[PortInStatus] = []
    with redrawn(console, lambda: port_in_panel("port-in", seen[-1]) if seen else ""):
        yield seen.append


def clock_at(moment: datetime) -> float:
    """What `time.monotonic()` was then."""
    return time.monotonic() - (datetime.now(UTC) - moment).total_seconds()


def redrawn(console: Console, render: Callable[[], RenderableType]) -> Live:
    """Shows what `render` gives, again and again, while the block runs."""
    # A thread of Live repaints, so that times go on while no news comes.
    return Live(console=console, refresh_per_second=8, get_renderable=render)


class PlainLines:
    """One line for each step that changes and each entry in a port-in's timeline."""

    def __init__(self, console: Console, began: float) -> None:
        self._console = console
        self._began = began
        self._states: dict[tuple[str, str], StepState] = {}
        self._entries: dict[str, int] = {}

    def show(self, progress: Progress) -> None:
        """Print what has changed since the last call."""
        for key, port in progress.ports.items():
            self.port_in(f"port-in {key}", port)
        for key, line in progress.lines.items():
            self._steps(f"line {key}: ", line.steps)
        self._steps("", progress.onboarding.steps)

    def port_in(self, name: str, port: PortInStatus) -> None:
        """Print the new entries of its timeline, and the remedy when it was rejected."""
        entries = port.timeline[self._entries.get(name, 0) :]
        self._entries[name] = len(port.timeline)
        for entry in entries:
            self._print(f"{name}: {entry.state.value}: {sentence(entry)}")
        if entries and port.state is PortState.ACTION_REQUIRED:
            self._print(f"{name}: reason {port.reason}: {port.remedy}")

    def _steps(self, owner: str, steps: list[Step]) -> None:
        for step in steps:
            before = self._states.get((owner, step.name), StepState.WAITING)
            if step.state is not before:
                self._states[owner, step.name] = step.state
                detail = f": {step.detail}" if step.detail else ""
                self._print(f"{owner}{step.name} {step.state.value}{detail}")

    def _print(self, text: str) -> None:
        seconds = time.monotonic() - self._began
        self._console.print(words(f"{seconds:6.1f} s  {text}"), soft_wrap=True)


class LiveView:
    """Shows the latest progress whenever it is drawn."""

    def __init__(self, began: float, lines: Sequence[LineRequest]) -> None:
        self._began = began
        self._lines = lines
        self._progress: Progress | None = None

    def show(self, progress: Progress) -> None:
        """Take over what the next repaint shows."""
        self._progress = progress

    def render(self) -> RenderableType:
        """The view at this moment."""
        if self._progress is None:
            return Text("waiting for the first step …", style="dim")
        return onboarding_panel(self._progress, time.monotonic() - self._began, self._lines)
