"""The fault matrix for each system, and its results as tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from rich.console import Console

from bench.race.entrants import OnboarderFactory
from resilience.fault_matrix.calls import CALLS
from resilience.fault_matrix.cases import TIMES, FaultCase, all_cases
from resilience.fault_matrix.parallel import run_cases
from resilience.fault_matrix.runner import CaseResult
from resilience.fault_matrix.sample import sample_cases
from resilience.harness.report import progress_bar

Results = Mapping[str, Sequence[CaseResult]]
"""The results by the name of the system."""


def choose_cases(share: float, seed: int) -> list[FaultCase]:
    """A share of the fault matrix.

    The fault hits the first call of its kind, because not all systems make them equally often.
    """
    return sample_cases([replace(case, nth=1) for case in all_cases(seed)], share, seed)


def run_with_progress(
    console: Console, name: str, onboarder: OnboarderFactory, cases: Sequence[FaultCase]
) -> list[CaseResult]:
    """Run the cases behind a progress bar. Raises ProcessExitedError."""
    results: list[CaseResult] = []
    with progress_bar(console, f"faults, {name}", len(cases)) as bar:
        for result in run_cases(onboarder, cases):
            results.append(result)
            bar.advance(f"{_count(results, exactly_once)} exactly once")
    return results


def exactly_once(result: CaseResult) -> int:
    """Every resource exists exactly once, after an operator's resolution if need be."""
    return result.report.state == "ok"


def with_operator(result: CaseResult) -> int:
    """Every resource exists exactly once, because an operator has resolved what was unknown."""
    return exactly_once(result) and bool(result.escalations)


def doubled(result: CaseResult) -> int:
    """A resource exists twice."""
    return any(sentence.startswith("duplicate") for sentence in result.report.violations)


def failed(result: CaseResult) -> int:
    """No resource exists twice, and the onboarding has failed, is stuck, or lacks something."""
    return not exactly_once(result) and not doubled(result)


def extra_numbers(result: CaseResult) -> int:
    """Numbers beyond the one that was ordered."""
    return max(0, result.numbers_bought - 1)


COLUMNS: Mapping[str, Callable[[CaseResult], int]] = {
    "Exactly once": exactly_once,
    "of these with an operator": with_operator,
    "Doubled": doubled,
    "Failed": failed,
    "Extra numbers": extra_numbers,
}
_HOW_OFTEN = {1: "once", 3: "three times in a row"}


def summary_table(results: Results) -> list[str]:
    """The lines of a Markdown table: for each system, by how often the fault hits, and in all."""
    lines = [
        f"| System | Fault | Cases | {' | '.join(COLUMNS)} |",
        "|---|---|---|" + "---|" * len(COLUMNS),
    ]
    for name, of_system in results.items():
        groups = {
            _HOW_OFTEN[times]: [result for result in of_system if result.case.times == times]
            for times in TIMES
        }
        for label, group in {**groups, "all": of_system}.items():
            counts = [len(group), *(_count(group, column) for column in COLUMNS.values())]
            lines.append(f"| {name} | {label} | {' | '.join(map(str, counts))} |")
    return lines


def call_table(results: Results) -> list[str]:
    """The lines of a Markdown table: for each call and system, exactly once / doubled / failed."""
    lines = [
        f"| Request with the fault | Cases | {' | '.join(results)} |",
        "|---|---|" + "---|" * len(results),
    ]
    for call in CALLS:
        groups = [
            [result for result in of_system if result.case.call == call]
            for of_system in results.values()
        ]
        if groups[0]:
            cells = [
                " / ".join(str(_count(group, column)) for column in (exactly_once, doubled, failed))
                for group in groups
            ]
            name = call.replace("/v1.0/", "")
            lines.append(f"| `{name}` | {len(groups[0])} | {' | '.join(cells)} |")
    return lines


def _count(results: Sequence[CaseResult], column: Callable[[CaseResult], int]) -> int:
    return sum(map(column, results))
