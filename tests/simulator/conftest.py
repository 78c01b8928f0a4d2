from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from simulator import Simulator, SimulatorOptions
from tests.simulator.client import SimulatorClient, Start


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a simulator with the given options; it stops with the test."""
    async with AsyncExitStack() as stack:

        async def begin(options: SimulatorOptions) -> SimulatorClient:
            sim = Simulator(options)
            url = await stack.enter_async_context(sim.serve())
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=5))
            return SimulatorClient(sim, url, http)

        yield begin


@pytest.fixture
async def caller(start: Start) -> SimulatorClient:
    """A simulator whose clock only moves when it is advanced."""
    return await start(SimulatorOptions(manual_clock=True))
