"""How far the onboarding is: a live view in a terminal, plain lines anywhere else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from telegent_orchestrator.client import Progress
from telegent_orchestrator.lines import LineRequest
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInStatus, PortState, TimelineEntry
from telegent_orchestrator.progress import Step, StepState

LOOKS = {
    StepState.WAITING: ("·", "dim"),
    StepState.RUNNING: ("▶", "cyan"),
    StepState.NEEDS_PERSON: ("!", "bold yellow"),
    StepState.DONE: ("✓", "green"),
    StepState.FAILED: ("✗", "bold red"),
    StepState.SKIPPED: ("-", "dim"),
}
TIMELINE_ROWS = 5


class Display(Protocol):
    """Takes each new progress."""

    def show(self, progress: Progress) -> None:
        """Show what has changed."""


@contextmanager
def display(console: Console, request: OnboardingRequest, began: float) -> Iterator[Display]:
    """A display for as long as the block runs. `began`: `time.monotonic()` of the start."""
    if not console.is_terminal:
        yield PlainLines(console, began)
        return
    view = LiveView(request, began)
    # A thread of Live repaints, so that times go on while no news comes.
    with Live(console=console, refresh_per_second=8, get_renderable=view.render):
        yield view


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
            entries = port.timeline[self._entries.get(key, 0) :]
            self._entries[key] = len(port.timeline)
            for entry in entries:
                self._print(f"port-in {key}: {entry.state.value}: {_sentence(entry)}")
            if entries and port.state is PortState.ACTION_REQUIRED:
                self._print(f"port-in {key}: reason {port.reason}: {port.remedy}")
        for key, line in progress.lines.items():
            self._steps(f"line {key}: ", line.steps)
        self._steps("", progress.onboarding.steps)

    def _steps(self, owner: str, steps: list[Step]) -> None:
        for step in steps:
            before = self._states.get((owner, step.name), StepState.WAITING)
            if step.state is not before:
                self._states[owner, step.name] = step.state
                detail = f": {step.detail}" if step.detail else ""
                self._print(f"{owner}{step.name} {step.state.value}{detail}")

    def _print(self, text: str) -> None:
        seconds = time.monotonic() - self._began
        self._console.print(
            f"{seconds:6.1f} s  {text}", markup=False, highlight=False, soft_wrap=True
        )


class LiveView:
    """Progress bar, steps of the onboarding, lines by steps, and the port-ins."""

    def __init__(self, request: OnboardingRequest, began: float) -> None:
        self._request = request
        self._began = began
        self._progress: Progress | None = None

    def show(self, progress: Progress) -> None:
        """Take over what the next repaint shows."""
        self._progress = progress

    def render(self) -> RenderableType:
        """The view at this moment."""
        progress = self._progress
        if progress is None:
            return Text("waiting for the first step …", style="dim")
        return Group(
            self._bar(progress),
            Columns([_step(step) for step in progress.onboarding.steps], padding=(0, 3)),
            self._lines(progress),
            *(_port_in(key, port) for key, port in progress.ports.items()),
        )

    def _bar(self, progress: Progress) -> RenderableType:
        steps = list(progress.onboarding.steps)
        unseen = 0
        for line in self._request.lines:
            seen = progress.lines.get(line.key)
            steps += seen.steps if seen else []
            unseen += 0 if seen else _steps_of(line)
        done = sum(step.finished for step in steps)
        total = len(steps) + unseen
        row = Table.grid(padding=(0, 1))
        seconds = time.monotonic() - self._began
        row.add_row(
            ProgressBar(total=total, completed=done, width=40),
            f"{done} of {total} steps",
            Text(f"{seconds:.0f} s", style="dim"),
        )
        return row

    def _lines(self, progress: Progress) -> RenderableType:
        names = {
            step.name: None
            for status in progress.lines.values()
            for step in status.steps[1:]  # the first one is the number, bought or ported
        }
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
        table.add_column("Line", no_wrap=True)
        for name in ("Number", *names):
            table.add_column(name, min_width=max(map(len, name.split())))
        for brief in progress.onboarding.lines:
            status = progress.lines.get(brief.key)
            if status is None:
                table.add_row(brief.key, Text(brief.state.value, style="dim"))
                continue
            number, *others = status.steps
            cells = {step.name: step for step in others}
            table.add_row(
                brief.key,
                _cell(number),
                *(_cell(cells[name]) if name in cells else "" for name in names),
            )
        return table


def _steps_of(line: LineRequest) -> int:
    """Number and subscription, and what else was asked for."""
    extras = (line.data_limits, line.renewal, line.call_filter, line.message_filter)
    return 2 + sum(extra is not None for extra in extras)


def _step(step: Step) -> Text:
    sign, style = LOOKS[step.state]
    return Text.assemble((f"{sign} ", style), step.name, (f" {_taken(step)}", "dim"))


def _cell(step: Step) -> Text:
    sign, style = LOOKS[step.state]
    return Text.assemble((f"{sign} {step.state.value}", style), (f" {_taken(step)}", "dim"))


def _taken(step: Step) -> str:
    if step.started_at is None:
        return ""
    ended = step.ended_at or datetime.now(UTC)
    return f"{max(0.0, (ended - step.started_at).total_seconds()):.1f}s"


def _port_in(key: str, port: PortInStatus) -> RenderableType:
    needs_person = port.state is PortState.ACTION_REQUIRED
    rows = [
        Text.assemble((f"{entry.at.astimezone():%H:%M:%S}  ", "dim"), _sentence(entry))
        for entry in port.timeline[-1 if needs_person else -TIMELINE_ROWS :]
    ]
    if needs_person:
        rows.append(Text(f"{port.reason}: {port.remedy}", style="yellow"))
        rows.append(Text(f"to correct: {', '.join(port.fields_to_correct)}", style="yellow"))
    return Panel(
        Group(*rows),
        title=f"port-in of {key}: {port.state.value}",
        title_align="left",
        border_style="yellow" if needs_person else "green" if port.state.final else "cyan",
    )


def _sentence(entry: TimelineEntry) -> str:
    said = f" ({entry.vendor_words})" if entry.vendor_words else ""
    return f"{entry.by}: {entry.what}{said}"
