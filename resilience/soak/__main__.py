"""`python -m resilience.soak`: hundreds of onboardings while the vendor fails and processes end."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from devstack.program import run
from devstack.stack import new_run_directory
from resilience.harness.report import OK, VIOLATION, progress_bar, wide_console
from resilience.harness.temporal_choice import repeat_command
from resilience.soak.process_chaos import ProcessChaos
from resilience.soak.run import RATE_LIMIT, SoakResult, soak

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command("soak")
def run_soak(
    onboardings: Annotated[
        int, typer.Option(min=1, help="How many onboardings, each with a port-in.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the random choices.")] = 1,
) -> None:
    """Onboard many customers while the vendor fails and processes are killed at random."""
    directory = new_run_directory("soak")
    directory.mkdir(parents=True)
    raise typer.Exit(run(_run(onboardings, seed, directory)))


async def _run(onboardings: int, seed: int, directory: Path) -> int:
    console = wide_console()
    with progress_bar(console, f"onboardings (seed {seed})", onboardings) as bar:

        def on_ended(chaos: ProcessChaos) -> None:
            bar.advance(f"{sum(chaos.counts.values())} processes killed or suspended")

        result = await soak(onboardings, seed, directory, on_ended)
    _show(console, result)
    for sentence in result.violations:
        console.print("[bold red]VIOLATION[/]", sentence, highlight=False)
    if result.violations:
        console.print(
            f"repeat: {repeat_command('resilience.soak')} --onboardings {onboardings} --seed {seed}"
        )
        console.print(f"logs and database: {directory}", highlight=False)
    return VIOLATION if result.violations else OK


def _show(console: Console, result: SoakResult) -> None:
    escalations = sum(bool(entry.escalations) for entry in result.entries)
    exact = sum(not entry.violations for entry in result.entries)
    table = Table("Soak", "", box=None, padding=(0, 2), header_style="bold")
    for name, value in (
        ("onboardings, each with a port-in", len(result.entries)),
        ("complete, with every resource exactly once", exact),
        ("of these, escalated meanwhile", escalations),
        ("violations", len(result.violations)),
        *(
            (f"worker or server: {action}", count)
            for action, count in sorted(result.actions.items())
        ),
        *((f"vendor: {fault}", count) for fault, count in sorted(result.faults.items())),
        ("requests, token requests included", result.calls),
        (f"most requests in any minute (limit {RATE_LIMIT})", result.max_requests_per_minute),
        ("requests rejected by the rate limit", result.rate_limited),
        (
            "duration of an onboarding after the last fault, in seconds",
            f"{result.recovery_seconds:.0f}",
        ),
        ("minutes in total", f"{result.seconds / 60:.1f}"),
    ):
        table.add_row(name, str(value))
    console.print(table)


if __name__ == "__main__":
    try:
        app()
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
