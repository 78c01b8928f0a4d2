"""How often something happened in any minute, or in any other time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)


def most_in_a_minute(times: Sequence[datetime]) -> int:
    """The most of these times, in their order, within any 60 seconds."""
    return most_within(MINUTE, times)


def most_within(window: timedelta, times: Sequence[datetime]) -> int:
    """The most of these times, in their order, within any window of this length."""
    maximum = first = 0
    for at, now in enumerate(times):
        while now - times[first] >= window:
            first += 1
        maximum = max(maximum, at - first + 1)
    return maximum
