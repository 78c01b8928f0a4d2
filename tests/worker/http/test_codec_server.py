import asyncio
import base64
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload, Payloads

import worker.http.codec_server
from telegent_orchestrator.encryption import EncryptionCodec, PayloadKey
from tests.harness.processes import (
    ProcessResult,
    base_environment,
    free_port,
    started_process,
    wait_result,
)
from tests.harness.waiting import TEST_TIMEOUT
from tests.worker.serving import serve_app
from worker.http.codec_server import MAX_BODY_BYTES, codec_app
from worker.settings.codec import Operator, parse_operators

UI = "http://localhost:8080"
CONTENT = b'{"a": 1}'
PLAIN = {
    "payloads": [
        {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": base64.b64encode(CONTENT).decode()}
    ]
}
CODEC = EncryptionCodec([PayloadKey("k1", os.urandom(32))])
ANNA, BEN = "anna-token-0123456789abcdef", "ben-token-0123456789abcdef"
OPERATORS = [Operator("anna", SecretStr(ANNA)), Operator("ben", SecretStr(BEN))]


@pytest_asyncio.fixture(scope="session")
async def server() -> AsyncIterator[httpx.AsyncClient]:
    """Without operators, as on a developer's machine."""
    async with serve_app(codec_app(CODEC, [UI])) as client:
        yield client


@pytest_asyncio.fixture(scope="session")
async def guarded() -> AsyncIterator[httpx.AsyncClient]:
    async with serve_app(codec_app(CODEC, [UI], OPERATORS)) as client:
        yield client


async def test_decode_returns_the_encoded_payloads(server: httpx.AsyncClient) -> None:
    sealed = (await server.post("/encode", json=PLAIN)).json()
    assert base64.b64decode(sealed["payloads"][0]["metadata"]["encoding"]) == b"binary/encrypted"
    response = await server.post("/decode", json=sealed)
    assert response.json() == PLAIN
    assert response.headers["cache-control"] == "no-store"


async def test_decode_passes_plain_payloads_through(server: httpx.AsyncClient) -> None:
    assert (await server.post("/decode", json=PLAIN)).json() == PLAIN


async def test_empty_payload_list_is_accepted(server: httpx.AsyncClient) -> None:
    assert (await server.post("/decode", json={})).json() == {}


async def test_unknown_key_is_named(server: httpx.AsyncClient) -> None:
    (sealed,) = await EncryptionCodec([PayloadKey("k9", os.urandom(32))]).encode([Payload()])
    response = await server.post("/decode", json=MessageToDict(Payloads(payloads=[sealed])))
    assert response.status_code == 400
    assert "'k9'" in response.text


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[1]", b'{"payloads": 3}', b"\xff\xfe", b"[" * 100_000]
)
async def test_malformed_body_is_rejected(server: httpx.AsyncClient, body: bytes) -> None:
    response = await server.post("/decode", content=body)
    assert response.status_code == 400
    assert response.text == "the body is not Temporal Payloads JSON"


async def test_get_requests_are_rejected(server: httpx.AsyncClient) -> None:
    assert (await server.get("/decode")).status_code == 405


async def test_endless_body_is_cut_off(guarded: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    headers = {"Authorization": f"Bearer {ANNA}"}
    # It closes while we still send: whether its answer gets through first is up to the system.
    with suppress(httpx.WriteError, httpx.ReadError):
        response = await guarded.post("/decode", content=endless(), headers=headers)
        assert response.status_code == 413
    assert sent < 4 * MAX_BODY_BYTES


async def test_stalled_body_times_out(
    server: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.http.codec_server, "BODY_TIMEOUT", timedelta(seconds=0.2))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.base_url.port)
    writer.write(b"POST /decode HTTP/1.1\r\nHost: codec\r\nContent-Length: 2\r\n\r\n{")
    async with asyncio.timeout(TEST_TIMEOUT):
        assert b" 408 " in await reader.readline()
    writer.close()


async def preflight(
    server: httpx.AsyncClient, origin: str, headers: str = "content-type,x-namespace"
) -> httpx.Response:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers}
    return await server.options("/decode", headers={"Origin": origin, **preflight})


async def test_ui_origin_is_allowed(server: httpx.AsyncClient) -> None:
    allowed = await preflight(server, UI)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == UI
    response = await server.post("/decode", json=PLAIN, headers={"Origin": UI})
    assert response.headers["access-control-allow-origin"] == UI
    assert "access-control-allow-credentials" not in {**allowed.headers, **response.headers}


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://localhost:8080.evil", "https://localhost:8080", "null"],
)
async def test_other_origins_are_rejected(server: httpx.AsyncClient, origin: str) -> None:
    assert (await preflight(server, origin)).status_code == 400
    response = await server.post("/decode", json=PLAIN, headers={"Origin": origin})
    assert response.status_code == 403
    assert "TELEGENT_CODEC_ALLOWED_ORIGINS" in response.text
    assert "access-control-allow-origin" not in response.headers


async def test_preflight_needs_no_token_and_allows_ui_headers(
    guarded: httpx.AsyncClient,
) -> None:
    allowed = await preflight(guarded, UI, "authorization,content-type,x-namespace")
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert allowed.headers["access-control-allow-origin"] == UI
    assert (await preflight(guarded, UI, "x-other")).status_code == 400


@pytest.mark.parametrize("path", ["/encode", "/decode"])
@pytest.mark.parametrize(
    "credentials",
    [
        f"Bearer {ANNA}",
        f"bearer  {BEN}",
        httpx.BasicAuth("anna", ANNA),
        httpx.BasicAuth("ben", BEN),
    ],
    ids=["Bearer", "bearer", "Basic", "Basic of another"],
)
async def test_operator_token_is_accepted(
    guarded: httpx.AsyncClient, path: str, credentials: str | httpx.Auth
) -> None:
    assert (await _request_with(guarded, path, credentials)).status_code == 200


@pytest.mark.parametrize("path", ["/encode", "/decode"])
@pytest.mark.parametrize(
    "credentials",
    ["", "Bearer", f"Bearer {ANNA[:-1]}", f"Bearer {ANNA}x", ANNA, "Basic !", f"Basic {ANNA}"]
    + [httpx.BasicAuth(*pair) for pair in (("anna", BEN), ("", ANNA), ("carl", ANNA), (ANNA, ""))],
    ids=lambda given: given if isinstance(given, str) else "Basic",
)
async def test_unknown_token_is_rejected(
    guarded: httpx.AsyncClient, path: str, credentials: str | httpx.Auth
) -> None:
    response = await _request_with(guarded, path, credentials)
    assert response.status_code == 401
    assert "TEMPORAL_CODEC_AUTH" in response.text
    assert response.headers["www-authenticate"].startswith("Basic ")


async def _request_with(
    server: httpx.AsyncClient, path: str, credentials: str | httpx.Auth
) -> httpx.Response:
    if isinstance(credentials, httpx.Auth):
        return await server.post(path, json=PLAIN, auth=credentials)
    return await server.post(path, json=PLAIN, headers={"Authorization": credentials})


async def test_missing_token_is_a_readable_401(guarded: httpx.AsyncClient) -> None:
    response = await guarded.post("/decode", json=PLAIN, headers={"Origin": UI})
    assert response.status_code == 401
    assert response.headers["access-control-allow-origin"] == UI
    # To Basic a browser would answer with a prompt, and hold the call back until then.
    assert response.headers["www-authenticate"].startswith("Bearer ")


async def test_browser_signs_in_at_the_root(guarded: httpx.AsyncClient) -> None:
    preflight = await guarded.get("/")
    assert preflight.status_code == 401
    assert preflight.headers["www-authenticate"].startswith("Basic ")
    assert "anna" in (await guarded.get("/", auth=("anna", ANNA))).text


async def test_health_needs_no_token(guarded: httpx.AsyncClient) -> None:
    assert (await guarded.get("/healthz")).status_code == 200


async def test_access_log_names_operator_and_workflow_without_content() -> None:
    done = await _used(TELEGENT_LOG_LEVEL="ERROR")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [
        (line["event"], line["operator"], line["namespace"], line["payloads"])
        for line in lines
        if line["logger"] == "codec_audit"
    ] == [("encrypted", "anna", "mobile", 1), ("decrypted", "ben", "not named", 1)]
    assert all("timestamp" in line for line in lines)
    for secret in (ANNA, BEN, CONTENT.decode(), base64.b64encode(CONTENT).decode()):
        assert secret not in done.out + done.err


async def test_rejected_access_is_logged_without_the_token() -> None:
    done = await _used()
    (refused,) = [line for line in done.out.splitlines() if "missing credentials" in line]
    assert json.loads(refused)["client"] == "127.0.0.1"
    assert "a-guess" not in done.out


async def _used(**variables: str) -> ProcessResult:
    """A codec server after two good calls and one with a wrong token."""
    port = free_port()
    key = base64.b64encode(os.urandom(32)).decode()
    env = base_environment(
        TELEGENT_PAYLOAD_KEYS=f"k:{key}",
        TELEGENT_CODEC_PORT=str(port),
        TELEGENT_CODEC_OPERATORS=f"anna:{ANNA},ben:{BEN}",
        **variables,
    )
    async with started_process(env, "codec-server") as process:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            while True:
                with suppress(httpx.ConnectError):
                    await http.get("/healthz")
                    break
                await asyncio.sleep(0.05)
            named = {"X-Namespace": "mobile", "Authorization": f"Bearer {ANNA}"}
            await http.post("/encode", json=PLAIN, headers=named)
            await http.post("/decode", json=PLAIN, auth=("ben", BEN), headers={"X-Namespace": "{}"})
            await http.post("/decode", json=PLAIN, headers={"Authorization": "Bearer a-guess"})
        process.send_signal(signal.SIGTERM)
        return await wait_result(process)


def test_operators_are_separated_by_lines_or_commas() -> None:
    read = parse_operators(f"anna:{ANNA}\nben:{BEN},\n anna:{ANNA}2\n")
    assert [operator.name for operator in read] == ["anna", "ben", "anna"]
    assert [operator.token.get_secret_value() for operator in read] == [ANNA, BEN, f"{ANNA}2"]
    assert ANNA not in repr(read)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (ANNA, "entry 1 must be name:token"),
        (f"an na:{ANNA}", "entry 1 must be name:token"),
        (f"anna:{ANNA},ben:short-9876", "token in entry 2 must be 24"),
        (f"anna:{ANNA} x", "token in entry 1 must be 24"),
        (f"anna:{ANNA},ben:{ANNA}", "entry 2 repeats the token"),
    ],
)
def test_invalid_operator_is_named_by_position(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        parse_operators(text)
    assert ANNA not in str(refused.value)
    assert "9876" not in str(refused.value)
