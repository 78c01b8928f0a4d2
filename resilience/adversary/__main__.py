"""`python -m resilience.adversary`: onboardings while vendor, senders and operator misbehave."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from devstack.program import run
from devstack.stack import new_run_directory
from resilience.adversary.oracle import Entry
from resilience.adversary.run import ALLOWANCE, MAX_POLLS, AdversaryResult, run_adversary
from resilience.harness.report import OK, VIOLATION, wide_console

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command("adversary")
def adversary(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long customers come.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Seed of the random choices.")] = 1,
) -> None:
    """Onboard customers while words flicker, floods arrive, and workflows are reset and ended."""
    directory = new_run_directory("adversary")
    directory.mkdir(parents=True)
    raise typer.Exit(run(_run(minutes, seed, directory)))


async def _run(minutes: float, seed: int, directory: Path) -> int:
    console, started = wide_console(), time.monotonic()

    def on_ended(entry: Entry) -> None:
        reference, runs = entry.customer.request.reference, entry.runs
        elapsed = (time.monotonic() - started) / 60
        console.print(f"{elapsed:5.1f} min: {reference} is complete, runs: {runs}", highlight=False)

    result = await run_adversary(60 * minutes, seed, directory, on_ended)
    console.print(_table(result, time.monotonic() - started))
    for sentence in result.violations:
        console.print("[bold red]VIOLATION[/]", escape(sentence), highlight=False)
    if result.violations:
        console.print(f"repeat: python -m resilience.adversary --minutes {minutes:g} --seed {seed}")
        console.print(f"logs and database: {directory}", highlight=False)
    return VIOLATION if result.violations else OK


def _table(result: AdversaryResult, seconds: float) -> Table:
    table = Table("Adversary", "", box=None, padding=(0, 2), header_style="bold")
    entries = result.entries
    silence = max((entry.silence.longest for entry in entries), default=0.0)
    for name, value in (
        ("onboardings, each with a port-in", len(entries)),
        ("complete in the end", sum(entry.ended for entry in entries)),
        ("of these, started more than once", sum(entry.runs > 1 for entry in entries)),
        ("of these, seen waiting for an operator", sum(e.attention > 0 for e in entries)),
        ("violations", len(result.violations)),
        ("requests, token requests included", result.requests),
        (f"most requests in any 60 s (limit {ALLOWANCE})", result.most_requests),
        ("requests rejected by the rate limit", result.rate_limited),
        (f"most polls of port-ins in any 60 s (limit {MAX_POLLS})", result.most_polls),
        *(
            (f"events of the largest history: {kind}", events)
            for kind, events in sorted(result.histories.items())
        ),
        ("longest time without progress or attention, in seconds", f"{silence:.0f}"),
        *sorted(result.counts.items()),
        ("minutes in total", f"{seconds / 60:.1f}"),
    ):
        table.add_row(name, str(value))
    return table


if __name__ == "__main__":
    try:
        app()
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
