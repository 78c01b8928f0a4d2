"""How onboardings share the requests that Telegent allows."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest_asyncio
from temporalio.client import Client

from simulator import SimulatorOptions
from telegent import RateLimiter
from telegent_orchestrator.onboarding import NewSubscriber, OnboardingRequest
from tests.harness import Harness, idle_harness
from tests.harness.bulk_customers import Customers, create_customers
from tests.harness.payloads import line, new_subscriber
from tests.harness.waiting import TEST_TIMEOUT, wait_until

REQUESTS_PER_MINUTE = 240
LARGE, SMALL = 40, 2
LATE = 2
"""Requests that may leave while Temporal tells that the small onboarding is complete."""


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
    """How many requests of all onboardings Telegent receives from the first of this one until it is
    complete.

    While they leave evenly this measures time, whatever else this machine does.
    """
    emails = {each.email for each in request.subscribers if isinstance(each, NewSubscriber)}
    handle = await idle.orchestrator.start_onboarding(request)
    created = partial(idle.telegent.ledger.by_kind, "subscriber.created")
    await wait_until(created, lambda rows: any(row.data["email"] in emails for row in rows))
    before = idle.telegent.api_calls - 1
    assert (await asyncio.wait_for(handle.result(), TEST_TIMEOUT)).complete
    return idle.telegent.api_calls - before


async def test_small_onboarding_next_to_a_large_one_takes_twice_as_long_at_most(
    idle: Harness,
) -> None:
    async with idle.running_workers():
        customers = await create_customers(idle)
    limiter = RateLimiter(REQUESTS_PER_MINUTE)
    # From now on no burst, in which no queue would form.
    limiter.pause(0)
    async with idle.running_workers(limiter):
        alone = await count_requests(idle, with_lines(customers, "alone", SMALL))
        before = idle.telegent.api_calls
        await idle.orchestrator.start_onboarding(with_lines(customers, "large", LARGE))
        await wait_until(lambda: idle.telegent.api_calls > before)

        shared = await count_requests(idle, with_lines(customers, "small", SMALL))
        assert alone < shared <= 2 * alone + LATE
