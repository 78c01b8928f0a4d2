"""The cases of the fault matrix: which call is spoiled, how, and how often in a row."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from resilience.fault_matrix.calls import CALLS, ORDER
from simulator import Fault
from simulator.engine.faults import FaultKind
from telegent import Timeouts

TIMEOUTS = Timeouts(connect=1.0, read=2.5, write=1.0, pool=1.0, call=15.0)
"""The client's patience: short, so that a call that hangs costs little."""

LATE = TIMEOUTS.read + 0.5
"""Seconds after which an answer comes too late."""


class Trouble(StrEnum):
    """How a call is spoiled. Before: nothing was done. After: it was done, and nobody is told."""

    NO_CONNECTION = "no connection"
    CUT_UNREAD = "cut unread"
    CUT_AFTER = "cut after"
    E500_BEFORE = "500 before"
    E503_BEFORE = "503 before"
    E504_BEFORE = "504 before"
    E500_AFTER = "500 after"
    E503_AFTER = "503 after"
    E504_AFTER = "504 after"
    LATE_ANSWER = "late answer"
    LATE_EFFECT = "late effect"
    E429_WAIT = "429 wait"
    E429 = "429"
    E401 = "401"
    BROKEN_JSON = "broken JSON"
    HTML = "HTML"
    EMPTY = "empty 200"

    @property
    def kind(self) -> FaultKind:
        """The simulator's word for it."""
        if self[0] == "5":
            return "error_before" if self.endswith("before") else "error_after"
        return _KINDS[self]


_KINDS: dict[str, FaultKind] = {
    Trouble.NO_CONNECTION: "refuse",
    Trouble.CUT_UNREAD: "refuse",
    Trouble.CUT_AFTER: "lose",
    Trouble.LATE_ANSWER: "slow",
    Trouble.LATE_EFFECT: "slow_before",
    Trouble.E429_WAIT: "429",
    Trouble.E429: "429",
    Trouble.E401: "401",
    Trouble.BROKEN_JSON: "broken_json",
    Trouble.HTML: "html",
    Trouble.EMPTY: "empty",
}
TIMES = (1, 3)


@dataclass(frozen=True)
class Spoiled:
    """One case: the `nth` time that `call` is made, and `times` in a row, it is spoiled.

    `number` is the case's own, from which its family is made.
    """

    number: int
    call: str
    trouble: Trouble
    times: int
    nth: int

    def __str__(self) -> str:
        return f"{self.call}: {self.trouble}, {self.times} in a row, from no. {self.nth} on"

    @property
    def fault(self) -> Fault:
        """The rule that spoils it."""
        return Fault(
            match=self.call,
            kind=self.trouble.kind,
            nth=self.nth,
            times=self.times,
            status=int(self.trouble[:3]) if self.trouble[0] == "5" else 500,
            seconds=LATE,
            retry_after=1 if self.trouble is Trouble.E429_WAIT else None,
        )

    @property
    def patience(self) -> int:
        """About how long it takes, to play the longest ones first."""
        slow = 3 if self.call == ORDER else 1 if self.trouble is Trouble.E429 else 0
        return slow * self.times


def every_case(seed: int) -> Iterator[Spoiled]:
    """The whole matrix. The seed chooses which one is spoiled of a call that is made often."""
    number = 0
    for call, made in CALLS.items():
        for trouble in Trouble:
            for times in TIMES:
                number += 1
                chance = random.Random(f"{seed} {number}")  # noqa: S311 - no secret
                yield Spoiled(number, call, trouble, times, nth=chance.randint(1, made))
