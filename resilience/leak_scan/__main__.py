"""`python -m resilience.leak_scan`: run canary secrets through the system, then search for them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from devstack.program import run
from devstack.stack import new_run_directory
from resilience.fault_matrix.cases import FaultCase, all_cases
from resilience.fault_matrix.sample import sample_cases
from resilience.harness.report import OK, VIOLATION, matrix, progress_bar, wide_console
from resilience.leak_scan.canaries import CANARIES
from resilience.leak_scan.collect import collect_all, collect_stored
from resilience.leak_scan.locations import LOCATIONS, Artifacts, Leak, coverage_gaps, search
from resilience.leak_scan.matrix import run_sample
from resilience.leak_scan.scan_stack import scan_stack
from resilience.leak_scan.scenario import SCENARIOS

NOT_SEARCHED = (
    "Readable for every user of Temporal, and therefore not searched for: workflow ids (with the",
    "reference of an onboarding, keys of lines, and an HMAC of a number), search attributes",
    "(states, step names, Telegent's account and order ids), names of activities, types of",
    "failures, times and sizes. Personal data is in responses to readers with payload keys.",
)
MAX_SHARE = 0.1
"""Largest share of the fault matrix: its faults are injected all at once, and with more of them no
onboarding would end."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def scan(
    seed: Annotated[int, typer.Option(help="Seed that chooses the share of the fault matrix.")] = 1,
    share: Annotated[
        float, typer.Option(min=0.0, max=MAX_SHARE, help="Share of the fault matrix to run.")
    ] = 0.03,
) -> None:
    """Onboard, fail, crash, port in and out with canaries; then search all artifacts for them."""
    # The others only add waiting.
    quick = [case for case in all_cases(seed) if not case.expected_cost]
    cases = sample_cases(quick, share, seed)
    raise typer.Exit(run(_run(cases, seed)))


async def _run(cases: Sequence[FaultCase], seed: int) -> int:
    console = wide_console()
    directory = new_run_directory("leak-scan")
    began = time.monotonic()
    with progress_bar(console, f"leak scan (seed {seed})", 2 * len(SCENARIOS) + 4) as bar:
        encrypted = _run_encrypted(directory / "encrypted", cases, bar.advance)
        plain = _run_unencrypted(directory / "plain", bar.advance)
        (artifacts, fault_summary), unencrypted = await asyncio.gather(encrypted, plain)
        leaks, gaps = search(artifacts), coverage_gaps(artifacts, unencrypted)
        bar.advance(f"{len(leaks)} violations")
    _show(console, artifacts, leaks)
    console.print(fault_summary, highlight=False)
    for leak in leaks:
        console.print(
            f"[bold red]VIOLATION[/] {leak.canary.name} in {leak.location.name}, "
            f"{leak.count} times: " + escape(repr(leak.context)),
            highlight=False,
        )
    for sentence in gaps:
        console.print(f"[bold red]GAP[/] {escape(sentence)}", highlight=False)
    if leaks or gaps:
        console.print(f"repeat: python -m resilience.leak_scan --seed {seed}", highlight=False)
        console.print(f"logs and databases: {directory}", highlight=False)
        return VIOLATION
    console.print(
        f"{len(CANARIES)} canaries, {sum(map(len, artifacts.values())) / 1e6:.1f} MB: none is "
        f"readable where it must not be. Without payload keys the same search finds all "
        f"{sum(canary.in_payloads for canary in CANARIES)} that go through Temporal in database, "
        f"histories and UI. {time.monotonic() - began:.0f} s",
        highlight=False,
    )
    return OK


async def _run_encrypted(
    directory: Path, cases: Sequence[FaultCase], on_progress: Callable[[str], None]
) -> tuple[Artifacts, str]:
    """Run everything with payload keys. Returns the artifacts and a sentence about the fault
    matrix."""
    directory.mkdir(parents=True)  # noqa: ASYNC240 - nothing else runs yet
    disclosed: list[str] = []
    async with scan_stack(directory, encrypted=True) as stack:
        for name, run_scenario in SCENARIOS:
            await run_scenario(stack, disclosed)
            on_progress(name)
        faulted, ended = await run_sample(stack, cases, disclosed)
        on_progress("a share of the fault matrix")
        artifacts = await collect_all(stack, disclosed)
        on_progress("artifacts collected")
    return artifacts, (
        f"Of the fault matrix {len(cases)} cases: {faulted} calls of 4 onboardings hit; "
        f"{ended} ended in time, the others were searched as far as they came."
    )


async def _run_unencrypted(directory: Path, on_progress: Callable[[str], None]) -> Artifacts:
    """Run the same without payload keys, where the search must find canaries."""
    directory.mkdir(parents=True)  # noqa: ASYNC240 - nothing else runs yet
    async with scan_stack(directory, encrypted=False) as stack:
        for name, run_scenario in SCENARIOS:
            await run_scenario(stack, [])
            on_progress(f"without keys: {name}")
        artifacts = await collect_stored(stack)
        on_progress("without keys: gathered what is left")
    return artifacts


def _show(console: Console, artifacts: Artifacts, leaks: Sequence[Leak]) -> None:
    """Print how much was searched in each location, and what was found."""
    searched = "kB searched"
    rows = [searched, *(canary.name for canary in CANARIES)]
    cells = {
        (searched, location.name): f"{len(artifacts[location]) / 1e3:.0f}" for location in LOCATIONS
    }
    for canary in CANARIES:
        for location in LOCATIONS:
            cells[canary.name, location.name] = "0" if location.forbids(canary) else "allowed"
    for leak in leaks:
        cells[leak.canary.name, leak.location.name] = f"[bold red]{leak.count}[/]"
    console.print(matrix("Canary", rows, [location.name for location in LOCATIONS], cells))
    for location in LOCATIONS:
        allowed = f" May show {', '.join(sorted(location.may_show))}." if location.may_show else ""
        console.print(f"  {location.name:14}{location.description}.{allowed}", highlight=False)
    console.print(*NOT_SEARCHED, sep="\n", highlight=False)


if __name__ == "__main__":
    try:
        app()
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
