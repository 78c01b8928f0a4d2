"""What a request over a real socket says about its effect."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from telegent import (
    AccountCreate,
    OutcomeUnknownError,
    RateLimiter,
    RequestNotSentError,
    Telegent,
    Timeouts,
    send_deadline,
)
from tests.harness.waiting import TEST_TIMEOUT

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Socket:
    """Gives out tokens and treats every other request as `handle` says."""

    def __init__(self) -> None:
        self.handle: Handler = drop
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if b"-length:" in h), 0
            )
            await reader.readexactly(length)
            if b"/OAuth2/tokens" in head:
                body = b'{"token": "t", "successful": true}'
                writer.write(
                    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                    % len(body)
                )
                writer.write(body)
                await writer.drain()
            else:
                await self.handle(reader, writer)
        finally:
            writer.close()


async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close without an answer."""


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"Acc')
    await writer.drain()


@pytest.fixture
async def socket() -> AsyncIterator[Socket]:
    socket = Socket()
    server = await asyncio.start_server(socket.serve, "127.0.0.1", 0)
    socket.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield socket
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("handle", [drop, silence, drip, cut])
async def test_request_without_response_is_unknown_outcome(socket: Socket, handle: Handler) -> None:
    socket.handle = handle
    timeouts = Timeouts(connect=1, read=1, write=0.5, pool=0.5, call=6.5)
    async with Telegent("DID-1", "s", base_url=socket.url, timeouts=timeouts) as api:
        with pytest.raises(OutcomeUnknownError):
            await asyncio.wait_for(api.accounts.get("AID-1"), TEST_TIMEOUT)


async def test_refused_connection_is_request_not_sent(socket: Socket) -> None:
    server = await asyncio.start_server(socket.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with Telegent("DID-1", "s", base_url=f"http://127.0.0.1:{port}") as api:
        with pytest.raises(RequestNotSentError):
            await api.accounts.get("AID-1")


async def test_machine_suspended_while_sending_withholds_body(
    socket: Socket,
) -> None:
    carried_out: list[object] = []

    async def carry_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried_out.append(reader)

    @contextmanager
    def stand_still(endpoint: str) -> Iterator[Callable[[], None]]:
        def between_clock_and_body() -> None:
            if endpoint == "POST /v1.0/account/create":
                asyncio.get_running_loop().call_soon(time.sleep, 1.5)

        yield between_clock_and_body

    socket.handle = carry_out
    async with Telegent("DID-1", "s", base_url=socket.url, observer=stand_still) as api:
        soon = datetime.now(UTC) + timedelta(seconds=1)
        with send_deadline(soon), pytest.raises(RequestNotSentError, match="deadline passed"):
            await api.accounts.create(AccountCreate(account_name="Example"))
        await asyncio.sleep(0.1)
    assert carried_out == []


def test_call_timeout_shorter_than_exchange_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"call \(12 s\) must be at least"):
        Timeouts(connect=1, read=2, write=3, pool=4, call=12)


async def test_call_delayed_past_its_deadline_is_not_sent(socket: Socket) -> None:
    socket.handle = silence
    budget = RateLimiter()
    timeouts = Timeouts(connect=0.1, read=0.1, write=0.1, pool=0.1, call=0.6)
    async with Telegent(
        "DID-1", "s", base_url=socket.url, rate_limiter=budget, timeouts=timeouts
    ) as api:
        budget.pause(30)
        with pytest.raises(RequestNotSentError):
            await asyncio.wait_for(api.accounts.get("AID-1"), TEST_TIMEOUT)
        assert api.request_counts.api_calls == api.request_counts.token_calls == 0
