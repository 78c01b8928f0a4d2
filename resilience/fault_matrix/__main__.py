"""`python -m resilience.fault_matrix`: inject every fault into every vendor call."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from resilience.fault_matrix.calls import CALLS
from resilience.fault_matrix.cases import TIMES, FaultCase, FaultMode, all_cases
from resilience.fault_matrix.line_changes import LINE_CHANGE_CALLS, LineChangesUnderTest
from resilience.fault_matrix.orchestrator_sut import OrchestratorUnderTest
from resilience.fault_matrix.parallel import ProcessExitedError, run_cases
from resilience.fault_matrix.runner import CaseResult, Lags, SystemUnderTest
from resilience.fault_matrix.sample import sample_cases
from resilience.harness.dialects import ROTATION
from resilience.harness.report import OK, UNUSABLE, VIOLATION, matrix, progress_bar, wide_console
from resilience.harness.temporal_choice import repeat_command
from simulator import DIALECTS

ROTATE = "rotate"
_DIALECT_NAMES = ", ".join([*DIALECTS, ROTATE])
_DIALECT_HELP = (
    f"The vendor's dialect: {_DIALECT_NAMES}, in which the documents of the vendor take turns."
)
STATE_SYMBOLS = {"ok": "✓", "escalated": "[yellow]E[/]", "violation": "[bold red]X[/]"}


class Times(StrEnum):
    """How often in a row a fault is injected."""

    ONCE = "1"
    THRICE = "3"


def run_matrix(
    seed: Annotated[int, typer.Option(help="Seed of the random choices.")] = 1,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of all cases to run, chosen by the seed.")
    ] = 1.0,
    only: Annotated[str, typer.Option(help="Only calls whose name contains this.")] = "",
    mode: Annotated[FaultMode | None, typer.Option(help="Only this fault mode.")] = None,
    times: Annotated[Times | None, typer.Option(help="Only faults repeated this often.")] = None,
    dialect: Annotated[str, typer.Option(help=_DIALECT_HELP)] = "default",
    list_lag: Annotated[
        float, typer.Option(min=0.0, help="Seconds until the vendor's lists show a new resource.")
    ] = 0.0,
    reference_lag: Annotated[
        float, typer.Option(min=0.0, help="Seconds until requests can refer to a new resource.")
    ] = 0.0,
    changes: Annotated[
        bool,
        typer.Option("--changes", help="The calls of line changes, not those of an onboarding."),
    ] = False,
) -> None:
    """Inject each fault mode into each vendor call, and compare the ledger."""
    if dialect not in (*DIALECTS, ROTATE):
        raise typer.BadParameter(f"expected one of {_DIALECT_NAMES}", param_hint="--dialect")
    lags, calls = Lags(list_lag, reference_lag), LINE_CHANGE_CALLS if changes else CALLS
    cases = [
        case
        for case in all_cases(seed, ROTATION if dialect == ROTATE else [dialect], calls)
        if (case.call == only if only in calls else only in case.call)
        and mode in (None, case.mode)
        and (times is None or case.times == int(times))
    ]
    if not cases:
        typer.echo(f"no name of a call contains {only!r}; the calls are: {', '.join(calls)}")
        raise typer.Exit(UNUSABLE)
    console = wide_console()
    try:
        run = Run(seed, lags, changes)
        results = run_with_progress(console, run, sample_cases(cases, share, seed))
    except ProcessExitedError as error:
        console.print(f"[bold red]{escape(str(error))}[/]: see the messages above")
        raise typer.Exit(UNUSABLE) from None
    raise typer.Exit(print_matrix(console, results))


@dataclass(frozen=True)
class Run:
    """What all cases of a run have in common, and what repeats one of them needs."""

    seed: int
    lags: Lags
    changes: bool = False

    @property
    def system(self) -> Callable[[], SystemUnderTest]:
        """What is tested, to be created in each process."""
        system = LineChangesUnderTest if self.changes else OrchestratorUnderTest
        return partial(system, self.lags)

    def command(self, case: FaultCase) -> str:
        """The command that repeats one case."""
        return (
            f"{repeat_command('resilience.fault_matrix')} --seed {self.seed} --only '{case.call}' "
            f"--mode '{case.mode}' --times {case.times} --dialect {case.dialect} "
            f"--list-lag {self.lags.lists:g} --reference-lag {self.lags.references:g}"
            f"{' --changes' if self.changes else ''}"
        )


def run_with_progress(console: Console, run: Run, cases: Sequence[FaultCase]) -> list[CaseResult]:
    """Run all cases behind a progress bar. Raises ProcessExitedError."""
    results: list[CaseResult] = []
    violations = 0
    with progress_bar(console, f"faults (seed {run.seed})", len(cases)) as bar:
        for result in run_cases(run.system, cases):
            results.append(result)
            if result.report.state == "violation":
                violations += 1
                print_violation(console, result, run)
            bar.advance(f"{violations} violations")
    return results


def print_matrix(console: Console, results: Sequence[CaseResult]) -> int:
    """Print the table and the totals. Returns the exit status."""
    by_case = {(p.case.call, p.case.mode, p.case.times): _outcome(p) for p in results}
    ran = {result.case.call for result in results}
    calls = [call for call in dict.fromkeys([*CALLS, *LINE_CHANGE_CALLS]) if call in ran]
    cells = {
        (_short_name(call), _heading(mode)): "".join(
            STATE_SYMBOLS.get(by_case.get((call, mode, times), ""), " ") for times in TIMES
        )
        for call in calls
        for mode in FaultMode
    }
    headings = [_heading(mode) for mode in FaultMode]
    console.print(matrix("Vendor call", [_short_name(call) for call in calls], headings, cells))
    console.print(
        "Each cell: fault injected once, three times in a row. ✓: exactly once. E: escalated with "
        "evidence, resolved, and then exactly once. X: violation.",
        highlight=False,
    )
    console.print(dialect_table(results))
    return VIOLATION if any(_outcome(result) == "violation" for result in results) else OK


def dialect_table(results: Sequence[CaseResult]) -> Table:
    """How many cases of each dialect needed no operator, escalated, or went wrong."""
    table = Table("Dialect", "cases", "alone", "escalated", "violations", "stuck without attention")
    dialects = sorted({result.case.dialect for result in results})
    for name, members in [*((name, [name]) for name in dialects), ("all", dialects)]:
        of_these = [result for result in results if result.case.dialect in members]
        outcomes = [_outcome(result) for result in of_these]
        stuck = sum(result.report.stuck for result in of_these)
        counts = (outcomes.count(state) for state in STATE_SYMBOLS)
        table.add_row(name, *map(str, (len(of_these), *counts, stuck)))
    return table


def print_violation(console: Console, result: CaseResult, run: Run) -> None:
    """Print what is wrong in a case, and the command that repeats it."""
    console.print(f"[bold red]VIOLATION[/] {escape(str(result.case))}", highlight=False)
    for sentence in [*result.report.violations, *result.escalations]:
        console.print(f"  {escape(sentence)}", highlight=False)
    console.print(f"  repeat: {run.command(result.case)}", highlight=False)


def _outcome(result: CaseResult) -> str:
    state = result.report.state
    return "escalated" if state == "ok" and result.escalations else state


def _short_name(call: str) -> str:
    return call.replace("/v1.0/", "")


def _heading(mode: FaultMode) -> str:
    return "\n".join(mode.split())


if __name__ == "__main__":
    try:
        typer.run(run_matrix)
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
