"""`python -m bench.race`: this project, a plain Temporal flow and a flow on DBOS, side by side.

All of them onboard the same customers with the same vendor client on simulators of the same kind.
Prints Markdown tables. Needs Linux; DBOS needs requirements/bench.txt, and PostgreSQL its programs.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from bench.race import faults
from bench.race.entrants import Entrant, find_entrants
from bench.throughput.rounds import measure_all, throughput_table
from devstack import program
from resilience.fault_matrix.cases import FaultCase
from resilience.fault_matrix.runner import CaseResult
from resilience.harness.report import wide_console


class Part(StrEnum):
    """A part of the race."""

    THROUGHPUT = "throughput"
    FAULTS = "faults"


def race(
    part: Annotated[list[Part] | None, typer.Option(help="Only this part.")] = None,
    system: Annotated[
        list[str] | None, typer.Option(help="Only this system; may be given several times.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Onboardings in each run.")] = 40,
    in_flight: Annotated[int, typer.Option(min=1, help="Onboardings at a time.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, help="Runs of each system.")] = 3,
    seed: Annotated[int, typer.Option(help="Fixes what is left to chance.")] = 1,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The part of the fault matrix.")
    ] = 0.25,
) -> None:
    """Measure throughput and cost, and inject faults into the vendor's calls."""
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    found, missing = find_entrants()
    entrants = [entrant for entrant in found if not system or entrant.name in system]
    if not entrants:
        names = ", ".join(entrant.name for entrant in found)
        raise typer.BadParameter(f"expected some of {names}", param_hint="--system")
    console = wide_console()
    for sentence in missing:
        console.print(sentence)
    if Part.THROUGHPUT in (part or Part):
        systems = [entrant.throughput for entrant in entrants if entrant.throughput]
        runs = program.run(measure_all(systems, [in_flight], rounds, count))
        _print(console, throughput_table(runs))
    if Part.FAULTS in (part or Part):
        cases = faults.choose_cases(share, seed)
        results = _inject_faults(console, entrants, cases)
        _print(console, faults.summary_table(results))
        _print(console, faults.call_table(results))


def _inject_faults(
    console: Console, entrants: Sequence[Entrant], cases: Sequence[FaultCase]
) -> dict[str, list[CaseResult]]:
    results = {}
    with asyncio.Runner() as runner:
        for entrant in entrants:
            servers = AsyncExitStack()
            try:
                onboarder = runner.run(servers.enter_async_context(entrant.faults()))
                # Outside of the event loop, so that Ctrl-C interrupts it.
                results[entrant.name] = faults.run_with_progress(
                    console, entrant.name, onboarder, cases
                )
            finally:
                runner.run(servers.aclose())
    return results


def _print(console: Console, lines: Sequence[str]) -> None:
    for line in ["", *lines]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    try:
        typer.run(race)
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
