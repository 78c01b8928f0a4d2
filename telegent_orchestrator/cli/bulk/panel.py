"""A bulk for people: a progress bar and how many rows stand how."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from telegent_orchestrator.bulk import BulkStatus
from telegent_orchestrator.cli.live import redrawn
from telegent_orchestrator.cli.rendering import lasting, words

LOOKS = {
    "waiting": "dim",
    "running": "cyan",
    "done": "green",
    "already_done": "green",
    "failed": "bold red",
    "cancelled": "yellow",
}


def bulk_panel(status: BulkStatus, seconds: float) -> RenderableType:
    """Progress bar and counts. `seconds`: since its start."""
    counts = status.counts
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(total=status.rows, completed=counts.ended, width=40),
        f"{counts.ended} of {status.rows} rows",
        Text(lasting(seconds), style="dim"),
        Text(_rest(status, seconds), style="dim"),
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    cells = []
    for name, value in counts:
        table.add_column(name.replace("_", " "), justify="right")
        cells.append(Text(str(value), style=LOOKS[name] if value else "dim"))
    table.add_row(*cells)
    latest = [words(f"{entry.by}: {entry.what}") for entry in status.timeline[-3:]]
    return Group(bar, table, *latest)


@contextmanager
def bulk_display(console: Console, began: float) -> Iterator[Callable[[BulkStatus], None]]:
    """A display for as long as the block runs: call it with each new status.

    `began`: `time.monotonic()` of the bulk's start.
    """
    if not console.is_terminal:
        yield lambda status: console.print(_plain(status, time.monotonic() - began))
        return
    seen: list[BulkStatus] = []
    with redrawn(console, lambda: bulk_panel(seen[-1], time.monotonic() - began) if seen else ""):
        yield seen.append


def _plain(status: BulkStatus, seconds: float) -> Text:
    there = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in status.counts if value)
    return words(f"{seconds:6.1f} s  {status.state.value}: {there}")


def _rest(status: BulkStatus, seconds: float) -> str:
    """How long it may still take at the pace until now."""
    ended = status.counts.ended - status.counts.already_done
    left = status.rows - status.counts.ended
    return f"about {lasting(seconds / ended * left)} left" if ended and left else ""
