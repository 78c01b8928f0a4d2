"""Waiting for what other processes do."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tools.compose_trial.transcript import Differs

TIMEOUT = 600.0


async def wait_for(what: str, reached: Callable[[], Awaitable[bool]]) -> None:
    """Poll until it is so. Raises Differs after TIMEOUT seconds."""
    deadline = time.monotonic() + TIMEOUT
    while not await reached():
        if time.monotonic() > deadline:
            raise Differs(f"not within {TIMEOUT:.0f} s: {what}")
        await asyncio.sleep(1)
