"""`python -m bench.throughput`: onboardings a second, and their cost, for several systems.

The systems take turns, each run with processes of its own on an empty database: Temporal, simulator
and worker. Prints a Markdown table with the median of the runs, and their spread. Needs Linux.
"""

import asyncio
import logging
import time
from typing import Annotated

import typer

from bench.throughput.rounds import measure_all, throughput_table
from bench.throughput.systems import ALL_SYSTEMS, SYSTEMS


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
    shared_catalogue: Annotated[
        bool, typer.Option(help="All onboardings have the same product and package, which exist.")
    ] = False,
) -> None:
    """Onboard families with two new lines each, and print what it takes."""
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    selected = [each for each in ALL_SYSTEMS if each.name in system] if system else SYSTEMS
    runs = asyncio.run(
        measure_all(selected, in_flight or [20], rounds, count, shared_catalogue=shared_catalogue)
    )
    for line in throughput_table(runs):
        typer.echo(line)


if __name__ == "__main__":
    try:
        typer.run(main)
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
