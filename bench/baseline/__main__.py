"""`python -m bench.baseline`: the fault matrix for the product and for a baseline flow."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console

from bench.baseline.onboarder import Plain
from resilience.fault_matrix.calls import CALLS
from resilience.fault_matrix.cases import Spoiled, every_case
from resilience.fault_matrix.orchestrator_sut import Ours
from resilience.fault_matrix.runner import Onboarder, Played
from resilience.fault_matrix.sample import chosen_share
from resilience.harness.processes import play_all
from resilience.harness.report import progress_bar, wide_console

NOT_MADE = ("GET /v1.0/account/products", "GET /v1.0/account/packages")
"""Calls that the plain flow does not make: it looks for nothing."""


def compare(
    seed: Annotated[int, typer.Option(help="Fixes what is left to chance.")] = 1,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="The part of all cases.")] = 1.0,
) -> None:
    """Spoil each vendor call in each way, for both, and print what became of it as Markdown."""
    # The first time that a call is made, because the two do not make it equally often.
    cases = [replace(case, nth=1) for case in every_case(seed) if case.call not in NOT_MADE]
    chosen = chosen_share(cases, share, seed)
    console = wide_console()
    ours, plain = (_play(console, who, chosen) for who in (Ours, Plain))
    for line in table(ours, plain):
        console.print(line, highlight=False, markup=False)


def table(ours: Sequence[Played], plain: Sequence[Played]) -> list[str]:
    """The lines of a Markdown table: for each call what became of its cases."""
    lines = [
        "| Spoiled call | cases | exactly once | doubled | failed or stuck | numbers too many |",
        "|---|---|---|---|---|---|",
    ]
    for call in [*CALLS, ""]:
        mine, theirs = ([p for p in both if call in ("", p.case.call)] for both in (ours, plain))
        if mine:
            cells = [f"{_count(mine, one)} / {_count(theirs, one)}" for one in COLUMNS]
            name = f"`{call.replace('/v1.0/', '')}`" if call else "**all**"
            lines.append(f"| {name} | {len(mine)} | {' | '.join(cells)} |")
    return lines


def once(played: Played) -> int:
    """Each thing exactly once, a person's answer included."""
    return played.verdict.state == "ok"


def doubled(played: Played) -> int:
    """Something exists twice."""
    return any(sentence.startswith("doubled") for sentence in played.verdict.wrong)


def stuck(played: Played) -> int:
    """Nothing exists twice, and it has not come to its end."""
    return not once(played) and not doubled(played)


def bought_too_many(played: Played) -> int:
    """Numbers beyond the one that was ordered."""
    return max(0, played.bought - 1)


COLUMNS: tuple[Callable[[Played], int], ...] = (once, doubled, stuck, bought_too_many)


def _count(played: Sequence[Played], column: Callable[[Played], int]) -> int:
    return sum(map(column, played))


def _play(
    console: Console, onboarder: Callable[[], Onboarder], cases: Sequence[Spoiled]
) -> list[Played]:
    played = []
    with progress_bar(console, f"faults, {onboarder.__name__}", len(cases)) as bar:
        for one in play_all(onboarder, cases):
            played.append(one)
            bar.done(f"{_count(played, once)} exactly once")
    return played


if __name__ == "__main__":
    try:
        typer.run(compare)
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
