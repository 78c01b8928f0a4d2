"""The HTTP server, which can cut connections."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

_ABORT = "simulator.cut"


class _AbortableProtocol(H11Protocol):
    """Adds a way to close the socket to the scope: ASGI has none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner: Any = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[_ABORT] = self.transport.abort
            await inner(scope, receive, send)

        self.app = app


async def abort_connection(scope: Scope, receive: Receive) -> None:
    """Close the client's connection without a response, and return when it is closed."""
    close: Callable[[], None] = scope["extensions"][_ABORT]
    close()
    # Returning earlier would make uvicorn log an error and try a 500 on the closed socket.
    while (await receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def listen(
    vendor: Callable[[Scope, Receive, Send], Any], control: Sequence[Route], host: str, port: int
) -> AsyncIterator[str]:
    """Serve the API and the control API while the block runs. Then close all connections.

    Yields:
        The base URL.

    Raises:
        OSError: The address is not available.
    """
    app: ASGIApp = Starlette(routes=[*control, Route("/{path:path}", endpoint=vendor)])
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", ws="none", timeout_keep_alive=60
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(
        lambda: _AbortableProtocol(config=config, server_state=state, app_state={}),
        host,
        port,
        family=socket.AF_INET,
    )
    try:
        yield f"http://{host}:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        for connection in list(state.connections):
            connection.transport.abort()
        for task in list(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
