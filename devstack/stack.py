"""Temporal, simulator, codec server, webhook receiver and workers as processes of this machine."""

import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from temporalio.client import Client
from temporalio.runtime import Runtime

from devstack.child_process import ROOT, ChildProcess, http_ready, python_command
from devstack.tcp_ports import HOST, TcpPorts, free_ports
from devstack.temporal_on_postgresql import (
    ServerOptions,
    TemporalOnPostgresql,
    temporal_on_postgresql,
)
from devstack.temporal_server import find_binary, is_serving, server_command
from simulator import Simulator, SimulatorOptions
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.encryption import data_converter, parse_key_ring

RUNS_DIRECTORY = ROOT / ".run"
MAX_KEPT_RUNS = 3
"""Earlier runs of each kind whose logs and databases, of some megabytes each, are kept."""
CARRIER_FILE = ROOT / "examples" / "carrier.json"

# The simulated carrier takes a second for what takes a real one a day, so orders are polled as
# often. The rate is the highest that the worker accepts.
FAST_SETTINGS = {
    "TELEGENT_REQUESTS_PER_MINUTE": "6000",
    "TELEGENT_READ_LAG_SECONDS": "0.5",
    "TELEGENT_PURCHASE_LAG_SECONDS": "2",
    "TELEGENT_ORDER_POLL_SECONDS": "0.5",
    "TELEGENT_PORT_POLL_FIXED_SECONDS": "0.5",
    # Off: tests and measurements count requests, and run at any minute.
    "TELEGENT_USAGE_CRON": "",
}


def new_run_directory(kind: str) -> Path:
    """A path for the logs and database of a new run, which is not created.

    Of the earlier runs of this kind all but the last MAX_KEPT_RUNS are deleted.
    """
    for old in sorted(RUNS_DIRECTORY.glob(f"{kind}-*"))[:-MAX_KEPT_RUNS]:
        shutil.rmtree(old, ignore_errors=True)
    return RUNS_DIRECTORY / f"{kind}-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}"


@dataclass(frozen=True)
class Vendor:
    """Where a worker reaches Telegent, or a simulator, and with which credentials."""

    url: str
    account_key: str
    account_secret: str

    @classmethod
    def simulated(cls, url: str, options: SimulatorOptions) -> "Vendor":
        """A simulator that serves at `url` with these options."""
        return cls(url, options.account_key, options.account_secret)

    @property
    def settings(self) -> dict[str, str]:
        """The worker's settings that name it."""
        return {
            "TELEGENT_BASE_URL": self.url,
            "TELEGENT_ACCOUNT_KEY": self.account_key,
            "TELEGENT_ACCOUNT_SECRET": self.account_secret,
        }


def worker_process(
    name: str,
    *,
    log: Path,
    temporal_address: str,
    vendor: Vendor,
    settings: Mapping[str, str],
    source: Path = ROOT,
) -> ChildProcess:
    """A worker with FAST_SETTINGS, ready when its health check succeeds.

    Args:
        name: What error messages call it.
        log: File for its log.
        temporal_address: `host:port` that it connects to.
        vendor: The vendor that it calls.
        settings: Environment variables that override all others.
        source: The directory whose source it runs.
    """
    port = settings.get("TELEGENT_HEALTH_PORT") or str(free_ports(1)[0])
    return ChildProcess(
        name,
        python_command("worker"),
        log=log,
        ready=http_ready(f"http://{HOST}:{port}/readyz"),
        environment={
            **FAST_SETTINGS,
            **vendor.settings,
            "TELEGENT_HEALTH_PORT": port,
            "TEMPORAL_ADDRESS": temporal_address,
            **settings,
        },
        directory=source,
    )


class DevStack:
    """The processes of one Temporal server. Each is started by a method when it is needed.

    As a context manager it stops all of them at the end of the block, the last started first.

    Args:
        directory: For logs and the database; created if missing.
        ports: Where the processes listen; free ports by default.
        payload_keys: Key ring of all processes and of `client`; empty for unencrypted payloads.
        id_key: Key of the workflow ids of port-ins.
        settings: Environment variables of all processes of `python -m worker`.
        runtime: Of `client`.
        kill: End the processes with SIGKILL, for stacks that are not used again.

    Attributes:
        client: Connected to Temporal with the payload keys, as soon as `start_temporal` returns.
        children: The processes, in the order in which they were started.
    """

    client: Client
    vendor: Vendor

    def __init__(
        self,
        directory: Path,
        *,
        ports: TcpPorts | None = None,
        payload_keys: str = "",
        id_key: str = "",
        settings: Mapping[str, str] | None = None,
        runtime: Runtime | None = None,
        kill: bool = False,
    ) -> None:
        self.directory = directory
        self.ports = ports or TcpPorts.allocate()
        self.payload_keys = payload_keys
        self.id_key = id_key
        self.settings = dict(settings or {})
        self.children: list[ChildProcess] = []
        self.exit_stack = AsyncExitStack()
        self._runtime = runtime
        self._kill = kill

    async def __aenter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        await self.exit_stack.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.exit_stack.__aexit__(kind, error, traceback)

    @property
    def orchestrator(self) -> Orchestrator:
        """The typed client of these workflows."""
        return Orchestrator(self.client, id_key=self.id_key)

    @property
    def temporal_address(self) -> str:
        """`host:port` of Temporal's gRPC API."""
        return f"{HOST}:{self.ports.temporal}"

    @property
    def ui_url(self) -> str:
        """Address of the Temporal UI."""
        return f"http://{HOST}:{self.ports.ui}"

    @property
    def simulator_url(self) -> str:
        """Address of the simulator that `start_simulator` starts."""
        return f"http://{HOST}:{self.ports.simulator}"

    @property
    def codec_url(self) -> str:
        """Address of the codec server."""
        return f"http://{HOST}:{self.ports.codec}"

    def workflow_url(self, workflow_id: str) -> str:
        """Address of a workflow in the Temporal UI."""
        return f"{self.ui_url}/namespaces/{self.client.namespace}/workflows/{workflow_id}"

    async def start_temporal(
        self, *options: str, log_level: str = "error", binary: str | None = None
    ) -> ChildProcess:
        """Start Temporal on the database in `directory`, and connect `client` to it.

        Args:
            options: Of the server, such as those of `ui_options`, or `--headless` for no UI.
            log_level: Of the server.
            binary: The `temporal` program; by default that of `find_binary`.

        Raises:
            StackError: It could not start.
        """
        command = server_command(
            binary or find_binary(),
            port=self.ports.temporal,
            database=self.directory / "temporal.db",
            log_level=log_level,
            options=options,
        )
        ready = partial(is_serving, self.temporal_address)
        temporal = await self._start("Temporal", command, "temporal.log", ready)
        await self.connect(self.temporal_address)
        return temporal

    async def start_temporal_on_postgresql(
        self, options: ServerOptions | None = None, *, more_ports: Sequence[int] = ()
    ) -> TemporalOnPostgresql:
        """Start Temporal on PostgreSQL instead, and connect `client` to it.

        Args:
            options: Of the servers.
            more_ports: One for each server beyond the first.

        Raises:
            StackError: A program is missing, or could not start.
        """
        ports = [self.ports.temporal, *more_ports]
        temporal = await self.exit_stack.enter_async_context(
            temporal_on_postgresql(self.directory, ports, options)
        )
        self.children += [temporal.database, *temporal.servers]
        await self.connect(self.temporal_address)
        return temporal

    async def connect(self, address: str) -> None:
        """Connect `client` to the Temporal server at this address."""
        keys = parse_key_ring(self.payload_keys) if self.payload_keys else ()
        self.client = await Client.connect(
            address, data_converter=data_converter(keys), runtime=self._runtime
        )

    async def serve_simulator(self, simulator: Simulator) -> None:
        """Serve a simulator in this process; it becomes the vendor of workers."""
        url = await self.exit_stack.enter_async_context(simulator.serve())
        self.vendor = Vendor.simulated(url, simulator.options)

    async def start_simulator(self) -> ChildProcess:
        """Start a simulator with the carrier of the examples; it becomes the vendor of workers.

        Raises:
            StackError: It could not start.
        """
        self.vendor = Vendor(self.simulator_url, "DID-demo", "demo-secret-not-real")
        command = python_command(
            *("simulator", "--port", str(self.ports.simulator), "--carrier", str(CARRIER_FILE)),
            *("--account-key", self.vendor.account_key),
            *("--account-secret", self.vendor.account_secret),
        )
        ready = http_ready(f"{self.simulator_url}/_sim/health")
        return await self._start("simulator", command, "simulator.log", ready)

    async def start_codec_server(self, settings: Mapping[str, str] | None = None) -> ChildProcess:
        """Start a codec server that the Temporal UI may use. Raises StackError."""
        settings = {
            "TELEGENT_CODEC_PORT": str(self.ports.codec),
            "TELEGENT_CODEC_ALLOWED_ORIGINS": f"{self.ui_url},http://localhost:{self.ports.ui}",
        } | dict(settings or {})
        return await self._start(
            "codec server",
            python_command("worker", "codec-server"),
            "codec-server.log",
            http_ready(f"http://{HOST}:{settings['TELEGENT_CODEC_PORT']}/healthz"),
            self._key_settings | self.settings | settings,
        )

    async def start_webhook(self, settings: Mapping[str, str]) -> ChildProcess:
        """Start a webhook receiver. TELEGENT_WEBHOOK_PORT must be set. Raises StackError."""
        settings = {
            **self._key_settings,
            "TEMPORAL_ADDRESS": self.temporal_address,
            **self.settings,
            **settings,
        }
        return await self._start(
            "webhook",
            python_command("worker", "webhook"),
            "webhook.log",
            http_ready(f"http://{HOST}:{settings['TELEGENT_WEBHOOK_PORT']}/healthz"),
            settings,
        )

    async def start_worker(
        self,
        name: str = "worker",
        *,
        temporal_address: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> ChildProcess:
        """Start a worker.

        Args:
            name: Of the process, and of its log file with hyphens for spaces.
            temporal_address: `host:port` that it connects to instead of Temporal, such as a proxy.
            settings: Environment variables that override those of the stack.

        Raises:
            StackError: It could not start.
        """
        worker = worker_process(
            name,
            log=self.directory / f"{name.replace(' ', '-')}.log",
            temporal_address=temporal_address or self.temporal_address,
            vendor=self.vendor,
            settings=self._key_settings | self.settings | dict(settings or {}),
        )
        return await self._add(worker)

    async def _start(
        self,
        name: str,
        command: Sequence[str],
        log: str,
        ready: Callable[[], Awaitable[bool]],
        environment: Mapping[str, str] | None = None,
    ) -> ChildProcess:
        child = ChildProcess(
            name, command, log=self.directory / log, ready=ready, environment=environment
        )
        return await self._add(child)

    async def _add(self, child: ChildProcess) -> ChildProcess:
        self.children.append(child)
        self.exit_stack.push_async_callback(child.kill if self._kill else child.stop)
        await child.start()
        return child

    @property
    def _key_settings(self) -> dict[str, str]:
        keys = {"TELEGENT_PAYLOAD_KEYS": self.payload_keys, "TELEGENT_ID_KEY": self.id_key}
        return {name: value for name, value in keys.items() if value}
