"""Calls held in the middle, as a real client meets them."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.harness.waiting import TEST_TIMEOUT
from tests.simulator.client import SimulatorClient

CREATE = "POST /v1.0/account/create"


def created(caller: SimulatorClient) -> int:
    return caller.sim.ledger.count("account.created")


async def create(caller: SimulatorClient) -> httpx.Response:
    return await caller.request("POST", "/account/create", {"AccountName": "Acme"})


@pytest.mark.parametrize(("moment", "effects"), [("token", 0), ("before", 0), ("after", 1)])
async def test_held_request_continues_when_released(
    caller: SimulatorClient, moment: Any, effects: int
) -> None:
    gate = caller.sim.gates.close(CREATE, moment)
    call = asyncio.create_task(create(caller))
    await asyncio.wait_for(gate.reached(), TEST_TIMEOUT)
    assert created(caller) == effects
    assert caller.sim.api_calls == (0 if moment == "token" else 1)
    assert caller.sim.requests[-1].status is None

    gate.release()
    assert (await call).status_code == 200
    assert created(caller) == 1


@pytest.mark.parametrize(("moment", "effects"), [("token", 0), ("before", 0), ("after", 1)])
async def test_held_request_is_dropped_when_client_disconnects(
    caller: SimulatorClient, moment: Any, effects: int
) -> None:
    gate = caller.sim.gates.close(CREATE, moment)
    call = asyncio.create_task(create(caller))
    await asyncio.wait_for(gate.reached(), TEST_TIMEOUT)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(0.05)
    gate.release()
    await asyncio.sleep(0.05)
    assert created(caller) == effects


async def test_gate_holds_one_matching_request(caller: SimulatorClient) -> None:
    gate = caller.sim.gates.close(CREATE, "before")
    assert (await caller.request("GET", "/distributor/accounts")).status_code == 200
    first = asyncio.create_task(create(caller))
    await asyncio.wait_for(gate.reached(), TEST_TIMEOUT)
    assert (await create(caller)).status_code == 200
    assert not first.done()

    gate.release()
    assert (await first).status_code == 200


async def test_released_gate_holds_nothing(caller: SimulatorClient) -> None:
    gate = caller.sim.gates.close(CREATE, "after")
    gate.release()
    assert (await create(caller)).status_code == 200
    await asyncio.wait_for(gate.reached(), TEST_TIMEOUT)
