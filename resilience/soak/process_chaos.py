"""Ending workers and server at random, and bringing them back, as long as it runs."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from resilience.harness.environment import Scene, WorkerProcess

WORKERS = 2
WORKER_LIVES = (5.0, 40.0)
"""Seconds until something happens to a worker."""
SERVER_LIVES = (30.0, 90.0)
SERVER_AWAY = (0.0, 2.0)
SHORT_STOP, LONG_STOP = (1.0, 20.0), (80.0, 110.0)
"""Seconds that a worker stands still: shorter than an activity may take, and longer."""
DEEDS = {"kill -9": 5, "SIGTERM": 3, "short stop": 3, "long stop": 1}
"""What happens to a worker, by weight."""
ENDS_WITHIN = 90.0
"""Seconds that a worker has to end when it is asked to: its grace, and some more."""


class Mayhem:
    """What is done to workers and server, each by a chance of its own from the seed.

    `done` counts; `wrong` says what no process may do.
    """

    def __init__(self, stage: Scene, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._stage = stage
        self._seed = seed
        # A worker that starts needs the server, so neither is touched while the other starts.
        self._starting = asyncio.Lock()

    async def rage(self) -> None:
        """Goes on until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for slot in range(WORKERS):
                group.create_task(self._workers(self._chance(f"worker {slot}")))
            group.create_task(self._servers(self._chance("server")))

    async def last_blow(self) -> None:
        """Kills all there is at once, and brings it back for good."""
        for worker in self._stage.workers:
            if worker.child.running:
                await worker.kill()
        if self._stage.server.running:
            await self._stage.kill_server()
        await self._stage.restart_server()
        for _ in range(WORKERS):
            await self._stage.start_worker()

    async def _workers(self, chance: random.Random) -> None:
        worker = await self._start()
        while True:
            try:
                async with asyncio.timeout(chance.uniform(*WORKER_LIVES)):
                    how = await worker.child.ended()
            except TimeoutError:
                worker = await self._harm(worker, chance)
            else:
                self.done[f"ended by itself ({how})"] += 1
                worker = await self._start()

    async def _harm(self, worker: WorkerProcess, chance: random.Random) -> WorkerProcess:
        """Does something to a worker; the one that works in its place afterwards."""
        (deed,) = chance.choices(list(DEEDS), list(DEEDS.values()))
        self.done[deed] += 1
        if deed == "kill -9":
            await worker.kill()
            return await self._start()
        if deed == "SIGTERM":
            other = await self._start()
            await self._ended(worker)
            return other
        worker.stop()
        try:
            await asyncio.sleep(
                chance.uniform(*(SHORT_STOP if deed == "short stop" else LONG_STOP))
            )
        finally:
            worker.go_on()
        return worker

    async def _ended(self, worker: WorkerProcess) -> None:
        worker.ask_to_end()
        try:
            async with asyncio.timeout(ENDS_WITHIN):
                how = await worker.child.ended()
        except TimeoutError:
            how = f"not within {ENDS_WITHIN:.0f} s"
        if how != "exit status 0":
            self.wrong.append(f"{worker.child.name} was asked to end, and ended: {how}")

    async def _servers(self, chance: random.Random) -> None:
        while True:
            await asyncio.sleep(chance.uniform(*SERVER_LIVES))
            async with self._starting:
                self.done["server kill -9"] += 1
                await self._stage.kill_server()
                await asyncio.sleep(chance.uniform(*SERVER_AWAY))
                await self._stage.restart_server()

    async def _start(self) -> WorkerProcess:
        async with self._starting:
            return await self._stage.start_worker()

    def _chance(self, whose: str) -> random.Random:
        return random.Random(f"{self._seed} {whose}")  # noqa: S311 - the same seed, the same deeds


@asynccontextmanager
async def mayhem(stage: Scene, seed: int) -> AsyncIterator[Mayhem]:
    """Mayhem while the block runs, and at its end one last blow."""
    made = Mayhem(stage, seed)
    raging = asyncio.create_task(made.rage())
    try:
        yield made
    finally:
        raging.cancel()
        await asyncio.gather(raging, return_exceptions=True)
    await made.last_blow()
