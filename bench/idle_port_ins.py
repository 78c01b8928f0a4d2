"""Cost of thousands of waiting port-ins on one worker: `python -m bench.idle_port_ins [5000]`.

Starts port-ins on a Temporal server, lets all of them wait for the losing carrier, and measures the
worker's memory, the size of the histories, and the latency of status queries, also right after the
worker was stopped or killed and restarted. Needs Linux.
"""

import asyncio
import base64
import logging
import os
import random
import secrets
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from temporalio.client import Client

from devstack.child_process import ChildProcess
from devstack.stack import Vendor, worker_process
from devstack.temporal_server import dev_server
from simulator import CarrierSetup, CarrierTimings, Simulator, SimulatorOptions
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.port_in import PortInDetails, PortInRequest, PortState
from tests.harness.payloads import port_in

IDLE_QUERY = f"PortState = '{PortState.SUBMITTED.value}' AND ExecutionStatus = 'Running'"
MAX_CONCURRENT_STARTS = 50
SAMPLE_SIZE = 200
NEVER = 365 * 86_400.0
ID_KEY = "bench"


@dataclass(frozen=True)
class QueryLatency:
    """Latency of status queries in milliseconds, each to another port-in."""

    milliseconds: Sequence[float]

    def __str__(self) -> str:
        ranked = sorted(self.milliseconds)
        p95 = ranked[int(len(ranked) * 0.95)]
        median = statistics.median(ranked)
        return f"median {median:.0f} ms, p95 {p95:.0f} ms, longest {ranked[-1]:.0f} ms"


@dataclass
class IdlePortInCost:
    """The measurements. Memory is in MiB."""

    memory_idle: float
    memory_waiting: float = 0
    events: Sequence[int] = ()
    kilobytes: Sequence[float] = ()
    latency: QueryLatency | None = None
    latency_after_stop: QueryLatency | None = None
    latency_after_kill: QueryLatency | None = None
    memory_restarted: float = 0
    memory_after_queries: float = 0


class Bench:
    """A server, a worker, and waiting port-ins."""

    def __init__(self, temporal: Client, worker: ChildProcess, count: int) -> None:
        self._temporal = temporal
        self._orchestrator = Orchestrator(temporal, id_key=ID_KEY)
        self._worker = worker
        self._numbers = [f"+1801{2_000_000 + at}" for at in range(count)]
        # The same sample in each run; not used for secrets.
        self._sample = random.Random(1).sample(self._numbers, min(SAMPLE_SIZE, count))  # noqa: S311
        self._result = IdlePortInCost(memory_idle=self._memory())

    async def run(self) -> IdlePortInCost:
        """Start the port-ins and measure; stop the worker and measure; kill it and measure."""
        result = self._result
        await self._start_port_ins()
        result.memory_waiting = self._memory()
        result.events, result.kilobytes = await self._histories()
        result.latency = await self._query_statuses()
        await self._worker.stop()
        await self._restart_worker()
        result.memory_restarted = self._memory()
        result.latency_after_stop = await self._query_statuses()
        os.kill(self._worker.pid, signal.SIGKILL)
        await self._worker.wait_ended()
        await self._restart_worker()
        result.latency_after_kill = await self._query_statuses()
        await self._query_statuses(self._numbers)
        result.memory_after_queries = self._memory()
        return result

    async def _start_port_ins(self) -> None:
        slots = asyncio.Semaphore(MAX_CONCURRENT_STARTS)

        async def start(number: str) -> None:
            async with slots:
                details = PortInDetails.model_validate(port_in(number))
                await self._orchestrator.start_port_in(PortInRequest(details=details))

        with Progress(console=Console(stderr=True)) as progress:
            bar = progress.add_task("port-ins wait", total=len(self._numbers))
            async with asyncio.TaskGroup() as group:
                for number in self._numbers:
                    group.create_task(start(number))
                waiting = 0
                while waiting < len(self._numbers):
                    await asyncio.sleep(1)
                    waiting = (await self._temporal.count_workflows(IDLE_QUERY)).count
                    progress.update(bar, completed=waiting)

    async def _histories(self) -> tuple[list[int], list[float]]:
        events, kilobytes = [], []
        for number in self._sample:
            handle = self._temporal.get_workflow_handle(self._orchestrator.port_in(number).id)
            info = (await handle.describe()).raw_description.workflow_execution_info
            events.append(info.history_length)
            kilobytes.append(info.history_size_bytes / 1024)
        return events, kilobytes

    async def _query_statuses(self, numbers: Sequence[str] = ()) -> QueryLatency:
        durations = []
        for number in numbers or self._sample:
            before = time.perf_counter()
            await self._orchestrator.port_in(number).status()
            durations.append((time.perf_counter() - before) * 1000)
        return QueryLatency(durations)

    async def _restart_worker(self) -> None:
        await self._worker.spawn()
        await self._worker.wait_ready()

    def _memory(self) -> float:
        """Resident memory of the worker in MiB."""
        status = Path(f"/proc/{self._worker.pid}/status").read_text("ascii")
        [resident] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(resident.split()[1]) / 1024


async def measure(count: int, **settings: str) -> IdlePortInCost:
    """Measure one worker with `count` port-ins. `settings` override the worker's defaults."""
    timings = CarrierTimings(acknowledge_after=NEVER, decide_after=NEVER, complete_after=NEVER)
    telegent = Simulator(SimulatorOptions(carrier=CarrierSetup(timings=timings)))
    keys = f"bench:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    with tempfile.TemporaryDirectory() as folder:
        async with dev_server() as plain, telegent.serve() as url:
            client = Client(
                plain.service_client, data_converter=data_converter(parse_key_ring(keys))
            )
            default_settings = {
                "TELEGENT_PAYLOAD_KEYS": keys,
                "TELEGENT_ID_KEY": ID_KEY,
                "TELEGENT_PORT_POLL_FIXED_SECONDS": "86400",
            }
            address = plain.service_client.config.target_host
            async with worker_process(
                "worker",
                log=Path(folder) / "worker.log",
                temporal_address=address,
                vendor=Vendor.simulated(url, telegent.options),
                settings=default_settings | settings,
            ) as worker:
                return await Bench(client, worker, count).run()


def table(result: IdlePortInCost, count: int) -> Table:
    """The measurements as a table."""
    rows = Table("", "", title=f"{count:,} waiting port-ins on one worker", show_header=False)
    rows.add_row("memory of the worker, idle", f"{result.memory_idle:.0f} MiB")
    rows.add_row("memory of the worker, all port-ins waiting", f"{result.memory_waiting:.0f} MiB")
    rows.add_row("memory of the worker, restarted", f"{result.memory_restarted:.0f} MiB")
    rows.add_row(
        "memory of the worker, all port-ins queried once", f"{result.memory_after_queries:.0f} MiB"
    )
    events = f"{statistics.median(result.events):.0f} events, at most {max(result.events)}"
    size = f"{statistics.median(result.kilobytes):.0f} KiB, at most {max(result.kilobytes):.0f} KiB"
    rows.add_row("history of each", f"{events}; {size}")
    rows.add_row("status query, running worker", str(result.latency))
    rows.add_row("status query, after stop and restart", str(result.latency_after_stop))
    rows.add_row("status query, after kill and restart", str(result.latency_after_kill))
    return rows


async def main() -> None:
    """Measure and print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    Console().print(table(await measure(count), count))
    # The SDK's threads may still hold the interpreter lock: leaving at once can abort (SDK #300).
    await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main())
