from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.client import Client

from simulator import SimulatorOptions
from tests.harness import Harness, dev_server, idle_harness

SHORT_HISTORIES = "limit.historyCount.suggestContinueAsNew=60"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def temporal() -> AsyncIterator[Client]:
    async with dev_server(SHORT_HISTORIES) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def harness(temporal: Client) -> AsyncIterator[Harness]:
    """Without workers: a test has them for as long as it wants."""
    async with idle_harness(temporal, SimulatorOptions()) as harness:
        yield harness
