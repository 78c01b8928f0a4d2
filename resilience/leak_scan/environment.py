"""What runs in this trial: our processes, a Temporal with its UI, and who listens outside."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from localstack.network_ports import HOST, free_ports
from localstack.processes import ChildProcess, http_ready, python_command
from localstack.stack import FAST_SETTINGS
from localstack.temporal_server import find_binary, is_serving, server_command, ui_options
from resilience.leak_scan import canaries
from simulator import Simulator, SimulatorOptions
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.encryption import data_converter, parse_key_ring

HOOK_PATH = "/telegent/order-update"


@dataclass
class Receiver:
    """An HTTP server that keeps whatever it is sent; the first time it says that it is busy."""

    received: list[bytes] = field(default_factory=list)

    async def _receive(self, request: Request) -> Response:
        headers = b"".join(name + b": " + value + b"\n" for name, value in request.headers.raw)
        self.received.append(headers + b"\n" + await request.body())
        return Response(status_code=503 if len(self.received) == 1 else 200)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Its URL, while the block runs."""
        app = Starlette(routes=[Route("/{path:path}", self._receive, methods=["POST"])])
        listener = socket.create_server((HOST, 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@dataclass
class ScanEnvironment:
    """Where everything answers. `client` reads and writes as our services do, `raw` has no keys.

    `pages`: addresses of what processes show about themselves. Logs and the database are in
    `directory`.
    """

    directory: Path
    settings: dict[str, str] = field(repr=False)
    simulator: Simulator
    client: Client
    raw: Client
    events: Receiver
    traces: Receiver
    ui_url: str
    hook_url: str
    codec_url: str
    pages: list[str]
    worker: ChildProcess
    children: list[ChildProcess]

    @property
    def orchestrator(self) -> Orchestrator:
        """The typed client."""
        return Orchestrator(self.client, id_key=canaries.ID_KEY.value)

    async def crash_worker(self, number: signal.Signals) -> None:
        """End the worker by a signal, and start it again."""
        os.kill(self.worker.pid, number)
        await self.worker.wait_ended()
        await self.worker.spawn()
        await self.worker.wait_ready()


@asynccontextmanager
async def scan_environment(directory: Path, *, encrypted: bool) -> AsyncIterator[ScanEnvironment]:
    """Run everything while the block runs. Raises StackError if a process cannot start.

    `directory` exists. Not `encrypted`: without payload keys, to see that the search finds things.
    """
    temporal, metrics, ui, health, worker_metrics, hook, hook_metrics, codec = free_ports(8)
    address = f"{HOST}:{temporal}"
    ring = f"canary:{canaries.PAYLOAD_KEY.value}" if encrypted else ""
    database = directory / "temporal.db"
    command = server_command(
        find_binary(),
        port=temporal,
        database=database,
        ui=[*ui_options(ui, f"http://{HOST}:{codec}"), "--metrics-port", str(metrics)],
    )
    command[command.index("error")] = "info"
    server = ChildProcess(
        "Temporal", command, log=directory / "temporal.log", ready=partial(is_serving, address)
    )
    simulator = Simulator(
        SimulatorOptions(account_secret=canaries.ACCOUNT_SECRET.value, carrier=canaries.carrier())
    )
    events, traces = Receiver(), Receiver()
    async with AsyncExitStack() as stack:
        vendor_url = await stack.enter_async_context(simulator.serve())
        events_url = await stack.enter_async_context(events.serve())
        traces_url = await stack.enter_async_context(traces.serve())
        settings = {
            **FAST_SETTINGS,
            "TELEGENT_PORT_OUT_POLL_SECONDS": "0.5",
            "TELEGENT_ACCOUNT_KEY": simulator.options.account_key,
            "TELEGENT_ACCOUNT_SECRET": canaries.ACCOUNT_SECRET.value,
            "TELEGENT_BASE_URL": vendor_url,
            "TELEGENT_CODEC_OPERATORS": f"desk:{canaries.OPERATOR_TOKEN.value}",
            "TELEGENT_CODEC_PORT": str(codec),
            # In the clear they must be found, so that the search of events shows something.
            "TELEGENT_EVENT_PERSONAL_DATA": "false" if encrypted else "true",
            "TELEGENT_EVENT_SECRET": canaries.EVENT_SECRET.value,
            "TELEGENT_EVENT_URLS": f"{events_url}/hook?key={canaries.EVENT_URL.value}",
            "TELEGENT_ID_KEY": canaries.ID_KEY.value,
            # Whoever looks for a fault turns this on.
            "TELEGENT_LOG_LEVEL": "DEBUG",
            "TELEGENT_PAYLOAD_KEYS": ring,
            "TELEGENT_WEBHOOK_PASSWORD": canaries.WEBHOOK_PASSWORD.value,
            "TELEGENT_WEBHOOK_PORT": str(hook),
            "TELEGENT_WEBHOOK_TOKEN": canaries.WEBHOOK_TOKEN.value,
            "TELEGENT_WEBHOOK_USERNAME": "telegent",
            "TEMPORAL_ADDRESS": address,
            "OTEL_EXPORTER_OTLP_ENDPOINT": traces_url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            # The interpreter's own words when a signal ends it.
            "PYTHONFAULTHANDLER": "1",
        }
        worker = ChildProcess(
            "worker",
            python_command("worker"),
            log=directory / "worker.log",
            ready=http_ready(f"http://{HOST}:{health}/readyz"),
            environment=settings
            | {
                "TELEGENT_HEALTH_PORT": str(health),
                "TELEGENT_METRICS_PORT": str(worker_metrics),
                "TELEGENT_WEBHOOK_URL": f"https://mvno.example.com{HOOK_PATH}",
            },
        )
        webhook = ChildProcess(
            "webhook",
            python_command("worker", "webhook"),
            log=directory / "webhook.log",
            ready=http_ready(f"http://{HOST}:{hook}/healthz"),
            environment=settings | {"TELEGENT_METRICS_PORT": str(hook_metrics)},
        )
        codec_server = ChildProcess(
            "codec server",
            python_command("worker", "codec-server"),
            log=directory / "codec-server.log",
            ready=http_ready(f"http://{HOST}:{codec}/healthz"),
            environment=settings,
        )
        children = [server, worker, webhook, *([codec_server] if encrypted else [])]
        for child in children:
            stack.push_async_callback(child.stop)
            await child.spawn()
            await child.wait_ready()
        keys = parse_key_ring(ring) if ring else ()
        yield ScanEnvironment(
            directory,
            settings,
            simulator,
            await Client.connect(address, data_converter=data_converter(keys)),
            await Client.connect(address, data_converter=pydantic_data_converter),
            events,
            traces,
            f"http://{HOST}:{ui}",
            f"http://{HOST}:{hook}{HOOK_PATH}",
            f"http://{HOST}:{codec}",
            [
                f"http://{HOST}:{metrics}/metrics",
                f"http://{HOST}:{worker_metrics}/metrics",
                f"http://{HOST}:{hook_metrics}/metrics",
                f"http://{HOST}:{health}/healthz",
                f"http://{HOST}:{health}/readyz",
                f"http://{HOST}:{hook}/healthz",
                f"http://{HOST}:{codec}/healthz",
            ],
            worker,
            children,
        )
