"""Output of the resilience commands: progress bar, table of results, exit status."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

OK, VIOLATION, UNUSABLE = 0, 1, 2
"""Exit statuses: no violations; violations; the command could not run."""


def wide_console() -> Console:
    """A console that does not wrap rows when it writes to a log, which has no width."""
    console = Console()
    if not console.is_terminal:
        console.width = 200
    return console


@contextmanager
def progress_bar(console: Console, label: str, total: int) -> Iterator["ProgressReporter"]:
    """Show a progress bar while the block runs; without a terminal, print a line now and then."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield ProgressReporter(console, bar, label, total)


class ProgressReporter:
    """Counts finished cases."""

    def __init__(self, console: Console, bar: Progress, label: str, total: int) -> None:
        self._console, self._bar, self._label, self._total = console, bar, label, total
        self._done = 0
        self._task = bar.add_task(label, total=total, note="")

    def advance(self, note: str = "") -> None:
        """Count one more; `note` is shown after the bar."""
        self._done += 1
        self._bar.update(self._task, advance=1, note=note)
        lines = max(1, self._total // 10)
        if self._bar.disable and (self._done % lines == 0 or self._done == self._total):
            self._console.print(f"{self._label}: {self._done} of {self._total} {note}".rstrip())


def matrix(
    corner: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Mapping[tuple[str, str], str],
) -> Table:
    """A table of rows and columns; a cell without a value was not run."""
    table = Table(corner, *columns, padding=(0, 1))
    for row in rows:
        table.add_row(row, *(cells.get((row, column), "") for column in columns))
    return table
