"""`python -m bench.throughput`: onboardings a second, and their cost, for several systems.

The systems take turns, each run with processes of its own on an empty database: Temporal, simulator
and worker. Prints a Markdown table with the median of the runs, and their spread. Needs Linux.
"""

import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from bench.throughput.measuring import Measurement, measure
from bench.throughput.systems import SYSTEMS, SystemUnderTest

Runs = dict[tuple[str, int], list[Measurement]]
COLUMNS: Mapping[str, Callable[[Measurement], float]] = {
    "onboardings a second": lambda run: run.per_second,
    "CPU of the worker, ms each": lambda run: run.worker_cpu,
    "CPU of the servers, ms each": lambda run: run.server_cpu,
    "memory of the worker, MiB": lambda run: run.memory,
    "vendor requests each": lambda run: run.requests,
    "events each": lambda run: run.events,
    "Actions each": lambda run: run.actions,
}


def main(
    count: Annotated[int, typer.Option(min=1, help="Onboardings in each run.")] = 40,
    in_flight: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Onboardings at a time; may be given several times."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Runs of each system.")] = 3,
    system: Annotated[
        list[str] | None, typer.Option(help="Only this system; may be given several times.")
    ] = None,
) -> None:
    """Onboard families with two new lines each, and print what it takes."""
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    selected = [each for each in SYSTEMS if not system or each.name in system]
    runs = asyncio.run(_measure_all(selected, in_flight or [20], rounds, count))
    for line in table(runs):
        typer.echo(line)


async def _measure_all(
    systems: Sequence[SystemUnderTest], in_flight: Sequence[int], rounds: int, count: int
) -> Runs:
    runs: Runs = {}
    with tempfile.TemporaryDirectory() as folder:
        for at in range(rounds):
            for limit in in_flight:
                for place, system in enumerate(systems):
                    directory = Path(folder) / f"{at}-{limit}-{place}"
                    run = await measure(system, directory, count=count, in_flight=limit)
                    runs.setdefault((system.name, limit), []).append(run)
                    typer.echo(
                        f"round {at + 1}, {limit} in flight, {system.name}: "
                        f"{run.per_second:.2f}/s, worker {run.worker_cpu:.0f} ms",
                        err=True,
                    )
    return runs


def table(runs: Runs) -> list[str]:
    """The lines of a Markdown table: for each system and number in flight, each column."""
    lines = [
        f"| system | in flight | {' | '.join(COLUMNS)} |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    for (name, in_flight), measured in runs.items():
        cells = [_spread([value(run) for run in measured]) for value in COLUMNS.values()]
        lines.append(f"| {name} | {in_flight} | {' | '.join(cells)} |")
    return lines


def _spread(values: Sequence[float]) -> str:
    """The median, with the least and the greatest value where they differ."""
    shown = [_number(value) for value in (min(values), statistics.median(values), max(values))]
    least, median, greatest = shown
    return median if least == greatest else f"{median} ({least} to {greatest})"


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


if __name__ == "__main__":
    try:
        typer.run(main)
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
