"""Two HTTP answers for whoever supervises the process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

HOST = "127.0.0.1"
TIMEOUT = timedelta(seconds=3)


@asynccontextmanager
async def serve_health(port: int, workers: Sequence[Worker], client: Client) -> AsyncIterator[None]:
    """Answer on the loopback address while the block runs; OSError if the port is taken.

    `GET /healthz`: 200 as soon as the event loop gets to answer. `GET /readyz`: 200 if both
    workers run and Temporal serves, otherwise 503. Neither looks at recent work: a quiet worker
    is a healthy one.
    """

    async def ready() -> bool:
        if not all(worker.is_running for worker in workers):
            return False
        try:
            return await client.service_client.check_health(timeout=TIMEOUT)
        except RPCError:
            return False

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(2 * TIMEOUT.total_seconds()):
                request = (await reader.readline()).decode("latin-1").split()
                status = "404 Not Found"
                if request[:2] == ["GET", "/healthz"]:
                    status = "200 OK"
                elif request[:2] == ["GET", "/readyz"]:
                    status = "200 OK" if await ready() else "503 Service Unavailable"
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
                )
                await writer.drain()
        except (TimeoutError, OSError, ValueError):
            pass  # the asker went away or sent no request line
        finally:
            writer.close()

    server = await asyncio.start_server(answer, HOST, port)
    async with server:
        yield
