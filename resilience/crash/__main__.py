"""`python -m resilience.crash`: end processes at every point of every vendor call."""

import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from devstack.program import run
from devstack.stack import new_run_directory
from resilience.crash.cases import CrashCase, all_crashes, run_crash
from resilience.crash.injection import CrashKind, CrashPoint, crash_kinds
from resilience.crash.line_changes import (
    LineChangeCrash,
    all_line_change_crashes,
    find_boundaries,
    run_line_change_crash,
)
from resilience.crash.sweep import sweep
from resilience.fault_matrix.sample import sample_cases
from resilience.harness.report import OK, UNUSABLE, VIOLATION, matrix, progress_bar, wide_console
from resilience.harness.temporal_choice import repeat_command
from resilience.oracle.invariants import InvariantReport

C = TypeVar("C", CrashCase, LineChangeCrash)
LANES = 12
STATE_LABELS = {
    "ok": "ok",
    "escalated": "[yellow]escalated[/]",
    "violation": "[bold red]VIOLATION[/]",
}


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def crash(
    seed: Annotated[int, typer.Option(help="Seed of the random choices.")] = 1,
    share: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share of all crashes to run, chosen by the seed."),
    ] = 1.0,
    only: Annotated[
        str, typer.Option(help="Only crashes whose name, as violations print it, contains this.")
    ] = "",
    lanes: Annotated[int, typer.Option(min=1, help="How many to run at a time.")] = LANES,
    changes: Annotated[
        bool,
        typer.Option("--changes", help="The calls of line changes, not those of an onboarding."),
    ] = False,
) -> None:
    """End a process at each point of each vendor call, and compare ledger and request."""
    choice = Choice(seed, share, only, lanes)
    raise typer.Exit(run(_line_changes(choice) if changes else _onboardings(choice)))


@dataclass(frozen=True)
class Choice:
    """Which crashes to run, and how many at a time."""

    seed: int
    share: float
    only: str
    lanes: int

    def of(self, crashes: Iterable[C]) -> list[C]:
        """The chosen ones. Raises typer.Exit if there are none."""
        every = list(crashes)
        chosen = [found for found in every if self.only in str(found)]
        if not chosen:
            typer.echo(f"no name of a crash contains {self.only!r}; an example is: {every[0]}")
            raise typer.Exit(UNUSABLE)
        return sample_cases(chosen, self.share, self.seed)


async def _onboardings(choice: Choice) -> int:
    directory = new_run_directory("crash")
    return await _run_all(choice, choice.of(all_crashes()), run_crash, directory, "")


async def _line_changes(choice: Choice) -> int:
    directory = new_run_directory("crash")
    boundaries = await find_boundaries(directory / "without")
    chosen = choice.of(all_line_change_crashes(boundaries))
    return await _run_all(choice, chosen, run_line_change_crash, directory, " --changes")


async def _run_all(
    choice: Choice,
    crashes: Sequence[C],
    run_crash: Callable[[C, Path, random.Random], Awaitable[InvariantReport]],
    directory: Path,
    option: str,
) -> int:
    console = wide_console()
    reports: dict[C, InvariantReport] = {}
    with progress_bar(console, f"crashes (seed {choice.seed})", len(crashes)) as bar:

        def done(found: C, report: InvariantReport) -> None:
            reports[found] = report
            bar.advance(f"{sum(v.state == 'violation' for v in reports.values())} violations")

        await sweep(
            run_crash,
            crashes,
            directory=directory,
            seed=choice.seed,
            lanes=choice.lanes,
            on_result=done,
        )
    _show(console, {found: reports[found] for found in crashes})
    violations = {c: v for c, v in reports.items() if v.state == "violation"}
    for found, report in violations.items():
        console.print(
            f"[bold red]VIOLATION[/] {found}", *report.violations, sep="\n  ", markup=True
        )
        console.print(
            f"  repeat: {repeat_command('resilience.crash')} --seed {choice.seed}{option} "
            f"--only '{found}'"
        )
    if violations:
        console.print(f"logs and databases: {directory}", highlight=False)
    return VIOLATION if violations else OK


def _show(console: Console, reports: Mapping[C, InvariantReport]) -> None:
    """Print the table and the escalations."""
    cells = {
        (_row(c), _heading(c.point, c.kind)): STATE_LABELS[v.state] for c, v in reports.items()
    }
    columns = [_heading(point, kind) for point in CrashPoint for kind in crash_kinds()]
    console.print(matrix("Vendor call", list(dict.fromkeys(map(_row, reports))), columns, cells))
    states = [report.state for report in reports.values()]
    console.print(
        f"{len(states)} crashes: {states.count('ok')} ok, {states.count('escalated')} escalated, "
        f"{states.count('violation')} violations",
        highlight=False,
    )
    for found, report in reports.items():
        if report.state == "escalated":
            console.print(f"escalated: {found}: {'; '.join(report.escalations)}", highlight=False)


def _row(crash: CrashCase | LineChangeCrash) -> str:
    return crash.call if isinstance(crash, CrashCase) else str(crash.boundary)


def _heading(point: CrashPoint, kind: CrashKind) -> str:
    """A column heading, narrow enough for nine columns after the calls."""
    return "\n".join([*point.split(), *kind.split()])


if __name__ == "__main__":
    try:
        app()
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
