"""An HTTP transport whose chosen calls cannot connect to the vendor."""

import socket
from types import TracebackType
from typing import Self

import httpx

from simulator import Fault
from simulator.engine.faults import FaultInjector


class UnreachableTransport(httpx.AsyncBaseTransport):
    """Sends the calls that a fault matches to a port that refuses connections; others pass.

    Attributes:
        hits: Method and path of each call that was sent there.
    """

    def __init__(self, *faults: Fault) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self._faults = FaultInjector()
        for fault in faults:
            self._faults.add(fault)
        self.hits: list[tuple[str, str]] = []
        # Bound and not listening: no other process gets the port, and it refuses every connection.
        self._closed = socket.socket()
        self._closed.bind(("127.0.0.1", 0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises httpx.ConnectError if the fault matches it."""
        if self._faults.next(request.method, request.url.path):
            self.hits.append((request.method, request.url.path))
            request.url = request.url.copy_with(port=self._closed.getsockname()[1])
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Release the port."""
        self._closed.close()
        await self._inner.aclose()

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def __aenter__(self) -> Self:
        return self
