"""A TCP proxy on the loopback address that can hold back bytes, and lose them.

Of several servers behind it, each new connection gets the next one that accepts it.
"""

import asyncio
import contextlib
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

from devstack.tcp_ports import HOST

GZIP = b"\x1f\x8b\x08"
"""First bytes of a compressed message."""


class Proxy:
    """The proxy between one worker and Temporal.

    Attributes:
        address: `host:port` that the worker connects to.
    """

    def __init__(self, upstreams: Sequence[int]) -> None:
        self.address = ""
        self.frozen = False
        self.pipes: set[_Pipe] = set()
        self._upstreams = deque(upstreams)
        self._from_worker = bytearray()
        self._data_recorded = asyncio.Event()
        self._connecting: set[asyncio.Task[None]] = set()

    def freeze(self) -> None:
        """Accept bytes and forward none, in both directions."""
        self.frozen = True
        self._from_worker.clear()

    def thaw(self) -> None:
        """Forward what was held back, and everything that follows."""
        self.frozen = False
        for pipe in list(self.pipes):
            pipe.forward()

    def cut(self) -> None:
        """Drop what is held back and close every connection; new connections are forwarded."""
        self.frozen = False
        for pipe in list(self.pipes):
            pipe.abort()

    async def until_sent(self, fragments: Sequence[bytes]) -> None:
        """Wait until the worker has sent a message that contains all fragments since the freeze."""
        while not any(
            all(fragment in message for fragment in fragments)
            for message in _messages(self._from_worker)
        ):
            self._data_recorded.clear()
            await self._data_recorded.wait()

    def accept(self) -> "_Pipe":
        """Return the worker's side of a new connection, and start to connect the other side."""
        near = _Pipe(self, on_data=self._record)
        task = asyncio.get_running_loop().create_task(self._connect(near))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return near

    async def close(self) -> None:
        """Close every connection."""
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        self.cut()

    async def _connect(self, near: "_Pipe") -> None:
        far = _Pipe(self)
        far.other = near
        for port in list(self._upstreams):
            self._upstreams.rotate(-1)
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().create_connection(lambda: far, HOST, port)
                break
        else:
            near.abort()
            return
        near.other = far
        if near.ended:
            far.abort()
        near.forward()

    def _record(self, data: bytes) -> None:
        if self.frozen:
            self._from_worker += data
            self._data_recorded.set()


class _Pipe(asyncio.Protocol):
    """One side of a connection; what arrives here is sent by `other`."""

    def __init__(self, proxy: Proxy, on_data: Callable[[bytes], None] | None = None) -> None:
        self.other: _Pipe | None = None
        self.ended = False
        self._proxy = proxy
        self._on_data = on_data
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._proxy.pipes.add(self)

    def data_received(self, data: bytes) -> None:
        if self._on_data:
            self._on_data(data)
        self._buffer += data
        self.forward()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self._proxy.pipes.discard(self)
        if self.other is not None and self.other._transport is not None:
            self.other._transport.close()

    def forward(self) -> None:
        if self._buffer and self.other is not None and not self._proxy.frozen:
            assert self.other._transport is not None
            self.other._transport.write(bytes(self._buffer))
            self._buffer.clear()

    def abort(self) -> None:
        self._buffer.clear()
        if self._transport is not None:
            self._transport.abort()


def _messages(data: bytes | bytearray) -> Iterator[bytes]:
    """The decompressed messages in these bytes; gRPC compresses each message separately."""
    for packed in data.split(GZIP)[1:]:
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(GZIP + packed)


@asynccontextmanager
async def run_proxy(*upstreams: int) -> AsyncIterator[Proxy]:
    """Run a proxy to these ports of the loopback address while the block runs."""
    new_proxy = Proxy(upstreams)
    listener = await asyncio.get_running_loop().create_server(new_proxy.accept, HOST, 0)
    new_proxy.address = f"{HOST}:{listener.sockets[0].getsockname()[1]}"
    try:
        yield new_proxy
    finally:
        listener.close()
        await new_proxy.close()
