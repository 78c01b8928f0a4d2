"""One run of one system: onboardings, some of them at a time, and what they cost."""

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.temporal_cost import Cost
from bench.throughput.request import two_new_lines
from bench.throughput.systems import RunningSystem, SystemUnderTest
from devstack.child_process import ChildProcess
from devstack.stack import DevStack
from simulator.control_client import SimulatorControl

WARM_UP = 4
"""Onboardings before the measurement: imports, connections and tokens."""
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measurement:
    """What one run has cost. Everything but `seconds` and `memory` is per onboarding.

    Attributes:
        seconds: Per onboarding, with all of them in flight that may be.
        worker_cpu: CPU time of the workers in milliseconds.
        server_cpu: CPU time of the servers that the system needs, in milliseconds.
        memory: Resident memory of the workers at the end, in MiB.
        requests: Requests to the vendor, without those for tokens.
        events: Events in Temporal's histories.
        actions: Actions as Temporal Cloud bills them.
    """

    seconds: float
    worker_cpu: float
    server_cpu: float
    memory: float
    requests: float
    events: float
    actions: float

    @property
    def per_second(self) -> float:
        """Onboardings a second."""
        return 1 / self.seconds


async def measure(
    system: SystemUnderTest,
    directory: Path,
    *,
    count: int,
    in_flight: int,
    shared_catalogue: bool = False,
) -> Measurement:
    """Run onboardings on servers of their own.

    Args:
        system: Runs them.
        directory: For the logs and data of the servers.
        count: How many.
        in_flight: How many at a time.
        shared_catalogue: All have the same product and package, which exist before.
    """
    catalogue_of = "first" if shared_catalogue else ""
    async with DevStack(directory, kill=True) as stack, AsyncExitStack() as running:
        simulator = SimulatorControl(await _start_simulator(stack))
        program = await running.enter_async_context(system.run(stack))
        await program.onboard(two_new_lines("first"))
        await _onboard_all(program, "warm-up", WARM_UP, in_flight, catalogue_of)
        requests_before, cost_before = _requests(simulator), await _cost(program)
        worker_before, server_before = cpu_seconds(program.workers), cpu_seconds(program.servers)
        began = time.monotonic()
        await _onboard_all(program, "run", count, in_flight, catalogue_of)
        seconds = time.monotonic() - began
        worker_cpu = cpu_seconds(program.workers) - worker_before
        server_cpu = cpu_seconds(program.servers) - server_before
        cost = await _cost(program)
        return Measurement(
            seconds=seconds / count,
            worker_cpu=1000 * worker_cpu / count,
            server_cpu=1000 * server_cpu / count,
            memory=sum(map(_memory, program.workers)),
            requests=(_requests(simulator) - requests_before) / count,
            events=(cost.events - cost_before.events) / count,
            actions=(cost.actions - cost_before.actions) / count,
        )


async def _start_simulator(stack: DevStack) -> str:
    await stack.start_simulator()
    return stack.vendor.url


async def _onboard_all(
    program: RunningSystem, name: str, count: int, in_flight: int, catalogue_of: str
) -> None:
    slots = asyncio.Semaphore(in_flight)

    async def onboard(at: int) -> None:
        async with slots:
            await program.onboard(two_new_lines(f"{name}-{at}", catalogue_of=catalogue_of))

    async with asyncio.TaskGroup() as group:
        for at in range(count):
            group.create_task(onboard(at))


async def _cost(program: RunningSystem) -> Cost:
    return await program.temporal_cost() if program.temporal_cost else Cost()


def _requests(simulator: SimulatorControl) -> int:
    calls: int = simulator.request("GET", "requests/summary")["api_calls"]
    return calls


def cpu_seconds(processes: Sequence[ChildProcess]) -> float:
    """Seconds of CPU time, user and system, that the processes and their children have used."""
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        # It may have ended meanwhile; its parent then counts its time.
        with suppress(FileNotFoundError, ProcessLookupError):
            # After the name, which may contain spaces: the 4th and the 14th to 17th field.
            fields = file.read_text("utf-8", "replace").rpartition(")")[2].split()
            pid = int(file.parent.name)
            children.setdefault(int(fields[1]), []).append(pid)
            ticks[pid] = sum(map(int, fields[11:15]))
    found = [process.pid for process in processes]
    for pid in found:
        found += children.get(pid, ())
    return sum(ticks[pid] for pid in found) / _TICKS_PER_SECOND


def _memory(process: ChildProcess) -> float:
    """Resident memory in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    [resident] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(resident.split()[1]) / 1024
