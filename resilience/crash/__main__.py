"""`python -m resilience.crash`: end processes at every point of every vendor call."""

import time
from typing import Annotated

import typer
from rich.console import Console

from devstack.program import run
from devstack.stack import new_run_directory
from resilience.crash.cases import CrashCase, CrashKind, CrashPoint, all_crashes
from resilience.crash.sweep import sweep
from resilience.fault_matrix.sample import sample_cases
from resilience.harness.report import OK, UNUSABLE, VIOLATION, matrix, progress_bar, wide_console
from resilience.oracle.invariants import InvariantReport

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
) -> None:
    """End worker or server at each point of each vendor call, and compare ledger and request."""
    chosen = [found for found in all_crashes() if only in str(found)]
    chosen = sample_cases(chosen, share, seed)
    if not chosen:
        typer.echo(f"no name of a crash contains {only!r}; an example is: {next(all_crashes())}")
        raise typer.Exit(UNUSABLE)
    raise typer.Exit(run(_run_all(chosen, seed, lanes)))


async def _run_all(crashes: list[CrashCase], seed: int, lanes: int) -> int:
    console = wide_console()
    directory = new_run_directory("crash")
    reports: dict[CrashCase, InvariantReport] = {}
    with progress_bar(console, f"crashes (seed {seed})", len(crashes)) as bar:

        def done(found: CrashCase, report: InvariantReport) -> None:
            reports[found] = report
            bar.advance(f"{sum(v.state == 'violation' for v in reports.values())} violations")

        await sweep(crashes, directory=directory, seed=seed, lanes=lanes, on_result=done)
    _show(console, reports)
    violations = {c: v for c, v in reports.items() if v.state == "violation"}
    for found, report in violations.items():
        console.print(
            f"[bold red]VIOLATION[/] {found}", *report.violations, sep="\n  ", markup=True
        )
        console.print(f"  repeat: python -m resilience.crash --seed {seed} --only '{found}'")
    if violations:
        console.print(f"logs and databases: {directory}", highlight=False)
    return VIOLATION if violations else OK


def _show(console: Console, reports: dict[CrashCase, InvariantReport]) -> None:
    """Print the table and the escalations."""
    cells = {(c.call, _heading(c.point, c.kind)): STATE_LABELS[v.state] for c, v in reports.items()}
    calls = list(dict.fromkeys(found.call for found in all_crashes() if found in reports))
    columns = [_heading(point, kind) for point in CrashPoint for kind in CrashKind]
    console.print(matrix("Vendor call", calls, columns, cells))
    states = [report.state for report in reports.values()]
    console.print(
        f"{len(states)} crashes: {states.count('ok')} ok, {states.count('escalated')} escalated, "
        f"{states.count('violation')} violations",
        highlight=False,
    )
    for found, report in reports.items():
        if report.state == "escalated":
            console.print(f"escalated: {found}: {'; '.join(report.escalations)}", highlight=False)


def _heading(point: CrashPoint, kind: CrashKind) -> str:
    """A column heading, narrow enough for nine columns after the calls."""
    return "\n".join([*point.split(), *kind.split()])


if __name__ == "__main__":
    try:
        app()
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
