"""One family's onboarding without faults, for all tests that check its results."""

from collections.abc import AsyncIterator

import pytest_asyncio

from resilience.harness.customer import create_customer
from simulator import SimulatorOptions
from tests.harness import dev_server, running_harness
from tests.resilience.completed_run import CompletedRun, run_to_completion


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def completed_run() -> AsyncIterator[CompletedRun]:
    customer = create_customer(1)
    async with (
        dev_server() as client,
        running_harness(client, SimulatorOptions(carrier=customer.carrier())) as harness,
    ):
        yield await run_to_completion(harness, customer)
