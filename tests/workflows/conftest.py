"""A namespace of its own for a test of what sees all workflows of one, or has a schedule."""

from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.client import Client

from simulator import SimulatorOptions
from tests.harness import Harness, idle_harness, new_namespace


@pytest_asyncio.fixture(loop_scope="session")
async def alone(temporal: Client, options: SimulatorOptions) -> AsyncIterator[Harness]:
    """An empty namespace and a fresh simulator, without workers."""
    async with idle_harness(await new_namespace(temporal), options) as harness:
        yield harness
