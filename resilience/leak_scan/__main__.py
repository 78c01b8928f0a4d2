"""`python -m resilience.leak_scan`: run canary secrets through the system, then search for them."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from demo.run import run
from localstack.stack import RUNS
from resilience.fault_matrix.cases import Spoiled, every_case
from resilience.fault_matrix.sample import chosen_share
from resilience.harness.report import BREACH, OK, matrix, progress_bar, wide_console
from resilience.leak_scan.canaries import CANARIES
from resilience.leak_scan.collect import everything, stored
from resilience.leak_scan.environment import stage
from resilience.leak_scan.locations import PLACES, Find, Left, blind_spots, search
from resilience.leak_scan.matrix import play_share
from resilience.leak_scan.scenario import CHAPTERS

VISIBLE = (
    "To be read by anybody who sees Temporal, and so not searched for: workflow ids (with the",
    "reference of an onboarding, keys of lines, and an HMAC of a number), the search attributes",
    "(states, step names, the vendor's account and order ids), names of activities, types of",
    "failures, times and sizes. Personal data are in the answers, for who may read payloads.",
)
MOST = 0.1
"""The largest share: the calls are spoiled all at once, and of more nobody would be onboarded."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def secrets(
    seed: Annotated[int, typer.Option(help="Chooses the part of the fault matrix.")] = 1,
    share: Annotated[
        float, typer.Option(min=0.0, max=MOST, help="The part of the fault matrix to play.")
    ] = 0.03,
) -> None:
    """Onboard, fail, crash, port in and out with canaries; then search whatever is left of it."""
    # Some only make everything wait.
    quick = [case for case in every_case(seed) if not case.patience]
    cases = chosen_share(quick, share, seed)
    raise typer.Exit(run(_play(cases, seed)))


async def _play(cases: Sequence[Spoiled], seed: int) -> int:
    console = wide_console()
    directory = RUNS / f"secrets-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}"
    began = time.monotonic()
    with progress_bar(console, f"secrets (seed {seed})", 2 * len(CHAPTERS) + 4) as bar:
        encrypted = _with_keys(directory / "encrypted", cases, bar.done)
        plain = _in_the_clear(directory / "plain", bar.done)
        (left, sum_of_faults), in_the_clear = await asyncio.gather(encrypted, plain)
        finds, blind = search(left), blind_spots(left, in_the_clear)
        bar.done(f"{len(finds)} breaches")
    _show(console, left, finds)
    console.print(sum_of_faults, highlight=False)
    for find in finds:
        console.print(
            f"[bold red]BREACH[/] {find.canary.name} in {find.place.name}, {find.times} times: "
            + escape(repr(find.around)),
            highlight=False,
        )
    for sentence in blind:
        console.print(f"[bold red]BLIND[/] {escape(sentence)}", highlight=False)
    if finds or blind:
        console.print(f"again: python -m resilience.leak_scan --seed {seed}", highlight=False)
        console.print(f"logs and databases: {directory}", highlight=False)
        return BREACH
    console.print(
        f"{len(CANARIES)} canaries in {sum(map(len, left.values())) / 1e6:.1f} MB: none is where "
        f"it must not be. Without payload keys the same search finds all "
        f"{sum(canary.travels for canary in CANARIES)} that go through Temporal in database, "
        f"histories and UI. {time.monotonic() - began:.0f} s",
        highlight=False,
    )
    return OK


async def _with_keys(
    directory: Path, cases: Sequence[Spoiled], done: Callable[[str], None]
) -> tuple[Left, str]:
    """What is left of it all, and what became of the fault matrix."""
    directory.mkdir(parents=True)  # noqa: ASYNC240 - nothing else runs yet
    said: list[str] = []
    async with stage(directory, encrypted=True) as there:
        for name, play in CHAPTERS:
            await play(there, said)
            done(name)
        spoiled, ended = await play_share(there, cases, said)
        done("a share of the fault matrix")
        left = await everything(there, said)
        done("gathered what is left")
    return left, (
        f"Of the fault matrix {len(cases)} cases: {spoiled} calls of 4 onboardings were spoiled; "
        f"{ended} ended in time, any others were read as far as they came."
    )


async def _in_the_clear(directory: Path, done: Callable[[str], None]) -> Left:
    """What the same leaves without payload keys: there the search must find things."""
    directory.mkdir(parents=True)  # noqa: ASYNC240 - nothing else runs yet
    async with stage(directory, encrypted=False) as there:
        for name, play in CHAPTERS:
            await play(there, [])
            done(f"without keys: {name}")
        left = await stored(there)
        done("without keys: gathered what is left")
    return left


def _show(console: Console, left: Left, finds: Sequence[Find]) -> None:
    """How much was searched where, and what was found."""
    searched = "kB searched"
    rows = [searched, *(canary.name for canary in CANARIES)]
    cells = {(searched, place.name): f"{len(left[place]) / 1e3:.0f}" for place in PLACES}
    for canary in CANARIES:
        for place in PLACES:
            cells[canary.name, place.name] = "0" if place.forbids(canary) else "allowed"
    for find in finds:
        cells[find.canary.name, find.place.name] = f"[bold red]{find.times}[/]"
    console.print(matrix("Canary", rows, [place.name for place in PLACES], cells))
    for place in PLACES:
        allowed = f" May show {', '.join(sorted(place.may_show))}." if place.may_show else ""
        console.print(f"  {place.name:14}{place.what}.{allowed}", highlight=False)
    console.print(*VISIBLE, sep="\n", highlight=False)


if __name__ == "__main__":
    try:
        app()
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
