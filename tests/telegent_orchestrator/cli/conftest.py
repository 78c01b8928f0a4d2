from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from simulator import CarrierSetup, SimulatorOptions
from telegent_orchestrator.cli import watching
from tests.harness import QUICK, House, dev_server, open_house
from tests.telegent_orchestrator.cli.commands import Desk, desk


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal() -> AsyncIterator[Client]:
    async with dev_server() as client:
        yield client


@pytest.fixture
def options() -> SimulatorOptions:
    return SimulatorOptions(carrier=CarrierSetup(timings=QUICK))


@pytest_asyncio.fixture(loop_scope="session")
async def house(temporal: Client, options: SimulatorOptions) -> AsyncIterator[House]:
    async with open_house(temporal, options) as there:
        yield there


@pytest.fixture
def at(house: House) -> Desk:
    return desk(house)


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "EVERY", 0.2)
    # Nearly as long as in the command: on a busy machine an answer takes a while to show.
    monkeypatch.setattr(watching, "STILL", 10)
