"""A part of a trial, for when there is no time for the whole."""

import math
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def sample_cases(cases: Sequence[T], share: float, seed: int) -> list[T]:
    """A part of these, at least one, in their order; the same ones for the same seed."""
    if not cases:
        return []
    count = min(len(cases), max(1, math.ceil(share * len(cases))))
    picked = random.Random(seed).sample(range(len(cases)), count)  # noqa: S311 - no secret
    return [cases[at] for at in sorted(picked)]
