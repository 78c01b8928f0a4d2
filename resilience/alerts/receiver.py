"""A receiver of events, which accepts them or rejects them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devstack.tcp_ports import HOST

ACCEPTED, REJECTED = "204 No Content", "400 Bad Request"


class Receiver:
    """An HTTP server.

    Attributes:
        status: Of its responses.
        url: Where it listens.
    """

    def __init__(self) -> None:
        self.status = ACCEPTED
        self.url = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen while the block runs."""
        server = await asyncio.start_server(self._respond, HOST, 0)
        self.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}/events"
        async with server:
            yield

    async def _respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")[1:]
        headers = dict(line.split(": ", 1) for line in lines if line)
        await reader.readexactly(int(headers.get("content-length", 0)))
        response = f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        writer.write(response.encode())
        await writer.drain()
        writer.close()
