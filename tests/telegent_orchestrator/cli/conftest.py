from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from simulator import CarrierSetup, SimulatorOptions
from telegent_orchestrator.cli import watching
from tests.harness import FAST_TIMINGS, Harness, dev_server, running_harness
from tests.telegent_orchestrator.cli.commands import CommandLine, command_line


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal() -> AsyncIterator[Client]:
    async with dev_server() as client:
        yield client


@pytest.fixture
def options() -> SimulatorOptions:
    return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS))


@pytest_asyncio.fixture(loop_scope="session")
async def harness(temporal: Client, options: SimulatorOptions) -> AsyncIterator[Harness]:
    async with running_harness(temporal, options) as there:
        yield there


@pytest.fixture
def cli(harness: Harness) -> CommandLine:
    return command_line(harness)


@pytest.fixture(autouse=True)
def fast_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_INTERVAL", 0.2)
    # Nearly as long as in the command: on a busy machine an answer takes a while to show.
    monkeypatch.setattr(watching, "STABLE_POLLS", 10)
