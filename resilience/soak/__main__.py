"""`python -m resilience.soak`: hundreds of onboardings while the vendor fails and processes end."""

import os
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from demo.run import run
from localstack.stack import RUNS
from resilience.harness.report import BREACH, OK, progress_bar, wide_console
from resilience.soak.process_chaos import Mayhem
from resilience.soak.run import LIMIT, Soaked, soak

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command("soak")
def play_soak(
    onboardings: Annotated[int, typer.Option(min=1, help="How many, each with a port-in.")] = 200,
    seed: Annotated[int, typer.Option(help="Fixes what is left to chance.")] = 1,
) -> None:
    """Onboard many families while the vendor fails and processes are ended at random."""
    directory = RUNS / f"soak-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}"
    directory.mkdir(parents=True)
    raise typer.Exit(run(_play(onboardings, seed, directory)))


async def _play(onboardings: int, seed: int, directory: Path) -> int:
    console = wide_console()
    with progress_bar(console, f"onboardings (seed {seed})", onboardings) as bar:

        def ended(raging: Mayhem) -> None:
            bar.done(f"{sum(raging.done.values())} processes ended or stopped")

        soaked = await soak(onboardings, seed, directory, ended)
    _show(console, soaked)
    for sentence in soaked.wrong:
        console.print("[bold red]BREACH[/]", sentence, highlight=False)
    if soaked.wrong:
        console.print(f"again: python -m resilience.soak --onboardings {onboardings} --seed {seed}")
        console.print(f"logs and database: {directory}", highlight=False)
    return BREACH if soaked.wrong else OK


def _show(console: Console, soaked: Soaked) -> None:
    asked = sum(bool(customer.asked) for customer in soaked.customers)
    exact = sum(not customer.wrong for customer in soaked.customers)
    table = Table("Soak", "", box=None, padding=(0, 2), header_style="bold")
    for name, value in (
        ("onboardings, each with a port-in", len(soaked.customers)),
        ("complete, with each thing exactly once", exact),
        ("of these, waited for a person on the way", asked),
        ("breaches", len(soaked.wrong)),
        *((f"worker or server: {deed}", count) for deed, count in sorted(soaked.deeds.items())),
        *((f"vendor: {fault}", count) for fault, count in sorted(soaked.faults.items())),
        ("calls, token calls included", soaked.calls),
        (f"most calls in any minute (limit {LIMIT})", soaked.most_in_a_minute),
        ("calls that the limit refused", soaked.refused_by_limit),
        ("seconds of a new onboarding after the last fault", f"{soaked.tail:.0f}"),
        ("minutes in all", f"{soaked.seconds / 60:.1f}"),
    ):
        table.add_row(name, str(value))
    console.print(table)


if __name__ == "__main__":
    try:
        app()
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
