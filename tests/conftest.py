"""Fixtures of all tests: one Temporal server per process, and a harness on it."""

import gc
import os
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
    "test_quarter_of_the_fault_matrix_has_no_violation",
    "test_crashes_lose_and_duplicate_nothing",
    "test_in_any_order_of_events_the_invariants_hold",
    "test_each_vendor_call_under_some_fault_has_its_effect_once",
)


# After `-m` has deselected tests.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each process begin with one of the longest tests, so that none of them is started late.

    At first pytest-xdist gives each process an equal share of the items, in their order.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    longest = [item for name in LONGEST for item in items if item.name.partition("[")[0] == name]
    others = [item for item in items if item not in longest]
    unplaced = len(items)
    items.clear()
    for at in range(processes):
        share = unplaced // (processes - at)
        unplaced -= share
        first = longest[at::processes]
        rest = max(0, share - len(first))
        items += [*first, *others[:rest]]
        del others[:rest]
    items += others


def pytest_collection_finish() -> None:
    """Keep what all tests share, modules and the tests, out of each garbage collection."""
    gc.collect()
    gc.freeze()


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
