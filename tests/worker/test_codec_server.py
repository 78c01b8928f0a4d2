import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
import uvicorn
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload, Payloads

from telegent_orchestrator.encryption import EncryptionCodec, PayloadKey
from worker.codec_server import codec_app

UI = "http://localhost:8080"
PLAIN = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "eyJhIjogMX0="}]}


@pytest_asyncio.fixture(scope="session")
async def server() -> AsyncIterator[httpx.AsyncClient]:
    app = codec_app(EncryptionCodec([PayloadKey("k1", os.urandom(32))]), [UI])
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, lifespan="off")
    running = uvicorn.Server(config)
    serving = asyncio.create_task(running.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client
    running.should_exit = True
    await serving


async def test_decode_undoes_encode(server: httpx.AsyncClient) -> None:
    sealed = (await server.post("/encode", json=PLAIN)).json()
    assert base64.b64decode(sealed["payloads"][0]["metadata"]["encoding"]) == b"binary/encrypted"
    assert (await server.post("/decode", json=sealed)).json() == PLAIN


async def test_decode_leaves_plain_payloads(server: httpx.AsyncClient) -> None:
    assert (await server.post("/decode", json=PLAIN)).json() == PLAIN


async def test_no_payloads_at_all(server: httpx.AsyncClient) -> None:
    assert (await server.post("/decode", json={})).json() == {}


async def test_unknown_key_is_named(server: httpx.AsyncClient) -> None:
    (sealed,) = await EncryptionCodec([PayloadKey("k9", os.urandom(32))]).encode([Payload()])
    answer = await server.post("/decode", json=MessageToDict(Payloads(payloads=[sealed])))
    assert answer.status_code == 400
    assert "'k9'" in answer.text


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[1]", b'{"payloads": 3}', b"\xff\xfe"])
async def test_what_is_not_payloads_is_refused(server: httpx.AsyncClient, body: bytes) -> None:
    answer = await server.post("/decode", content=body)
    assert answer.status_code == 400
    assert answer.text == "the body is not Temporal Payloads JSON"


async def test_reading_is_not_offered(server: httpx.AsyncClient) -> None:
    assert (await server.get("/decode")).status_code == 405


async def preflight(server: httpx.AsyncClient, origin: str) -> httpx.Response:
    return await server.options(
        "/decode",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-namespace",
        },
    )


async def test_the_ui_may_ask(server: httpx.AsyncClient) -> None:
    allowed = await preflight(server, UI)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == UI
    answer = await server.post("/decode", json=PLAIN, headers={"Origin": UI})
    assert answer.headers["access-control-allow-origin"] == UI


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:8080.evil", "null"])
async def test_other_sites_may_not(server: httpx.AsyncClient, origin: str) -> None:
    assert (await preflight(server, origin)).status_code == 400
    answer = await server.post("/decode", json=PLAIN, headers={"Origin": origin})
    # Without this header a browser keeps the answer from the page that asked.
    assert "access-control-allow-origin" not in answer.headers
