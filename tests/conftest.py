"""Fixtures of all tests: one Temporal server per process, and a harness on it."""

import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings as hypothesis_settings
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

# A busy machine must not fail a test by its speed.
hypothesis_settings.register_profile(
    "any pace", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any pace")

# Shells let what they run in the background ignore Ctrl-C, and so would every process of a test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = (
    "fault_matrix/test_fault_matrix.py",
    "resilience/test_crash.py",
    "port_in/test_races.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, so that no process waits for them at the end."""

    def place(item: pytest.Item) -> int:
        places = (at for at, name in enumerate(LONGEST) if item.path.as_posix().endswith(name))
        return next(places, len(LONGEST))

    items.sort(key=place)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal() -> AsyncIterator[Client]:
    """A client of the Temporal server that all tests of this process share."""
    async with dev_server() as client:
        yield client


@pytest.fixture
def options() -> SimulatorOptions:
    """How the simulator of `harness` behaves; override it in a module or a folder."""
    return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS))


@pytest.fixture
def settings() -> ActivitySettings:
    """Settings of the workers of `harness`; override them in a module or a folder."""
    return SETTINGS


@pytest_asyncio.fixture(loop_scope="session")
async def harness(
    temporal: Client, options: SimulatorOptions, settings: ActivitySettings
) -> AsyncIterator[Harness]:
    """A fresh simulator, and workers between it and Temporal."""
    async with running_harness(temporal, options, settings) as running:
        yield running


@pytest.fixture
def family() -> OnboardingRequest:
    """The onboarding of examples/family.json."""
    return example_request()
