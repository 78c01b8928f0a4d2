"""The webhook over real HTTP, with a real Temporal server and real port-ins behind it."""

import asyncio
import contextlib
import gzip
import json
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import uvicorn
from hypothesis import HealthCheck, given, settings, strategies as st
from starlette.applications import Starlette
from temporalio.client import Client

import worker.http.webhook
from activities import PollSchedule
from devstack.tcp_ports import free_ports
from simulator import CarrierSetup, CarrierTimings, Simulator, SimulatorOptions
from telegent_orchestrator.client import Orchestrator, PortInHandle
from telegent_orchestrator.names import ORDER_ATTRIBUTE
from telegent_orchestrator.port_in import PortInDetails, PortInRequest, PortState
from tests.harness import SETTINGS, Harness, dev_server
from tests.harness.payloads import port_in
from tests.harness.processes import base_environment, free_port, started_process
from tests.harness.waiting import TEST_TIMEOUT
from worker.http import serving
from worker.http.webhook import MAX_BODY_BYTES, ORDER_UPDATE_PATH, webhook_app
from worker.settings import SettingsError, WebhookSettings, load_settings

NUMBER = "+18015550142"
USERNAME, PASSWORD, TOKEN = "telegent", "correct: horse", "a-long-token"
BASIC = httpx.BasicAuth(USERNAME, PASSWORD)
AT_ONCE = CarrierTimings(acknowledge_after=1, decide_after=1, complete_after=1)
DEBOUNCE = timedelta(seconds=0.3)


@pytest.fixture(autouse=True)
def gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.http.webhook, "DEBOUNCE", DEBOUNCE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server() -> AsyncIterator[Client]:
    async with dev_server() as client:
        yield client


@asynccontextmanager
async def webhook(client: Client) -> AsyncIterator[httpx.AsyncClient]:
    options = {"webhook_username": USERNAME, "webhook_password": PASSWORD, "webhook_token": TOKEN}
    app = webhook_app(client, WebhookSettings.model_validate(options))
    listener = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    serving = asyncio.create_task(running.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, auth=BASIC, trust_env=False) as http:
        yield http
    running.should_exit = True
    await serving


@pytest_asyncio.fixture(loop_scope="session")
async def http(server: Client) -> AsyncIterator[httpx.AsyncClient]:
    async with webhook(server) as client:
        yield client


async def counters(http: httpx.AsyncClient) -> dict[str, int]:
    found: dict[str, int] = (await http.get("/healthz")).json()["counters"]
    return found


@asynccontextmanager
async def slow_harness(client: Client) -> AsyncIterator[Harness]:
    """Yield a harness whose port-ins poll their orders twice, and then not for an hour."""
    carrier = CarrierSetup(timings=AT_ONCE)
    simulator = Simulator(SimulatorOptions(carrier=carrier, manual_clock=True))
    mine = uuid4().hex[:8]
    pace = PollSchedule(fixed=timedelta(hours=1), min_interval=timedelta(seconds=0.1))
    async with simulator.serve() as url:
        settings = replace(SETTINGS, id_key=mine, port_poll_schedule=pace)
        harness = Harness(client, simulator, Orchestrator(client, id_key=mine), settings, url)
        async with harness.running_workers():
            yield harness


async def submitted(harness: Harness) -> tuple[PortInHandle, str]:
    """Return a port-in that only needs one more poll, and the id of its order."""
    details = PortInDetails.model_validate(port_in(NUMBER))
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=details))
    async with asyncio.timeout(TEST_TIMEOUT):
        while True:
            order_id = (await handle.status()).order_id
            poll_at = await handle.next_poll_at()
            waits = poll_at and poll_at > datetime.now(UTC) + timedelta(minutes=30)
            query = f'{ORDER_ATTRIBUTE} = "{order_id}"'
            if order_id and waits and (await harness.temporal.count_workflows(query)).count:
                harness.advance(AT_ONCE.complete_after)
                return handle, order_id
            await asyncio.sleep(0.05)


async def signals(client: Client, handle: PortInHandle) -> int:
    history = await client.get_workflow_handle(handle.id).fetch_history()
    return sum(
        event.HasField("workflow_execution_signaled_event_attributes") for event in history.events
    )


async def test_order_update_starts_a_poll_at_once(
    server: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with slow_harness(server) as harness:
        handle, order_id = await submitted(harness)
        assert (await handle.status()).state is not PortState.COMPLETED

        monkeypatch.setattr(worker.http.webhook, "DEBOUNCE", timedelta(seconds=3))
        burst = [
            http.post(ORDER_UPDATE_PATH, json={"Data": [{"OrderId": order_id}]}) for _ in range(5)
        ]
        responses = await asyncio.gather(*burst)

        assert [response.status_code for response in responses] == [200] * 5
        async with asyncio.timeout(TEST_TIMEOUT):
            assert (await handle.result()).state is PortState.COMPLETED
        assert await signals(server, handle) == 1
        assert await counters(http) == {"received": 5, "coalesced": 4, "signals": 1}

        # The port-in has ended: there is nothing left to tell.
        assert (await http.put(ORDER_UPDATE_PATH, json={"OrderId": order_id})).status_code == 200
        assert (await counters(http))["unknown_orders"] == 1


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic dGVsZWdlbnQ6d3Jvbmc=",
        f"Bearer {TOKEN}x",
        f"Bearer {PASSWORD}",
        f"Basic {TOKEN}",
        "Bearer \xff",
    ],
)
async def test_wrong_credentials_are_rejected(http: httpx.AsyncClient, header: str | None) -> None:
    headers = [(b"authorization", header.encode("latin-1"))] if header is not None else []
    request = http.build_request(
        "POST", ORDER_UPDATE_PATH, content=b"OrderId=JNUOID-1", headers=headers
    )

    response = await http.send(request, auth=None)

    assert response.status_code == 401
    assert "Basic" in response.headers["www-authenticate"]
    assert await counters(http) == {"received": 1, "unauthorized": 1}


async def test_bearer_token_is_accepted(http: httpx.AsyncClient) -> None:
    request = http.build_request(
        "POST", ORDER_UPDATE_PATH, headers={"Authorization": f"bearer {TOKEN}"}
    )
    assert (await http.send(request, auth=None)).status_code == 200


async def test_body_above_the_limit_is_rejected_unread(http: httpx.AsyncClient) -> None:
    order = b"OrderId=JNUOID-large "
    assert (
        await http.post(ORDER_UPDATE_PATH, content=order.ljust(MAX_BODY_BYTES))
    ).status_code == 200

    async def chunks() -> AsyncIterator[bytes]:
        yield order
        yield b"x" * MAX_BODY_BYTES

    response = await http.post(ORDER_UPDATE_PATH, content=chunks())

    assert response.status_code == 413
    found = await counters(http)
    assert (found["too_large"], found["unknown_orders"]) == (1, 1)


async def test_methods_other_than_post_and_put_are_rejected(http: httpx.AsyncClient) -> None:
    assert (await http.get(ORDER_UPDATE_PATH)).status_code == 405
    assert (await http.delete(ORDER_UPDATE_PATH)).status_code == 405


UPDATE = '{"OrderId": "JNUOID-12"}'


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"no gzip", "gzip"),
        (b"brotli", "br"),
        (gzip.compress(b" " * (MAX_BODY_BYTES + 1)), "gzip"),
        (gzip.compress(UPDATE.encode())[:-12], "gzip"),
        (gzip.compress(b"{}") + gzip.compress(UPDATE.encode()), "gzip"),
    ],
    # Compressed data contain the time, and test ids must be the same in all processes.
    ids=["no gzip", "unknown encoding", "too long", "truncated", "two members"],
)
async def test_body_that_cannot_be_decoded_is_415(
    http: httpx.AsyncClient, body: bytes, encoding: str
) -> None:
    headers = {"Content-Encoding": encoding}
    response = await http.post(ORDER_UPDATE_PATH, content=body, headers=headers)
    assert response.status_code == 415
    assert (await counters(http))["unreadable"] == 1


async def test_connection_with_slow_headers_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEADER_TIMEOUT", 0.3)
    (port,) = free_ports(1)
    running = serving.server(Starlette(), "127.0.0.1", port)
    task = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.01)
    try:
        for request in (
            b"",
            b"GET / HTTP/1.1\r\nHost: a\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            response = await asyncio.wait_for(reader.read(), TEST_TIMEOUT)
            assert response.startswith(b"HTTP/1.1 404") == (b"\r\n\r\n" in request)
            writer.close()
    finally:
        running.should_exit = True
        await task


async def test_malformed_body_is_acknowledged_without_a_signal(http: httpx.AsyncClient) -> None:
    bodies: list[bytes] = []

    # Collected first, because hypothesis does not run coroutines.
    @settings(max_examples=60, suppress_health_check=list(HealthCheck), database=None)
    @given(st.binary(max_size=4000) | st.recursive(st.none() | st.text(), st.lists).map(as_json))
    def collect(body: bytes) -> None:
        bodies.append(body)

    collect()
    responses = await asyncio.gather(
        *(http.post(ORDER_UPDATE_PATH, content=body) for body in bodies)
    )

    assert {response.status_code for response in responses} == {200}
    found = await counters(http)
    assert found["received"] == len(bodies)
    assert "signals" not in found


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


async def test_unknown_order_is_acknowledged(http: httpx.AsyncClient) -> None:
    response = await http.post(ORDER_UPDATE_PATH, json={"OrderId": "JNUOID-nobody"})
    assert response.status_code == 200
    assert await counters(http) == {"received": 1, "unknown_orders": 1}


async def test_log_contains_only_the_order_id_of_the_body(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"OrderId": "JNUOID-logged", "Number": NUMBER, "Pin": "482913"}
    with caplog.at_level(logging.DEBUG):
        await http.post(ORDER_UPDATE_PATH, json=body)
        await http.post(ORDER_UPDATE_PATH, content=f"number={NUMBER}".encode())
        await http.post(
            ORDER_UPDATE_PATH, json={"OrderId": "2718281828"}
        )  # not in the vendor's form

    written = "".join(record.getMessage() for record in caplog.records) + str(capsys.readouterr())
    assert "JNUOID-logged" in written
    assert "2718281828" not in written
    assert NUMBER[1:] not in written
    assert "482913" not in written


async def test_unavailable_temporal_returns_503(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker.http.webhook, "TEMPORAL_TIMEOUT", timedelta(seconds=1))
    async with dev_server() as unavailable:
        pass
    async with webhook(unavailable) as http:
        response = await http.post(ORDER_UPDATE_PATH, json={"OrderId": "JNUOID-1"})
        assert response.status_code == 503
        assert (await http.post(ORDER_UPDATE_PATH, content=b"no order")).status_code == 200
        assert (await counters(http))["temporal_unreachable"] == 1
        assert (await http.get("/readyz")).status_code == 503


async def test_webhook_command_serves_until_stopped(server: Client) -> None:
    port = free_port()
    env = base_environment(
        TEMPORAL_ADDRESS=server.service_client.config.target_host,
        TELEGENT_WEBHOOK_PORT=str(port),
        TELEGENT_WEBHOOK_TOKEN=TOKEN,
    )
    url = f"http://127.0.0.1:{port}"
    async with (
        started_process(env, "webhook") as process,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
        asyncio.timeout(TEST_TIMEOUT),
    ):
        while True:
            with contextlib.suppress(httpx.ConnectError):
                await http.get("/healthz")
                break
            await asyncio.sleep(0.1)
        assert (await http.get("/readyz")).status_code == 200
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert (await http.post(ORDER_UPDATE_PATH, content="JNUOID-1")).status_code == 401
        sent = asyncio.create_task(
            http.post(ORDER_UPDATE_PATH, content="JNUOID-1", headers=headers)
        )
        while (await counters(http))["received"] < 2:
            await asyncio.sleep(0.02)
        process.terminate()
        # What was in hand when it had to stop is still answered.
        assert (await sent).status_code == 200
        out, err = await process.communicate()

    assert b'"order_id": "JNUOID-1"' in out
    assert not err
    assert TOKEN.encode() not in out


class TestSettings:
    @pytest.fixture(autouse=True)
    def nothing_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in list(os.environ):
            if name.startswith("TELEGENT_"):
                monkeypatch.delenv(name)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "webhook.example.com"])
    def test_public_address_without_credentials_is_rejected(
        self, monkeypatch: pytest.MonkeyPatch, host: str
    ) -> None:
        monkeypatch.setenv("TELEGENT_WEBHOOK_HOST", host)
        with pytest.raises(SettingsError) as refused:
            load_settings(WebhookSettings)
        (line,) = refused.value.messages
        assert line.startswith(f"TELEGENT_WEBHOOK_HOST={host}: needs TELEGENT_WEBHOOK_TOKEN, or")

        monkeypatch.setenv("TELEGENT_WEBHOOK_TOKEN", TOKEN)
        assert TOKEN in load_settings(WebhookSettings).secrets()

    @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
    def test_loopback_address_needs_no_credentials(
        self, monkeypatch: pytest.MonkeyPatch, host: str
    ) -> None:
        monkeypatch.setenv("TELEGENT_WEBHOOK_HOST", host)
        assert load_settings(WebhookSettings).webhook_host == host

    @pytest.mark.parametrize("name", ["USERNAME", "PASSWORD"])
    def test_user_name_without_password_is_rejected(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setenv(f"TELEGENT_WEBHOOK_{name}", "half")
        with pytest.raises(SettingsError, match="must be set together") as refused:
            load_settings(WebhookSettings)
        assert "half" not in str(refused.value)
