"""An event loop whose clock jumps instead of waiting."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _JumpingSelector(selectors.DefaultSelector):
    """Where a loop would wait, its clock jumps."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # Never quite still: a timer may wait for less than a float can add to the time.
        self.now += max(timeout or 0.0, 1e-6)
        return super().select(0)


class _JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumps = _JumpingSelector()
        super().__init__(self._jumps)

    def time(self) -> float:
        return self._jumps.now


def at_once(what: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run with a clock that jumps instead of waiting."""
    loop = _JumpingLoop()
    try:
        loop.run_until_complete(what())
    finally:
        _end_tasks(loop)
        loop.close()


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is left, and what that starts while it ends."""
    while left := asyncio.all_tasks(loop):
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.wait(left))


def most_in_a_minute(times: list[float]) -> int:
    """The most of these times, in seconds, within any 60."""
    return max(sum(start <= t < start + 60 for t in times) for start in times)
