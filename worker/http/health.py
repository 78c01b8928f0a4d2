"""Two HTTP answers for whoever supervises the process: is it alive, can it be given work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from worker.errors import WorkerError

HEALTH_CHECK_TIMEOUT = timedelta(seconds=3)


async def is_temporal_serving(client: Client) -> bool:
    """Whether Temporal answers that it serves, within `TIMEOUT`."""
    try:
        return await client.service_client.check_health(timeout=HEALTH_CHECK_TIMEOUT)
    except RPCError:
        return False


@asynccontextmanager
async def serve_health(
    host: str, port: int, is_ready: Callable[[], Awaitable[bool]]
) -> AsyncIterator[None]:
    """Answer while the block runs. Raises WorkerError if the address cannot be listened on.

    `GET /healthz`: 200 as soon as the event loop gets to answer. `GET /readyz`: 200 if `ready`,
    otherwise 503. Neither looks at recent work: a quiet worker is a healthy one, a busy one too.
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
            pass  # the asker went away or sent no request line
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
