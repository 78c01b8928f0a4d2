"""Samples of the fault matrix, for when there is no time for all of it."""

import math
import random
from collections.abc import Sequence
from itertools import cycle
from typing import TypeVar

from resilience.fault_matrix.cases import FaultCase

T = TypeVar("T")


def sample_cases(cases: Sequence[T], share: float, seed: int) -> list[T]:
    """A share of the cases, at least one, in their order; the same seed gives the same sample."""
    if not cases:
        return []
    count = min(len(cases), max(1, math.ceil(share * len(cases))))
    picked = random.Random(seed).sample(range(len(cases)), count)  # noqa: S311 - no secret
    return [cases[at] for at in sorted(picked)]


def covering_cases(cases: Sequence[FaultCase]) -> list[FaultCase]:
    """One case of each call, chosen so that each fault mode and number of repeats occurs.

    The choice is the same for the same cases. It covers all modes as long as there are at least as
    many calls as modes.
    """
    by_kind = {(case.call, case.mode, case.times): case for case in cases}
    modes = cycle(sorted({case.mode for case in cases}))
    times = cycle(sorted({case.times for case in cases}))
    calls = dict.fromkeys(case.call for case in cases)
    return [by_kind[call, next(modes), next(times)] for call in calls]
