"""`python -m bench.baseline`: the fault matrix for the product and for a baseline flow."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console

from bench.baseline.onboarder import BaselineUnderTest
from resilience.fault_matrix.calls import CALLS
from resilience.fault_matrix.cases import FaultCase, all_cases
from resilience.fault_matrix.orchestrator_sut import OrchestratorUnderTest
from resilience.fault_matrix.parallel import run_cases
from resilience.fault_matrix.runner import CaseResult, SystemUnderTest
from resilience.fault_matrix.sample import sample_cases
from resilience.harness.report import progress_bar, wide_console


def compare(
    seed: Annotated[int, typer.Option(help="Fixes what is left to chance.")] = 1,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="The part of all cases.")] = 1.0,
) -> None:
    """Inject each fault into each vendor call, for both, and print the results as Markdown."""
    # The first call of each kind, because the two flows do not make them equally often.
    cases = [replace(case, nth=1) for case in all_cases(seed)]
    selected = sample_cases(cases, share, seed)
    console = wide_console()
    orchestrator, baseline = (
        _run(console, system, selected) for system in (OrchestratorUnderTest, BaselineUnderTest)
    )
    for line in table(orchestrator, baseline):
        console.print(line, highlight=False, markup=False)


def table(orchestrator: Sequence[CaseResult], baseline: Sequence[CaseResult]) -> list[str]:
    """The lines of a Markdown table with the results for each call."""
    lines = [
        "| Faulty call | cases | exactly once | duplicates | failed or stuck | extra numbers |",
        "|---|---|---|---|---|---|",
    ]
    for call in [*CALLS, ""]:
        orchestrator_results, baseline_results = (
            [p for p in both if call in ("", p.case.call)] for both in (orchestrator, baseline)
        )
        if orchestrator_results:
            cells = [
                f"{_count(orchestrator_results, item)} / {_count(baseline_results, item)}"
                for item in COLUMNS
            ]
            name = f"`{call.replace('/v1.0/', '')}`" if call else "**all**"
            lines.append(f"| {name} | {len(orchestrator_results)} | {' | '.join(cells)} |")
    return lines


def exactly_once(result: CaseResult) -> int:
    """Every resource exists exactly once, after an operator's resolution if need be."""
    return result.report.state == "ok"


def duplicated(result: CaseResult) -> int:
    """A resource exists twice."""
    return any(sentence.startswith("duplicate") for sentence in result.report.violations)


def stuck(result: CaseResult) -> int:
    """No resource exists twice, and the onboarding has not ended."""
    return not exactly_once(result) and not duplicated(result)


def extra_numbers(result: CaseResult) -> int:
    """Numbers beyond the one that was ordered."""
    return max(0, result.numbers_bought - 1)


COLUMNS: tuple[Callable[[CaseResult], int], ...] = (exactly_once, duplicated, stuck, extra_numbers)


def _count(results: Sequence[CaseResult], column: Callable[[CaseResult], int]) -> int:
    return sum(map(column, results))


def _run(
    console: Console, system: Callable[[], SystemUnderTest], cases: Sequence[FaultCase]
) -> list[CaseResult]:
    results = []
    with progress_bar(console, f"faults, {system.__name__}", len(cases)) as bar:
        for item in run_cases(system, cases):
            results.append(item)
            bar.advance(f"{_count(results, exactly_once)} exactly once")
    return results


if __name__ == "__main__":
    try:
        typer.run(compare)
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
