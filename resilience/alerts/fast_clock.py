"""`python -m resilience.alerts.fast_clock`: a worker whose clock is a minute ahead."""

import runpy
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self
from unittest.mock import patch

from worker import clock

AHEAD = timedelta(minutes=1)


class FastClock(datetime):
    """What the worker compares with Temporal's clock."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """The time in a minute."""
        return cls.fromtimestamp((datetime.now(UTC) + AHEAD).timestamp(), tz)


def main() -> None:
    """Run the worker as `python -m worker` does."""
    with patch.object(clock, "datetime", FastClock):
        runpy.run_module("worker", run_name="__main__")


if __name__ == "__main__":
    main()
