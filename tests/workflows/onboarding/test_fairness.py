"""How onboardings share the requests that Telegent allows."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from simulator import SimulatorOptions
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import Harness, idle_harness
from tests.harness.bulk_customers import Customers, create_customers
from tests.harness.payloads import line, new_subscriber
from tests.harness.waiting import TEST_TIMEOUT, wait_until

REQUESTS_PER_MINUTE = 240
LARGE, SMALL = 20, 2


@pytest_asyncio.fixture(loop_scope="session")
async def idle(temporal: Client, options: SimulatorOptions) -> AsyncIterator[Harness]:
    async with idle_harness(temporal, options) as harness:
        yield harness


def with_lines(customers: Customers, name: str, count: int) -> OnboardingRequest:
    """As many lines as subscribers: only lines of one subscriber wait for each other."""
    email = f"{customers.reference(name)}-{{}}@example.com"
    keys = [str(at) for at in range(count)]
    return customers.request(
        name,
        subscribers=[new_subscriber(key, email=email.format(key)) for key in keys],
        lines=[line(key, key) for key in keys],
    )


async def count_requests(idle: Harness, request: OnboardingRequest) -> int:
    """How many requests of all onboardings Telegent receives until this one is complete."""
    before = idle.telegent.api_calls
    handle = await idle.orchestrator.start_onboarding(request)
    assert (await asyncio.wait_for(handle.result(), TEST_TIMEOUT)).complete
    return idle.telegent.api_calls - before


@pytest.mark.xfail(
    reason="requests that leave at once after a quiet time leave in any order", strict=False
)
async def test_large_onboarding_leaves_a_small_one_its_share(idle: Harness) -> None:
    async with idle.running_workers():
        customers = await create_customers(idle)
    async with idle.running_workers(REQUESTS_PER_MINUTE):
        alone = await count_requests(idle, with_lines(customers, "alone", SMALL))
        before = idle.telegent.api_calls
        large = await idle.orchestrator.start_onboarding(with_lines(customers, "large", LARGE))
        await wait_until(lambda: idle.telegent.api_calls > before)

        shared = await count_requests(idle, with_lines(customers, "small", SMALL))
        assert shared <= 3 * alone
        assert (await asyncio.wait_for(large.result(), TEST_TIMEOUT)).complete
