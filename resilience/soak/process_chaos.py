"""Kill, suspend and restart workers, server and database at random."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devstack.child_process import ChildProcess, StackError
from resilience.harness.chaos_stack import ChaosStack, WorkerProcess

WORKERS = 2
WORKER_UPTIME = (5.0, 40.0)
"""Seconds between disruptions of a worker."""
SERVER_UPTIME = (30.0, 90.0)
SERVER_DOWNTIME = (0.0, 2.0)
KILLED = f"signal {signal.SIGKILL.value}"
SHORT_SUSPENSION, LONG_SUSPENSION = (1.0, 20.0), (80.0, 110.0)
"""Seconds of a suspension: shorter than an activity may take, and longer."""
ACTIONS = {"kill -9": 5, "SIGTERM": 3, "short suspension": 3, "long suspension": 1}
"""What happens to a worker, by weight."""
TERMINATION_TIMEOUT = 90.0
"""Seconds in which a worker must end after SIGTERM: its graceful shutdown timeout and a margin."""


class ProcessChaos:
    """Disrupts workers, server and database, each with its own random sequence from the seed.

    Attributes:
        counts: Disruptions by kind.
        violations: Sentences about processes that did not end as they must.
    """

    def __init__(self, stack: ChaosStack, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.violations: list[str] = []
        self._stack = stack
        self._seed = seed
        # A worker that starts needs the server, and that needs its database: none is killed while
        # another starts.
        self._starting = asyncio.Lock()

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            for slot in range(WORKERS):
                group.create_task(self._run_worker_slot(self._rng(f"worker {slot}")))
            for process in self._servers:
                rng, ready = self._rng(process.name), asyncio.Event()
                group.create_task(self._keep_running(process, ready, rng))
                group.create_task(self._crash_repeatedly(process, ready, rng))

    async def final_crash(self) -> None:
        """Kill all processes at once, and start them again."""
        for worker in self._stack.workers:
            if worker.child.running:
                await worker.kill()
        for process in self._servers:
            await process.kill()
        # Temporal needs its database, which comes last.
        for process in reversed(self._servers):
            await process.start()
        for _ in range(WORKERS):
            await self._stack.add_worker()

    async def _run_worker_slot(self, rng: random.Random) -> None:
        worker = await self._start()
        while True:
            try:
                async with asyncio.timeout(rng.uniform(*WORKER_UPTIME)):
                    exit_status = await worker.child.wait_ended()
            except TimeoutError:
                worker = await self._disrupt(worker, rng)
            else:
                self.counts[f"ended by itself ({exit_status})"] += 1
                worker = await self._start()

    async def _disrupt(self, worker: WorkerProcess, rng: random.Random) -> WorkerProcess:
        """Disrupt a worker. Returns the worker that runs in its place afterwards."""
        (action,) = rng.choices(list(ACTIONS), list(ACTIONS.values()))
        self.counts[action] += 1
        if action == "kill -9":
            await worker.kill()
            return await self._start()
        if action == "SIGTERM":
            other = await self._start()
            await self._terminate(worker)
            return other
        worker.suspend()
        try:
            await asyncio.sleep(
                rng.uniform(
                    *(SHORT_SUSPENSION if action == "short suspension" else LONG_SUSPENSION)
                )
            )
        finally:
            worker.resume()
        return worker

    async def _terminate(self, worker: WorkerProcess) -> None:
        worker.terminate()
        try:
            async with asyncio.timeout(TERMINATION_TIMEOUT):
                exit_status = await worker.child.wait_ended()
        except TimeoutError:
            exit_status = f"not within {TERMINATION_TIMEOUT:.0f} s"
        if exit_status != "exit status 0":
            self.violations.append(
                f"{worker.child.name} was asked to end, and ended: {exit_status}"
            )

    async def _crash_repeatedly(
        self, process: ChildProcess, ready: asyncio.Event, rng: random.Random
    ) -> None:
        while True:
            await asyncio.sleep(rng.uniform(*SERVER_UPTIME))
            async with self._starting:
                self.counts[f"{process.name} kill -9"] += 1
                ready.clear()
                await process.kill()
                await ready.wait()

    async def _keep_running(
        self, process: ChildProcess, ready: asyncio.Event, rng: random.Random
    ) -> None:
        """Start a server again whenever it has ended, as its restart policy does.

        Temporal also ends by itself, when its database goes away while it starts.
        """
        while True:
            if await process.wait_ended() != KILLED:
                self.counts[f"{process.name} ended by itself"] += 1
            await asyncio.sleep(rng.uniform(*SERVER_DOWNTIME))
            try:
                await process.start()
            except StackError:
                if process.running:
                    raise
            else:
                ready.set()

    async def _start(self) -> WorkerProcess:
        async with self._starting:
            return await self._stack.add_worker()

    @property
    def _servers(self) -> list[ChildProcess]:
        return [p for p in (self._stack.server, self._stack.database) if p is not None]

    def _rng(self, whose: str) -> random.Random:
        return random.Random(f"{self._seed} {whose}")  # noqa: S311 - the same seed, the same deeds


@asynccontextmanager
async def process_chaos(stack: ChaosStack, seed: int) -> AsyncIterator[ProcessChaos]:
    """Run process chaos while the block runs, and one final crash at its end."""
    chaos = ProcessChaos(stack, seed)
    task = asyncio.create_task(chaos.run())
    try:
        yield chaos
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await chaos.final_crash()
