"""One family's onboarding without faults, for all tests that look at what it leaves."""

from collections.abc import AsyncIterator

import pytest_asyncio

from resilience.harness.customer import family
from simulator import SimulatorOptions
from tests.harness import dev_server, open_house
from tests.resilience.completed_run import Played, played_through


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def clean() -> AsyncIterator[Played]:
    customer = family(1)
    async with (
        dev_server() as client,
        open_house(client, SimulatorOptions(carrier=customer.carrier())) as house,
    ):
        yield await played_through(house, customer)
