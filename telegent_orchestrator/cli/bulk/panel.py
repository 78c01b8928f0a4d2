"""A bulk in a terminal: a progress bar and the number of rows in each state."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from telegent_orchestrator.bulk import BulkStatus
from telegent_orchestrator.cli.live import live_display
from telegent_orchestrator.cli.rendering import format_duration, sanitize

STATE_STYLES = {
    "waiting": "dim",
    "running": "cyan",
    "done": "green",
    "already_done": "green",
    "failed": "bold red",
    "cancelled": "yellow",
}


def bulk_panel(status: BulkStatus, seconds: float) -> RenderableType:
    """Progress bar, counts and the latest timeline entries. `seconds`: since its start."""
    counts = status.counts
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(total=status.rows, completed=counts.ended, width=40),
        f"{counts.ended} of {status.rows} rows",
        Text(format_duration(seconds), style="dim"),
        Text(_remaining_time(status, seconds), style="dim"),
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    cells = []
    for name, value in counts:
        table.add_column(name.replace("_", " "), justify="right")
        cells.append(Text(str(value), style=STATE_STYLES[name] if value else "dim"))
    table.add_row(*cells)
    latest = [sanitize(f"{entry.by}: {entry.event}") for entry in status.timeline[-3:]]
    return Group(bar, table, *latest)


@contextmanager
def bulk_display(console: Console, started: float) -> Iterator[Callable[[BulkStatus], None]]:
    """A display while the block runs: call it with each new status.

    Args:
        console: Where to print; without a terminal, one line per change.
        started: `time.monotonic()` at the start of the bulk.
    """
    if not console.is_terminal:
        yield lambda status: console.print(_plain_line(status, time.monotonic() - started))
        return
    statuses: list[BulkStatus] = []
    with live_display(
        console, lambda: bulk_panel(statuses[-1], time.monotonic() - started) if statuses else ""
    ):
        yield statuses.append


def _plain_line(status: BulkStatus, seconds: float) -> Text:
    counts = ", ".join(
        f"{value} {name.replace('_', ' ')}" for name, value in status.counts if value
    )
    return sanitize(f"{seconds:6.1f} s  {status.state.value}: {counts}")


def _remaining_time(status: BulkStatus, seconds: float) -> str:
    """How long the rest takes at the pace so far; empty once nothing waits to start.

    Rows that are open for days, such as port-ins, have no pace.
    """
    ended = status.counts.ended - status.counts.already_done
    remaining = status.rows - status.counts.ended
    return (
        f"about {format_duration(seconds / ended * remaining)} remaining"
        if ended and remaining and status.counts.waiting
        else ""
    )
