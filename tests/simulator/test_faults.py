"""Each kind of fault as a real client meets it, and whether the effect took place."""

import time
from typing import Any

import httpx
import pytest

from simulator import Fault
from tests.simulator.client import Json, SimulatorClient

CREATE = "POST /v1.0/account/create"
CUT = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


def inject(caller: SimulatorClient, kind: Any, **more: Any) -> None:
    caller.sim.faults.add(Fault(match=CREATE, kind=kind, **more))


def created(caller: SimulatorClient) -> int:
    return caller.sim.ledger.count("account.created")


async def create(caller: SimulatorClient, name: str = "Acme") -> httpx.Response:
    return await caller.request("POST", "/account/create", {"AccountName": name})


@pytest.mark.parametrize(("kind", "effects"), [("refuse_connection", 0), ("drop_response", 1)])
async def test_connection_fault_cuts_connection(
    caller: SimulatorClient, kind: str, effects: int, caplog: pytest.LogCaptureFixture
) -> None:
    inject(caller, kind)
    with pytest.raises(CUT):
        await create(caller)
    assert caplog.records == []
    assert created(caller) == effects
    assert caller.sim.requests[-1].status is None
    assert caller.sim.requests[-1].fault == kind
    # The client and the server both continue: only that one connection is gone.
    assert (await create(caller)).status_code == 200


async def test_connection_fault_does_not_read_large_body(caller: SimulatorClient) -> None:
    inject(caller, "refuse_connection")
    with pytest.raises(CUT):
        await create(caller, "x" * 5_000_000)
    assert created(caller) == 0


@pytest.mark.parametrize(
    ("kind", "more", "status", "effects"),
    [
        ("error_before", {"status": 503}, 503, 0),
        ("error_after", {"status": 504}, 504, 1),
        ("401", {}, 401, 0),
        ("429", {}, 429, 0),
    ],
)
async def test_error_fault_responds_with_or_without_effect(
    caller: SimulatorClient, kind: str, more: Json, status: int, effects: int
) -> None:
    inject(caller, kind, **more)
    response = await create(caller)
    assert response.status_code == status
    assert response.json()["StatusCode"] == status
    assert "retry-after" not in response.headers
    assert created(caller) == effects


async def test_rate_limit_fault_has_retry_after(caller: SimulatorClient) -> None:
    inject(caller, "429", retry_after=7)
    assert (await create(caller)).headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("kind", "body_starts"), [("broken_json", b"{"), ("html", b"<html>"), ("empty", b"")]
)
async def test_unreadable_success_has_effect(
    caller: SimulatorClient, kind: str, body_starts: bytes
) -> None:
    inject(caller, kind)
    response = await create(caller)
    assert response.status_code == 200
    assert response.content.startswith(body_starts)
    with pytest.raises(ValueError, match=r"."):
        response.json()
    assert created(caller) == 1


@pytest.mark.parametrize("kind", ["broken_json", "html", "empty", "report_failure"])
async def test_unreadable_success_does_not_hide_rejection(
    caller: SimulatorClient, kind: str
) -> None:
    inject(caller, kind)
    response = await create(caller, name="")
    assert response.status_code == 400
    assert response.json()["StatusCode"] == 400
    assert created(caller) == 0


@pytest.mark.parametrize(("kind", "effects"), [("delay_response", 1), ("delay_effect", 0)])
async def test_delay_fault_times_out_with_or_without_effect(
    caller: SimulatorClient, kind: str, effects: int
) -> None:
    inject(caller, kind, seconds=30)
    caller.http.timeout = httpx.Timeout(0.2)
    with pytest.raises(httpx.ReadTimeout):
        await create(caller)
    assert created(caller) == effects


async def test_delayed_response_arrives(caller: SimulatorClient) -> None:
    inject(caller, "delay_response", seconds=0.2)
    begun = time.monotonic()
    assert (await create(caller)).status_code == 200
    assert time.monotonic() - begun >= 0.2


async def test_fault_applies_to_nth_matching_requests(
    caller: SimulatorClient,
) -> None:
    caller.sim.faults.add(
        Fault(match="/v1.0/account/*", kind="error_before", nth=2, times=2, status=500)
    )
    assert [(await create(caller)).status_code for _ in range(4)] == [200, 500, 500, 200]
    assert (await caller.request("GET", "/distributor/accounts")).status_code == 200


async def test_fault_applies_to_token_requests_in_both_spellings(caller: SimulatorClient) -> None:
    caller.sim.faults.add(Fault(match="POST /v1.0/oauth2/tokens", kind="drop_response"))
    with pytest.raises(CUT):
        await caller.token("/account")
