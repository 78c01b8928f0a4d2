"""How tests wait for what must come: for a condition, never for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

TEST_TIMEOUT = 90.0
"""Seconds after which a wait fails. It only ends what hangs: a busy machine needs many."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.2
"""Seconds between two reads."""


@overload
async def wait_until(
    read: Callable[[], Awaitable[T]], is_met: Callable[[T], object] = ...
) -> T: ...
@overload
async def wait_until(read: Callable[[], T], is_met: Callable[[T], object] = ...) -> T: ...
async def wait_until(
    read: Callable[[], T | Awaitable[T]], is_met: Callable[[T], object] = bool
) -> T:
    """Read a value, plain or awaitable, until it fits: ever less often, for a query costs more
    than what it waits for.

    Args:
        read: Gives the current value.
        is_met: Whether this value ends the wait; by default whether it is true.

    Returns:
        The value that fitted.

    Raises:
        TimeoutError: No value fitted in time.
    """
    pause = SHORTEST_PAUSE
    async with asyncio.timeout(TEST_TIMEOUT):
        while True:
            value = read()
            current = await value if isinstance(value, Awaitable) else value
            if is_met(current):
                return current
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 1.5 * pause)
