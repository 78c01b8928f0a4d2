"""The cases of the fault matrix: which call fails, how, and how often in a row."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from resilience.fault_matrix.calls import CALLS, ORDER
from simulator import Fault
from simulator.engine.faults import FaultKind
from telegent import Timeouts

TIMEOUTS = Timeouts(connect=1.0, read=2.5, write=1.0, pool=1.0, call=15.0)
"""Timeouts of the vendor client: short, so that a call that hangs costs little."""

DELAY_SECONDS = TIMEOUTS.read + 0.5
"""Seconds after which a response is too late."""


class FaultMode(StrEnum):
    """How a call fails. Before: without effect. After: the call takes effect, and its response is
    lost."""

    NO_CONNECTION = "no connection"
    CONNECTION_CLOSED = "connection closed"
    RESPONSE_DROPPED = "response dropped"
    E500_BEFORE = "500 before"
    E503_BEFORE = "503 before"
    E504_BEFORE = "504 before"
    E500_AFTER = "500 after"
    E503_AFTER = "503 after"
    E504_AFTER = "504 after"
    RESPONSE_DELAYED = "response delayed"
    EFFECT_DELAYED = "effect delayed"
    E429_RETRY_AFTER = "429 retry-after"
    E429 = "429"
    E401 = "401"
    BROKEN_JSON = "broken JSON"
    HTML = "HTML"
    EMPTY = "empty 200"

    @property
    def kind(self) -> FaultKind:
        """The simulator's name of it."""
        if self[0] == "5":
            return "error_before" if self.endswith("before") else "error_after"
        return _KINDS[self]


_KINDS: dict[str, FaultKind] = {
    FaultMode.NO_CONNECTION: "refuse_connection",
    FaultMode.CONNECTION_CLOSED: "refuse_connection",
    FaultMode.RESPONSE_DROPPED: "drop_response",
    FaultMode.RESPONSE_DELAYED: "delay_response",
    FaultMode.EFFECT_DELAYED: "delay_effect",
    FaultMode.E429_RETRY_AFTER: "429",
    FaultMode.E429: "429",
    FaultMode.E401: "401",
    FaultMode.BROKEN_JSON: "broken_json",
    FaultMode.HTML: "html",
    FaultMode.EMPTY: "empty",
}
TIMES = (1, 3)


@dataclass(frozen=True)
class FaultCase:
    """One case: the fault hits the `nth` call of its kind, and `times` calls in a row.

    Attributes:
        number: Unique number of the case, which determines its customer.
        dialect: The vendor's, a key of `DIALECTS`.
    """

    number: int
    call: str
    mode: FaultMode
    times: int
    nth: int
    dialect: str = "default"

    def __str__(self) -> str:
        where = "" if self.dialect == "default" else f", dialect {self.dialect}"
        return f"{self.call}: {self.mode}, {self.times} in a row, from call {self.nth}{where}"

    @property
    def fault(self) -> Fault:
        """The fault to inject."""
        return Fault(
            match=self.call,
            kind=self.mode.kind,
            nth=self.nth,
            times=self.times,
            status=int(self.mode[:3]) if self.mode[0] == "5" else 500,
            seconds=DELAY_SECONDS,
            retry_after=1 if self.mode is FaultMode.E429_RETRY_AFTER else None,
        )

    @property
    def expected_cost(self) -> int:
        """Relative duration, so that the longest cases can run first."""
        slow = 3 if self.call == ORDER else 1 if self.mode is FaultMode.E429 else 0
        return slow * self.times


def all_cases(
    seed: int,
    dialects: Sequence[str] = ("default",),
    calls: Mapping[str, int] = CALLS,
) -> Iterator[FaultCase]:
    """The whole matrix, in which the dialects take turns.

    The seed chooses which of several calls of a kind fails, and the dialect of the first case.
    """
    number = 0
    for call, count in calls.items():
        for mode in FaultMode:
            for times in TIMES:
                number += 1
                rng = random.Random(f"{seed} {number}")  # noqa: S311 - no secret
                dialect = dialects[(seed + number) % len(dialects)]
                yield FaultCase(number, call, mode, times, rng.randint(1, count), dialect)
