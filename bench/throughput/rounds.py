"""Rounds in which the systems take turns, and their results as a table."""

import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import typer

from bench.throughput.measuring import Measurement, measure
from bench.throughput.systems import SystemUnderTest

Runs = dict[tuple[str, int], list[Measurement]]
"""The runs by the name of the system and the number of onboardings in flight."""

COLUMNS: Mapping[str, Callable[[Measurement], float]] = {
    "onboardings a second": lambda run: run.per_second,
    "CPU of the worker, ms each": lambda run: run.worker_cpu,
    "CPU of the servers, ms each": lambda run: run.server_cpu,
    "memory of the worker, MiB": lambda run: run.memory,
    "vendor requests each": lambda run: run.requests,
    "events each": lambda run: run.events,
    "Actions each": lambda run: run.actions,
}


async def measure_all(
    systems: Sequence[SystemUnderTest],
    in_flight: Sequence[int],
    rounds: int,
    count: int,
    *,
    shared_catalogue: bool = False,
) -> Runs:
    """Measure each system in each round, each time on servers of its own; report on stderr."""
    runs: Runs = {}
    with tempfile.TemporaryDirectory() as folder:
        for at in range(rounds):
            for limit in in_flight:
                for place, system in enumerate(systems):
                    directory = Path(folder) / f"{at}-{limit}-{place}"
                    run = await measure(
                        system,
                        directory,
                        count=count,
                        in_flight=limit,
                        shared_catalogue=shared_catalogue,
                    )
                    runs.setdefault((system.name, limit), []).append(run)
                    typer.echo(
                        f"round {at + 1}, {limit} in flight, {system.name}: "
                        f"{run.per_second:.2f}/s, worker {run.worker_cpu:.0f} ms",
                        err=True,
                    )
    return runs


def throughput_table(runs: Runs) -> list[str]:
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
