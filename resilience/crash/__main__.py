"""`python -m resilience.crash`: end processes at every point of every vendor call, and judge."""

import os
import time
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from demo.run import run
from localstack.stack import RUNS
from resilience.crash.cases import Crash, Kind, Point, every_crash
from resilience.crash.sweep import sweep
from resilience.fault_matrix.sample import chosen_share
from resilience.harness.report import BREACH, OK, UNUSABLE, matrix, progress_bar, wide_console
from resilience.oracle.invariants import Verdict

LANES = 12
WORDS = {"ok": "ok", "person": "[yellow]person[/]", "breach": "[bold red]BREACH[/]"}


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def crash(
    seed: Annotated[int, typer.Option(help="Fixes what is left to chance.")] = 1,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The part of all crashes to play, by the seed.")
    ] = 1.0,
    only: Annotated[
        str, typer.Option(help="Only crashes whose name, as a breach prints it, has this in it.")
    ] = "",
    lanes: Annotated[int, typer.Option(min=1, help="How many at a time.")] = LANES,
) -> None:
    """End worker or server at each point of each vendor call, and compare ledger and request."""
    chosen = [found for found in every_crash() if only in str(found)]
    chosen = chosen_share(chosen, share, seed)
    if not chosen:
        typer.echo(f"no crash has {only!r} in its name; one is called: {next(every_crash())}")
        raise typer.Exit(UNUSABLE)
    raise typer.Exit(run(_play_all(chosen, seed, lanes)))


async def _play_all(crashes: list[Crash], seed: int, lanes: int) -> int:
    console = wide_console()
    directory = RUNS / f"crash-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}"
    verdicts: dict[Crash, Verdict] = {}
    with progress_bar(console, f"crashes (seed {seed})", len(crashes)) as bar:

        def done(found: Crash, verdict: Verdict) -> None:
            verdicts[found] = verdict
            bar.done(f"{sum(v.state == 'breach' for v in verdicts.values())} breaches")

        await sweep(crashes, directory=directory, seed=seed, lanes=lanes, done=done)
    _show(console, verdicts)
    breaches = {c: v for c, v in verdicts.items() if v.state == "breach"}
    for found, verdict in breaches.items():
        console.print(f"[bold red]BREACH[/] {found}", *verdict.wrong, sep="\n  ", markup=True)
        console.print(f"  again: python -m resilience.crash --seed {seed} --only '{found}'")
    if breaches:
        console.print(f"logs and databases: {directory}", highlight=False)
    return BREACH if breaches else OK


def _show(console: Console, verdicts: dict[Crash, Verdict]) -> None:
    """The table, and what people were asked in the end."""
    cells = {(c.call, _heading(c.point, c.kind)): WORDS[v.state] for c, v in verdicts.items()}
    calls = list(dict.fromkeys(found.call for found in every_crash() if found in verdicts))
    columns = [_heading(point, kind) for point in Point for kind in Kind]
    console.print(matrix("Vendor call", calls, columns, cells))
    states = [verdict.state for verdict in verdicts.values()]
    console.print(
        f"{len(states)} crashes: {states.count('ok')} ok, {states.count('person')} wait for a "
        f"person, {states.count('breach')} breaches",
        highlight=False,
    )
    for found, verdict in verdicts.items():
        if verdict.state == "person":
            console.print(f"person: {found}: {'; '.join(verdict.waits)}", highlight=False)


def _heading(point: Point, kind: Kind) -> str:
    """Of a column: narrow, so that nine of them fit beside the calls."""
    return "\n".join([*point.split(), *kind.split()])


if __name__ == "__main__":
    try:
        app()
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
