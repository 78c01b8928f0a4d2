"""An HTTP server that receives events, and can refuse them or be down."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from telegent_orchestrator.events import Event
from tests.harness.waiting import wait_until

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Event:
        return Event.model_validate_json(self.body)


@dataclass
class Receiver:
    """A tiny HTTP server; `answers` are its next status lines, then it says `usual`."""

    responses: list[str] = field(default_factory=list)
    usual: str = "204 No Content"
    received: list[Received] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events?token=hidden"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._respond, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = dict(line.lower().split(": ", 1) for line in head if line)
        body = await reader.readexactly(int(headers["content-length"]))
        exact = dict(line.split(": ", 1) for line in head if line)
        self.received.append(Received(exact, body))
        status = self.responses.pop(0) if self.responses else self.usual
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    async def has(self, count: int) -> Sequence[Received]:
        await wait_until(lambda: len(self.received) >= count)
        assert len(self.received) == count
        return self.received

    async def has_events(self, count: int, after: int = 0) -> None:
        """Returns when so many different ones have come, not counting the first `after`."""
        await wait_until(lambda: len({one.event.id for one in self.received[after:]}) >= count)
