"""A server with two namespaces: ours, and that of the callers."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from devstack.temporal_server import find_binary
from simulator import CarrierSetup, SimulatorOptions
from telegent_orchestrator.names import TASK_QUEUE
from tests.harness import FAST_TIMINGS, Harness, dev_server, running_harness
from tests.worker.nexus.callers import ENDPOINT, NAMESPACE, QUEUE, Calls


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def harness() -> AsyncIterator[Harness]:
    async with dev_server() as client:
        target = ["--target-namespace", "default", "--target-task-queue", TASK_QUEUE]
        await operator(client, "namespace", "create", "--namespace", NAMESPACE)
        await operator(client, "nexus", "endpoint", "create", "--name", ENDPOINT, *target)
        options = SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS))
        async with running_harness(client, options) as harness:
            yield harness


async def operator(client: Client, *command: str) -> None:
    address = client.service_client.config.target_host
    process = await asyncio.create_subprocess_exec(
        *(find_binary(), "--address", address, "operator", *command),
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def others(harness: Harness) -> AsyncIterator[Client]:
    client = await Client.connect(
        harness.temporal.service_client.config.target_host,
        namespace=NAMESPACE,
        data_converter=pydantic_data_converter,
    )
    async with Worker(client, task_queue=QUEUE, workflows=[Calls]):
        yield client
