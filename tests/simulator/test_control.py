import json
from pathlib import Path

import pytest

from simulator import Simulator, SimulatorOptions
from tests.simulator.client import SimulatorClient, Start
from tests.simulator.steps import PORT_IN, create_account, create_prerequisites


async def test_control_api_returns_ledger_and_requests(caller: SimulatorClient) -> None:
    await create_account(caller)
    assert await caller.control("GET", "health") == {"status": "ok"}
    rows = await caller.control("GET", "ledger")
    assert [(row["seq"], row["kind"]) for row in rows] == [(1, "account.created")]
    assert await caller.control("GET", "requests/summary") == {
        "api_calls": 1,
        "token_calls": 1,
        "tokens_per_endpoint": {"/v1.0/account/create": 1},
        "by_endpoint": {"POST /v1.0/OAuth2/tokens": 1, "POST /v1.0/account/create": 1},
    }
    calls = await caller.control("GET", "requests")
    assert [(c["path"], c["status"]) for c in calls] == [
        ("/v1.0/OAuth2/tokens", 200),
        ("/v1.0/account/create", 200),
    ]


async def test_control_api_injects_faults_and_advances_clock(caller: SimulatorClient) -> None:
    fault = {"match": "GET /v1.0/distributor/*", "kind": "error_before", "times": 9}
    await caller.control("POST", "faults", fault)
    assert (await caller.request("GET", "/distributor/accounts")).status_code == 500
    await caller.control("DELETE", "faults")
    assert (await caller.request("GET", "/distributor/accounts")).status_code == 200

    await caller.post("/numbers/portin", **PORT_IN)
    await caller.control("POST", "clock/advance", {"seconds": 3})
    state = await caller.control("GET", "state")
    assert state["port_ins"][0]["phase"] == "complete"
    assert state["numbers"] == 1


async def test_reset_discards_everything_but_tokens(caller: SimulatorClient) -> None:
    accounts = "/distributor/accounts"
    headers = {"Authorization": f"Bearer {await caller.token(accounts)}"}
    await create_account(caller)
    await caller.control("POST", "reset")
    assert await caller.control("GET", "ledger") == []
    response = await caller.http.get(f"{caller.url}/v1.0{accounts}", headers=headers)
    assert response.json() == []
    assert caller.sim.api_calls == 1


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("faults", {"match": "x", "kind": "explode"}, "kind: "),
        ("carrier", {"script": "lock"}, "number"),
        ("carrier", {"number": "+1", "scrpt": "lock"}, "scrpt: "),
        ("clock/advance", {"seconds": -1}, "forward"),
        ("port-out", {"number": "+1"}, "pin: "),
        ("port-out", {"number": "+1", "pin": "1111"}, "not in service"),
        ("purchases", {"outcomes": ["explode"]}, "outcomes.0: "),
        ("data-usage", {"number": "+1", "megabytes": -1}, "megabytes: "),
        ("data-usage", {"number": "+1", "megabytes": 1}, "not in service"),
    ],
)
async def test_invalid_control_request_is_explained(
    caller: SimulatorClient, path: str, body: object, text: str
) -> None:
    response = await caller.http.post(f"{caller.url}/_sim/{path}", json=body)
    assert response.status_code == 400
    assert text in response.json()["error"]


async def test_port_out_needs_pin_and_removes_number(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    number = (await caller.post("/numbers/provision", **base.provision()))["PhoneNumberAssigned"]
    await caller.post("/numbers/portout", PortOutNumber=number, PortOutPIN="4711")
    body = {"number": number, "pin": "0815"}
    refused = await caller.http.post(f"{caller.url}/_sim/port-out", json=body)
    assert refused.status_code == 400
    assert "another port-out PIN" in refused.json()["error"]
    assert (await caller.get("/numbers", PhoneNumber=number))["Status"] == "Active"

    await caller.control("POST", "port-out", {"number": number, "pin": "4711"})
    await caller.get_rejected("/numbers", 404, PhoneNumber=number)
    (row,) = caller.sim.ledger.by_kind("portout.completed")
    assert row.data["number"] == number
    assert "4711" not in str(row)


async def test_used_data_is_shown_until_it_is_reset(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    number = (await caller.post("/numbers/provision", **base.provision()))["PhoneNumberAssigned"]
    numbers = [{"Number": number}]
    await caller.post(
        "/numbers/data-usage",
        ValueUnit="MB",
        ThrottleValue=2000,
        LimitValue=5000,
        PhoneNumbers=numbers,
    )

    await caller.control("POST", "data-usage", {"number": number, "megabytes": 2560})
    (row,) = (await caller.post("/numbers/data-usage/info", PhoneNumbers=numbers))["PhoneNumbers"]
    assert (row["Used"], row["Remaining"], row["CurrentBehavior"]) == (
        "2.5 GB",
        "2.38 GB",
        "Throttled",
    )

    renewal = {"AutoRenew": True, "PeriodType": "M", "RenewalDay": 1, "ResetUsage": True}
    await caller.post("/numbers/data-usage/update-renewal-info", PhoneNumbers=numbers, **renewal)
    (row,) = (await caller.post("/numbers/data-usage/info", PhoneNumbers=numbers))["PhoneNumbers"]
    assert (row["Used"], row["CurrentBehavior"]) == ("0 B", "Active")


async def test_real_clock_cannot_be_advanced(start: Start) -> None:
    caller = await start(SimulatorOptions())
    response = await caller.http.post(f"{caller.url}/_sim/clock/advance", json={"seconds": 1})
    assert response.status_code == 400


async def test_ledger_file_has_row_before_response(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    caller = await start(SimulatorOptions(ledger_file=file))
    await create_account(caller, "One")
    await create_account(caller, "Two")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["data"]["name"] for row in rows] == ["One", "Two"]


async def test_second_server_on_same_port_fails(caller: SimulatorClient) -> None:
    port = int(caller.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        async with Simulator().serve(port=port):
            pass
