"""The local stack of the leak scan: every process with canaries, and receivers of its output."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from devstack.child_process import ChildProcess
from devstack.stack import FAST_SETTINGS, DevStack
from devstack.tcp_ports import HOST, free_ports
from devstack.temporal_server import ui_options
from resilience.leak_scan import canaries
from simulator import Simulator, SimulatorOptions

WEBHOOK_PATH = "/telegent/order-update"


@dataclass
class Receiver:
    """An HTTP server that keeps every request it gets; it answers the first one with 503."""

    received: list[bytes] = field(default_factory=list)

    async def _receive(self, request: Request) -> Response:
        headers = b"".join(name + b": " + value + b"\n" for name, value in request.headers.raw)
        self.received.append(headers + b"\n" + await request.body())
        return Response(status_code=503 if len(self.received) == 1 else 200)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve while the block runs. Yields the URL."""
        app = Starlette(routes=[Route("/{path:path}", self._receive, methods=["POST"])])
        listener = socket.create_server((HOST, 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


class ScanStack(DevStack):
    """All processes of a production set-up, with canaries in every setting that takes a secret.

    Attributes:
        simulator: The vendor, in this process.
        worker: The worker.
        raw_client: A client without payload keys, which reads what Temporal has stored.
        events: Receiver of our events.
        traces: Receiver of our traces.
        webhook_url: Address of our webhook receiver.
        process_urls: Addresses of health checks and metrics.
    """

    worker: ChildProcess
    raw_client: Client

    def __init__(self, directory: Path, *, encrypted: bool) -> None:
        super().__init__(
            directory,
            payload_keys=f"canary:{canaries.PAYLOAD_KEY.value}" if encrypted else "",
            id_key=canaries.ID_KEY.value,
        )
        self.encrypted = encrypted
        self.simulator = Simulator(
            SimulatorOptions(
                account_secret=canaries.ACCOUNT_SECRET.value, carrier=canaries.carrier()
            )
        )
        self.events, self.traces = Receiver(), Receiver()
        self._webhook_port, self._health_port, *self._metrics_ports = free_ports(5)
        self.webhook_url = f"http://{HOST}:{self._webhook_port}{WEBHOOK_PATH}"

    @property
    def process_urls(self) -> list[str]:
        """Addresses of what processes report about themselves."""
        return [
            *(f"http://{HOST}:{port}/metrics" for port in self._metrics_ports),
            f"http://{HOST}:{self._health_port}/healthz",
            f"http://{HOST}:{self._health_port}/readyz",
            f"http://{HOST}:{self._webhook_port}/healthz",
            f"{self.codec_url}/healthz",
        ]

    async def crash_worker(self, number: signal.Signals) -> None:
        """End the worker by a signal, and start it again."""
        self.worker.signal(number)
        await self.worker.wait_ended()
        await self.worker.start()

    async def start_all(self) -> None:
        """Start all processes. Raises StackError if one cannot start."""
        await self.serve_simulator(self.simulator)
        events_url = await self.exit_stack.enter_async_context(self.events.serve())
        traces_url = await self.exit_stack.enter_async_context(self.traces.serve())
        self.settings = self._settings(events_url, traces_url)
        temporal_metrics, worker_metrics, webhook_metrics = map(str, self._metrics_ports)
        await self.start_temporal(
            *ui_options(self.ports.ui, self.codec_url),
            *("--metrics-port", temporal_metrics),
            log_level="info",
        )
        self.raw_client = await Client.connect(
            self.temporal_address, data_converter=pydantic_data_converter
        )
        self.worker = await self.start_worker(
            settings={
                "TELEGENT_HEALTH_PORT": str(self._health_port),
                "TELEGENT_METRICS_PORT": worker_metrics,
                "TELEGENT_WEBHOOK_URL": f"https://mvno.example.com{WEBHOOK_PATH}",
            }
        )
        await self.start_webhook({"TELEGENT_METRICS_PORT": webhook_metrics})
        if self.encrypted:
            await self.start_codec_server()

    def _settings(self, events_url: str, traces_url: str) -> dict[str, str]:
        return {
            **FAST_SETTINGS,
            **self.vendor.settings,
            "TELEGENT_PORT_OUT_POLL_SECONDS": "0.5",
            "TELEGENT_CODEC_OPERATORS": f"operator:{canaries.OPERATOR_TOKEN.value}",
            "TELEGENT_CODEC_PORT": str(self.ports.codec),
            # Unencrypted, the scan must find them: otherwise its search of events proves nothing.
            "TELEGENT_EVENT_PERSONAL_DATA": "false" if self.encrypted else "true",
            "TELEGENT_EVENT_SECRET": canaries.EVENT_SECRET.value,
            "TELEGENT_EVENT_URLS": f"{events_url}/hook?key={canaries.EVENT_URL.value}",
            "TELEGENT_ID_KEY": canaries.ID_KEY.value,
            # As an operator sets it to investigate a failure.
            "TELEGENT_LOG_LEVEL": "DEBUG",
            "TELEGENT_PAYLOAD_KEYS": self.payload_keys,
            "TELEGENT_WEBHOOK_PASSWORD": canaries.WEBHOOK_PASSWORD.value,
            "TELEGENT_WEBHOOK_PORT": str(self._webhook_port),
            "TELEGENT_WEBHOOK_TOKEN": canaries.WEBHOOK_TOKEN.value,
            "TELEGENT_WEBHOOK_USERNAME": "telegent",
            "TEMPORAL_ADDRESS": self.temporal_address,
            "OTEL_EXPORTER_OTLP_ENDPOINT": traces_url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            # Makes the interpreter print a traceback when a signal ends it.
            "PYTHONFAULTHANDLER": "1",
        }


@asynccontextmanager
async def scan_stack(directory: Path, *, encrypted: bool) -> AsyncIterator[ScanStack]:
    """Run all processes while the block runs.

    Args:
        directory: For logs and the database.
        encrypted: False runs them without payload keys, to show that the scan finds canaries.

    Raises:
        StackError: A process could not start.
    """
    async with ScanStack(directory, encrypted=encrypted) as stack:
        await stack.start_all()
        yield stack
