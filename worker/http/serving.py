"""The HTTP server of our web applications: uvicorn, with a limit on slow requests."""

import asyncio

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEADER_TIMEOUT = 10.0
"""Seconds from the first byte of a connection, or of a further request, to complete headers."""


class TimedProtocol(H11Protocol):
    """Closes connections whose request headers are incomplete for too long.

    uvicorn limits only how long a connection is idle between two requests.
    """

    _header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in H11Protocol
        """Start the time limit of the first request."""
        super().connection_made(transport)
        self._restart_timer()

    def data_received(self, data: bytes) -> None:
        """End the time limit when the headers are complete."""
        super().data_received(data)
        # None before the first request; declared otherwise.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._cancel_timer()
        elif self._header_timer is None:
            self._restart_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the time limit."""
        self._cancel_timer()
        super().connection_lost(exc)

    def _restart_timer(self) -> None:
        self._cancel_timer()
        self._header_timer = self.loop.call_later(HEADER_TIMEOUT, self.transport.close)

    def _cancel_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None


def server(app: Starlette, host: str, port: int) -> uvicorn.Server:
    """A server for the application, which logs through the process's own logging."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=TimedProtocol,
            log_config=None,
            access_log=False,
            lifespan="off",
        )
    )
