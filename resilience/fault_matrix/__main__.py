"""`python -m resilience.fault_matrix`: inject every fault into every vendor call."""

import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from resilience.fault_matrix.calls import CALLS
from resilience.fault_matrix.cases import TIMES, Spoiled, Trouble, every_case
from resilience.fault_matrix.orchestrator_sut import Ours
from resilience.fault_matrix.runner import Played
from resilience.fault_matrix.sample import chosen_share
from resilience.harness.processes import ProcessEndedError, play_all
from resilience.harness.report import BREACH, OK, UNUSABLE, matrix, progress_bar, wide_console

SIGNS = {"ok": "✓", "person": "[yellow]P[/]", "breach": "[bold red]X[/]"}


class Times(StrEnum):
    """How often in a row a call is spoiled."""

    ONCE = "1"
    THRICE = "3"


def faults(
    seed: Annotated[int, typer.Option(help="Fixes what is left to chance.")] = 1,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The part of all cases to play, by the seed.")
    ] = 1.0,
    only: Annotated[str, typer.Option(help="Only calls that have this in them.")] = "",
    fault: Annotated[Trouble | None, typer.Option(help="Only this fault.")] = None,
    times: Annotated[Times | None, typer.Option(help="Only so often in a row.")] = None,
) -> None:
    """Spoil each vendor call of an onboarding in each way, and compare ledger and request."""
    cases = [
        case
        for case in every_case(seed)
        if (case.call == only if only in CALLS else only in case.call)
        and fault in (None, case.trouble)
        and (times is None or case.times == int(times))
    ]
    if not cases:
        typer.echo(f"no call has {only!r} in it; the calls are: {', '.join(CALLS)}")
        raise typer.Exit(UNUSABLE)
    console = wide_console()
    try:
        played = play_with_bar(console, Ours, chosen_share(cases, share, seed), seed)
    except ProcessEndedError as error:
        console.print(f"[bold red]{escape(str(error))}[/]: its messages are above")
        raise typer.Exit(UNUSABLE) from None
    raise typer.Exit(show(console, played))


def play_with_bar(
    console: Console, onboarder: type[Ours], cases: Sequence[Spoiled], seed: int
) -> list[Played]:
    """Plays all cases behind a progress bar. Raises ProcessEndedError."""
    played: list[Played] = []
    breaches = 0
    with progress_bar(console, f"faults (seed {seed})", len(cases)) as bar:
        for one in play_all(onboarder, cases):
            played.append(one)
            if one.verdict.state == "breach":
                breaches += 1
                show_breach(console, one, seed)
            bar.done(f"{breaches} breaches")
    return played


def show(console: Console, played: Sequence[Played]) -> int:
    """The table, and the sums; gives the exit code."""
    by_case = {(p.case.call, p.case.trouble, p.case.times): _came_to(p) for p in played}
    calls = [call for call in CALLS if any(one.case.call == call for one in played)]
    cells = {
        (_short(call), _heading(trouble)): "".join(
            SIGNS.get(by_case.get((call, trouble, times), ""), " ") for times in TIMES
        )
        for call in calls
        for trouble in Trouble
    }
    headings = [_heading(trouble) for trouble in Trouble]
    console.print(matrix("Vendor call", [_short(call) for call in calls], headings, cells))
    states = [_came_to(one) for one in played]
    console.print(
        f"In each cell: once, three times in a row. {len(states)} cases: {states.count('ok')} ✓ "
        f"(exactly once), {states.count('person')} P (a person was asked with evidence, answered, "
        f"and then exactly once), {states.count('breach')} X (breaches).",
        highlight=False,
    )
    return BREACH if "breach" in states else OK


def show_breach(console: Console, played: Played, seed: int) -> None:
    """What is wrong with a case, and how to play it again."""
    console.print(f"[bold red]BREACH[/] {escape(str(played.case))}", highlight=False)
    for sentence in [*played.verdict.wrong, *played.asked]:
        console.print(f"  {escape(sentence)}", highlight=False)
    console.print(f"  again: {again(played.case, seed)}", highlight=False)


def again(case: Spoiled, seed: int) -> str:
    """The command that plays one case again."""
    return (
        f"python -m resilience.fault_matrix --seed {seed} --only '{case.call}' "
        f"--fault '{case.trouble}' --times {case.times}"
    )


def _came_to(played: Played) -> str:
    state = played.verdict.state
    return "person" if state == "ok" and played.asked else state


def _short(call: str) -> str:
    return call.replace("/v1.0/", "")


def _heading(trouble: Trouble) -> str:
    return "\n".join(trouble.split())


if __name__ == "__main__":
    try:
        typer.run(faults)
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
