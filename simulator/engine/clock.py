"""The simulator's time. All delays and expiries are computed from a `Clock`."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Provides the current UTC time; never goes backwards."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class RealClock:
    """The machine's time, advanced by the monotonic clock, so that clock steps do not matter."""

    def __init__(self) -> None:
        self._start = datetime.now(UTC)
        self._monotonic_start = time.monotonic()

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return self._start + timedelta(seconds=time.monotonic() - self._monotonic_start)


class ManualClock:
    """A clock that only moves when it is advanced. Starts at the real time by default."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the time forward. Raises ValueError for a negative number of seconds."""
        if seconds < 0:
            raise ValueError("a clock can only be advanced forward; give seconds >= 0")
        self._now += timedelta(seconds=seconds)
