from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from activities import ActivitySettings
from simulator import CarrierSetup, SimulatorOptions
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import (
    FAST_TIMINGS,
    SETTINGS,
    Harness,
    dev_server,
    example_request,
    running_harness,
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal() -> AsyncIterator[Client]:
    async with dev_server() as client:
        yield client


@pytest.fixture
def options() -> SimulatorOptions:
    return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS))


@pytest.fixture
def settings() -> ActivitySettings:
    return SETTINGS


@pytest_asyncio.fixture(loop_scope="session")
async def harness(
    temporal: Client, options: SimulatorOptions, settings: ActivitySettings
) -> AsyncIterator[Harness]:
    async with running_harness(temporal, options, settings) as there:
        yield there


@pytest.fixture
def family() -> OnboardingRequest:
    return example_request()
