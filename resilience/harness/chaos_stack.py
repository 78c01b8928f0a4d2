"""A local stack for crash tests: each process can be killed, suspended and restarted."""

import asyncio
import base64
import os
import secrets
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from devstack.child_process import ChildProcess
from devstack.postgresql import PostgresServer
from devstack.stack import DevStack
from resilience.harness.network import Proxy, run_proxy
from resilience.harness.temporal_choice import on_postgresql
from simulator import Simulator

ID_KEY = "an id key of the resilience tests"


@dataclass
class WorkerProcess:
    """A worker process, and the proxy between it and Temporal."""

    child: ChildProcess
    proxy: Proxy

    async def kill(self) -> None:
        """End it with SIGKILL. What Temporal has not received is lost."""
        await self.child.kill()
        self.proxy.cut()

    def suspend(self) -> None:
        """Stop it with SIGSTOP: it does nothing, and its connections stay open."""
        self.child.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue it with SIGCONT."""
        self.child.signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Send it SIGTERM, as a deploy does; `child.wait_ended` waits until it ends."""
        self.child.signal(signal.SIGTERM)


class ChaosStack(DevStack):
    """Temporal, a simulator in this process, and workers behind proxies.

    `client` reaches Temporal directly.

    Attributes:
        simulator: The vendor.
        server: The Temporal server.
        server_ports: Of the gRPC API; each worker's connections go to all of them in turn.
        database: Its PostgreSQL; None if it is the development server.
        workers: All workers that were started, in that order.
    """

    server: ChildProcess
    database: PostgresServer | None = None

    def __init__(self, directory: Path, simulator: Simulator, settings: Mapping[str, str]) -> None:
        super().__init__(
            directory,
            payload_keys=f"resilience:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            id_key=ID_KEY,
            settings={"TELEGENT_BUILD_ID": "resilience", **settings},
            runtime=quiet_runtime(),
            kill=True,
        )
        self.simulator = simulator
        self.server_ports = [self.ports.temporal]
        self.workers: list[WorkerProcess] = []

    async def add_worker(self) -> WorkerProcess:
        """Start one more worker. Raises StackError if it does not start."""
        proxy = await self.exit_stack.enter_async_context(run_proxy(*self.server_ports))
        async with _start_slots():
            child = await self.start_worker(
                f"worker {len(self.workers) + 1}", temporal_address=proxy.address
            )
        worker = WorkerProcess(child, proxy)
        self.workers.append(worker)
        return worker


@asynccontextmanager
async def chaos_stack(
    directory: Path, simulator: Simulator, settings: Mapping[str, str] | None = None
) -> AsyncIterator[ChaosStack]:
    """Run Temporal and the simulator, without a worker, while the block runs.

    Temporal is the development server, unless `on_postgresql` says otherwise.

    Args:
        directory: For logs and the database.
        simulator: The vendor.
        settings: Environment variables of the workers that override those of the demo.

    Raises:
        StackError: A process could not start.
    """
    async with ChaosStack(directory, simulator, settings or {}) as stack:
        await stack.serve_simulator(simulator)
        if on_postgresql():
            temporal = await stack.start_temporal_on_postgresql()
            [stack.server], stack.database = temporal.servers, temporal.database
        else:
            stack.server = await stack.start_temporal("--headless")
        yield stack


@cache
def _start_slots() -> asyncio.Semaphore:
    # A worker that starts keeps a core busy: starting more at once would only delay all of them.
    return asyncio.Semaphore(os.cpu_count() or 1)


@cache
def quiet_runtime() -> Runtime:
    """A runtime whose client does not log every outage, because these tests cause outages."""
    only_errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(only_errors)))
