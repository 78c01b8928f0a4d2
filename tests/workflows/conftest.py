"""A Temporal server of its own for a test of what sees all workflows of one, or has a schedule."""

from collections.abc import AsyncIterator

import pytest_asyncio

from simulator import SimulatorOptions
from tests.harness import Harness, dev_server
from tests.harness.environment import idle_harness


@pytest_asyncio.fixture(loop_scope="session")
async def alone(options: SimulatorOptions) -> AsyncIterator[Harness]:
    """A fresh server and simulator, without workers."""
    async with dev_server() as client, idle_harness(client, options) as harness:
        yield harness
