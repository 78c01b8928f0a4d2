"""examples/service.py over HTTP, with a real Temporal server and workers behind it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn

from examples.service import app
from simulator import CarrierRecord, CarrierSetup, SimulatorOptions
from telegent_orchestrator.port_in import PortState
from tests.harness import FAST_TIMINGS, Harness, dev_server, running_harness
from tools.docs.documents import ROOT

NUMBER = "+18015550188"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def harness() -> AsyncIterator[Harness]:
    async with dev_server() as client:
        options = SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS))
        async with running_harness(client, options) as harness:
            yield harness


@pytest_asyncio.fixture(loop_scope="session")
async def http(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "id-key").write_text(harness.settings.id_key)
    monkeypatch.setenv("TELEGENT_ID_KEY_FILE", str(tmp_path / "id-key"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", harness.temporal.service_client.config.target_host)
    listener = socket.create_server(("127.0.0.1", 0))
    service = uvicorn.Server(uvicorn.Config(app, log_config=None))
    serving = asyncio.create_task(service.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        yield client
    service.should_exit = True
    await serving


def request(reference: str, **number: str) -> dict[str, Any]:
    """Return the example of a subscriber who ports a number, with changes to the number."""
    text = (ROOT / "examples" / "switch.json").read_text("utf-8")
    wanted: dict[str, Any] = json.loads(text.replace("owner@", f"{reference}@"))
    wanted["reference"] = reference
    wanted["lines"][0]["number"] |= number
    return wanted


async def events(http: httpx.AsyncClient, path: str) -> AsyncIterator[tuple[str, Any]]:
    """Server-sent events as they come."""
    async with http.stream("GET", path) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        kind = ""
        async for line in answer.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                kind = value
            elif field == "data":
                yield kind, json.loads(value)


async def test_progress_streams_until_a_corrected_port_in_is_live(
    harness: Harness, http: httpx.AsyncClient
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(account_number="100200301"))
    started = await http.post("/onboardings", json=request("streamed"))
    assert started.status_code == 202
    assert started.json() == {"workflow_id": "onboarding-streamed", "joined": False}
    again = await http.post("/onboardings", json=request("streamed"))
    assert again.json() == {"workflow_id": "onboarding-streamed", "joined": True}
    place = started.headers["location"]

    seen: list[str] = []
    corrected = None
    async for kind, data in events(http, f"{place}/events"):
        seen.append(kind)
        port = data["ports"].get("own-number") if kind == "progress" else None
        if port and port["state"] == "ACTION_REQUIRED" and corrected is None:
            port_in = data["lines"]["own-number"]["result"]["port_in_workflow_id"]
            correction = {"account_number": "100200300", "by": "web shop"}
            same = await http.post(f"/port-ins/{port_in}/correction", json=correction)
            assert same.status_code == 409
            assert same.json()["detail"] == "account_number: unchanged since the rejection"
            correction["account_number"] = "100200301"
            corrected = await http.post(f"/port-ins/{port_in}/correction", json=correction)

    assert corrected
    assert corrected.json() == {"state": "ACTION_REQUIRED"}
    assert seen.count("progress") > 1
    assert seen[-1] == "complete"
    assert data["complete"] is True
    shown = (await http.get(place)).json()
    assert shown["ports"]["own-number"]["state"] == "COMPLETED"
    late = await http.delete(f"/port-ins/{port_in}", params={"by": "web shop", "reason": "late"})
    assert late.status_code == 404  # it has ended


async def test_cancel_ends_the_stream_and_keeps_the_port_in(http: httpx.AsyncClient) -> None:
    wanted = request("cancelled", phone_number="+18015550189")
    del wanted["lines"][0]["number"]["account_pin"]
    place = (await http.post("/onboardings", json=wanted)).headers["location"]
    port_in = ""
    async for kind, data in events(http, f"{place}/events"):
        port = data["ports"].get("own-number") if kind == "progress" else None
        if port and port["state"] == "INFO_REQUIRED" and not port_in:
            port_in = data["lines"]["own-number"]["result"]["port_in_workflow_id"]
            assert (await http.delete(place)).status_code == 202

    assert (kind, data) == ("failed", {"detail": "Workflow cancelled"})
    cancel = {"by": "web shop", "reason": "the subscriber stays"}
    assert (await http.delete(f"/port-ins/{port_in}", params=cancel)).json() == {
        "state": "INFO_REQUIRED"
    }
    async with asyncio.timeout(20):
        streamed = [data async for _, data in events(http, f"/port-ins/{port_in}/events")]
    assert streamed[-1]["state"] == PortState.CANCELLED
    assert (await http.get(f"/port-ins/{port_in}")).json() == streamed[-1]


async def test_incomplete_result_is_in_the_last_event(
    http: httpx.AsyncClient, harness: Harness
) -> None:
    wanted = request("incomplete") | {"packages": [{"key": "single", "package_id": "PID-none"}]}
    wanted["lines"][0]["number"] = {"kind": "new"}
    place = (await http.post("/onboardings", json=wanted)).headers["location"]
    *_, (kind, data) = [event async for event in events(http, f"{place}/events")]
    assert kind == "incomplete"
    assert data["lines"][0]["phone_number"] in {
        n.number for n in harness.telegent.state.numbers.values()
    }
    assert data["errors"]


async def test_invalid_request_lists_all_errors_without_values(http: httpx.AsyncClient) -> None:
    wanted = request("faulty", account_pin="no spaces allowed") | {"reference": "two words"}
    wanted["subscribers"][0]["password"] = "short"
    wanted["lines"][0]["package"] = "singel"
    refused = await http.post("/onboardings", json=wanted)

    assert refused.status_code == 422
    places = [fault.partition(": ")[0] for fault in refused.json()["errors"]]
    assert places == [
        "reference",
        "subscribers.0.password",
        "lines.0.number.account_pin",
        "lines.0.package",
    ]
    assert "no spaces allowed" not in refused.text
    assert "short" not in refused.text

    port_in = "/port-ins/port-in-0123456789abcdef01234567"
    refused = await http.post(f"{port_in}/correction", json={"account_pin": "4 8"})
    assert [fault.partition(": ")[0] for fault in refused.json()["errors"]] == ["account_pin", "by"]
    assert "4 8" not in refused.text
    assert (await http.post("/onboardings", content=b"{")).status_code == 422


async def test_unknown_reference_is_404(http: httpx.AsyncClient) -> None:
    port_in = "/port-ins/port-in-0123456789abcdef01234567"
    correction = {"account_pin": "482913", "by": "web shop"}
    assert (await http.get("/onboardings/none-such")).status_code == 404
    assert (await http.get("/onboardings/none-such/events")).status_code == 404
    assert (await http.delete("/onboardings/none-such")).status_code == 404
    assert (await http.post(f"{port_in}/correction", json=correction)).status_code == 404
    assert (await http.get(f"{port_in}/events")).status_code == 404
    assert (await http.get("/port-ins/onboarding-streamed")).status_code == 422
