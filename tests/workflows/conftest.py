from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from activities import ActivitySettings
from simulator import CarrierSetup, SimulatorOptions
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import QUICK, SETTINGS, House, dev_server, example_family, open_house


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal() -> AsyncIterator[Client]:
    async with dev_server() as client:
        yield client


@pytest.fixture
def options() -> SimulatorOptions:
    return SimulatorOptions(carrier=CarrierSetup(timings=QUICK))


@pytest.fixture
def settings() -> ActivitySettings:
    return SETTINGS


@pytest_asyncio.fixture(loop_scope="session")
async def house(
    temporal: Client, options: SimulatorOptions, settings: ActivitySettings
) -> AsyncIterator[House]:
    async with open_house(temporal, options, settings) as there:
        yield there


@pytest.fixture
def family() -> OnboardingRequest:
    return example_family()
