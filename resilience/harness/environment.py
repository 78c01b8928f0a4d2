"""The stage of a trial: Temporal on a database file, workers behind proxies, and a simulator in
this process; each real process can be ended, stopped and started again at any moment."""

import asyncio
import base64
import os
import secrets
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from localstack.network_ports import HOST, free_ports
from localstack.processes import ChildProcess, http_ready, python_command
from localstack.stack import FAST_SETTINGS
from localstack.temporal_server import find_binary, is_serving, server_command
from resilience.harness.network import Proxy, run_proxy
from simulator import Simulator
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.encryption import data_converter, parse_key_ring

ID_KEY = "an id key of the resilience tests"


@dataclass
class WorkerProcess:
    """A real worker, and the proxy between it and Temporal."""

    child: ChildProcess
    proxy: Proxy

    async def kill(self) -> None:
        """End it at once (SIGKILL). What it has sent and Temporal has not got is lost."""
        os.kill(self.child.pid, signal.SIGKILL)
        await self.child.wait_ended()
        self.proxy.cut()

    def suspend(self) -> None:
        """Let it stand still (SIGSTOP): it does nothing, and its connections stay open."""
        os.kill(self.child.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT) where it stood still."""
        os.kill(self.child.pid, signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM), as a deploy does; `child.ended` waits for that."""
        os.kill(self.child.pid, signal.SIGTERM)


@dataclass
class ChaosEnvironment:
    """What runs. `client` reaches Temporal directly and has the workers' payload keys.

    Logs and the database are in `directory`.
    """

    directory: Path
    simulator: Simulator
    url: str
    client: Client
    server: ChildProcess
    port: int
    payload_keys: str = field(repr=False)
    settings: Mapping[str, str]
    workers: list[WorkerProcess] = field(default_factory=list)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack, repr=False)

    @property
    def orchestrator(self) -> Orchestrator:
        """The typed client for these workflows."""
        return Orchestrator(self.client, id_key=ID_KEY)

    async def start_worker(self) -> WorkerProcess:
        """One more worker, ready to work."""
        number = len(self.workers) + 1
        connection = await self._stack.enter_async_context(run_proxy(self.port))
        (health,) = free_ports(1)
        child = ChildProcess(
            f"worker {number}",
            python_command("worker"),
            log=self.directory / f"worker-{number}.log",
            ready=http_ready(f"http://{HOST}:{health}/readyz"),
            environment={
                **FAST_SETTINGS,
                "TELEGENT_ACCOUNT_KEY": self.simulator.options.account_key,
                "TELEGENT_ACCOUNT_SECRET": self.simulator.options.account_secret,
                "TELEGENT_BASE_URL": self.url,
                "TELEGENT_BUILD_ID": "resilience",
                "TELEGENT_HEALTH_PORT": str(health),
                "TELEGENT_ID_KEY": ID_KEY,
                "TELEGENT_PAYLOAD_KEYS": self.payload_keys,
                "TEMPORAL_ADDRESS": connection.address,
                **self.settings,
            },
        )
        worker = WorkerProcess(child, connection)
        self.workers.append(worker)
        self._stack.push_async_callback(_kill_if_running, child)
        async with _starting():
            await child.spawn()
            await child.wait_ready()
        return worker

    async def kill_server(self) -> None:
        """End Temporal at once (SIGKILL); its database file stays as it is at that moment."""
        os.kill(self.server.pid, signal.SIGKILL)
        await self.server.wait_ended()

    async def restart_server(self) -> None:
        """Start Temporal again on the same database file."""
        await self.server.spawn()
        await self.server.wait_ready()


@asynccontextmanager
async def chaos_environment(
    directory: Path, simulator: Simulator, settings: Mapping[str, str] | None = None
) -> AsyncIterator[ChaosEnvironment]:
    """A stage without a worker, while the block runs; at the end every process is killed.

    `directory` exists. `settings` replace the workers' variables, which are those of the demo.
    Raises StackError if a process cannot start.
    """
    payload_keys = f"resilience:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    (port,) = free_ports(1)
    address = f"{HOST}:{port}"
    server = ChildProcess(
        "Temporal",
        server_command(
            find_binary(), port=port, database=directory / "temporal.db", ui=["--headless"]
        ),
        log=directory / "temporal.log",
        ready=partial(is_serving, address),
    )
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(simulator.serve())
        stack.push_async_callback(_kill_if_running, server)
        await server.spawn()
        await server.wait_ready()
        client = await Client.connect(
            address,
            data_converter=data_converter(parse_key_ring(payload_keys)),
            runtime=_quiet_runtime(),
        )
        yield ChaosEnvironment(
            directory,
            simulator,
            url,
            client,
            server,
            port,
            payload_keys,
            settings or {},
            _stack=stack,
        )


@cache
def _starting() -> asyncio.Semaphore:
    # A worker that starts keeps a core busy: more at a time would only start later, all of them.
    return asyncio.Semaphore(os.cpu_count() or 1)


@cache
def _quiet_runtime() -> Runtime:
    # The client would tell of every outage, and outages are what a trial is about.
    only_errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(only_errors)))


async def _kill_if_running(child: ChildProcess) -> None:
    if child.running:
        os.kill(child.pid, signal.SIGKILL)
        await child.wait_ended()
