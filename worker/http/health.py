"""Liveness and readiness checks over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from worker.errors import WorkerError

HEALTH_CHECK_TIMEOUT = timedelta(seconds=3)


async def is_temporal_serving(client: Client) -> bool:
    """Whether Temporal reports that it serves, within HEALTH_CHECK_TIMEOUT."""
    try:
        return await client.service_client.check_health(timeout=HEALTH_CHECK_TIMEOUT)
    except RPCError:
        return False


@asynccontextmanager
async def serve_health(
    host: str, port: int, is_ready: Callable[[], Awaitable[bool]]
) -> AsyncIterator[None]:
    """Serve health checks while the block runs.

    `GET /healthz` returns 200 while the event loop runs. `GET /readyz` returns 200 if `is_ready`,
    otherwise 503. Neither depends on recent work, so idle and busy workers are both healthy.

    Raises:
        WorkerError: The address cannot be listened on.
    """

    async def handle_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(2 * HEALTH_CHECK_TIMEOUT.total_seconds()):
                request = (await reader.readline()).decode("latin-1").split()
                status = "404 Not Found"
                if request[:2] == ["GET", "/healthz"]:
                    status = "200 OK"
                elif request[:2] == ["GET", "/readyz"]:
                    status = "200 OK" if await is_ready() else "503 Service Unavailable"
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
                )
                await writer.drain()
        except (TimeoutError, OSError, ValueError):
            pass  # the client disconnected or sent no request line
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(handle_connection, host, port)
    except OSError as error:
        raise WorkerError(
            f"health checks cannot listen on {host}:{port}: {error.strerror or error}; see "
            "TELEGENT_HEALTH_HOST and TELEGENT_HEALTH_PORT"
        ) from error
    async with server:
        yield
