"""The proxy between workers and Temporal: what it lets through, holds and loses."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from resilience.harness.network import Proxy, run_proxy
from tests.harness.waiting import TEST_TIMEOUT

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """Remembers what it got, and answers each chunk with OK."""

    def __init__(self) -> None:
        self.got = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(100):
            self.got += chunk
            writer.write(b"OK")
        writer.close()


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def between(server: Server) -> AsyncIterator[Proxy]:
    listener = await asyncio.start_server(server, "127.0.0.1", 0)
    async with listener, run_proxy(listener.sockets[0].getsockname()[1]) as proxy:
        yield proxy


async def connected(between: Proxy) -> Streams:
    host, _, port = between.address.partition(":")
    return await asyncio.open_connection(host, int(port))


async def test_proxy_passes_bytes_in_both_directions(between: Proxy, server: Server) -> None:
    reader, writer = await connected(between)
    writer.write(b"hello")
    assert await reader.readexactly(2) == b"OK"
    assert server.got == b"hello"
    writer.close()


async def test_frozen_connection_delivers_bytes_after_thaw(between: Proxy, server: Server) -> None:
    reader, writer = await connected(between)
    between.freeze()
    writer.write(gzip.compress(b"workflow 7, create_account") + b"more")
    await asyncio.wait_for(between.until_sent([b"workflow 7", b"create_account"]), TEST_TIMEOUT)
    assert server.got == b""
    between.thaw()
    assert await reader.readexactly(2) == b"OK"
    assert server.got.endswith(b"more")
    writer.close()


async def test_fragments_of_two_messages_do_not_match(between: Proxy) -> None:
    _, writer = await connected(between)
    between.freeze()
    writer.write(gzip.compress(b"workflow 7") + gzip.compress(b"create_account"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(between.until_sent([b"workflow 7", b"create_account"]), 0.3)
    writer.close()


async def test_cut_drops_held_bytes_and_allows_new_connections(
    between: Proxy, server: Server
) -> None:
    reader, writer = await connected(between)
    between.freeze()
    writer.write(gzip.compress(b"lost"))
    await asyncio.wait_for(between.until_sent([b"lost"]), TEST_TIMEOUT)
    between.cut()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    reader, writer = await connected(between)
    writer.write(b"hello")
    assert await reader.readexactly(2) == b"OK"
    assert server.got == b"hello"
    writer.close()


async def test_connections_go_to_all_servers_in_turn_except_those_that_have_ended() -> None:
    first, second = Server(), Server()
    listeners = [await asyncio.start_server(each, "127.0.0.1", 0) for each in (first, second)]
    async with run_proxy(*(each.sockets[0].getsockname()[1] for each in listeners)) as proxy:

        async def send(text: bytes) -> None:
            reader, writer = await connected(proxy)
            writer.write(text)
            assert await reader.readexactly(2) == b"OK"
            writer.close()

        await send(b"1")
        await send(b"2")
        assert (first.got, second.got) == (b"1", b"2")

        listeners[0].close()
        await send(b"3")
        await send(b"4")
        assert (first.got, second.got) == (b"1", b"234")
        listeners[1].close()
