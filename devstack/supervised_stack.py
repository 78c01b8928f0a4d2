"""The complete local stack of `make demo` and `make up`, with a worker that is always restarted."""

import asyncio
import base64
import os
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from devstack.child_process import ChildProcess, StackError
from devstack.stack import DevStack
from devstack.tcp_ports import TcpPorts
from devstack.temporal_server import extend_retention, find_binary, ui_options
from worker.search_attributes import register_search_attributes

T = TypeVar("T")


class SupervisedStack(DevStack):
    """Temporal with its UI, simulator, codec server and one worker, watched while they run.

    Attributes:
        binary: The `temporal` program.
        worker: The worker; another process each time it is restarted.
        restarts: How often the worker was restarted.
    """

    worker: ChildProcess

    def __init__(
        self,
        directory: Path,
        ports: TcpPorts | None,
        notify: Callable[[str], object],
        settings: Mapping[str, str],
    ) -> None:
        super().__init__(
            directory,
            ports=ports,
            payload_keys=_read_or_create_secret(
                directory / "payload-keys", lambda: f"demo:{_random_key()}"
            ),
            id_key=_read_or_create_secret(directory / "id-key", _random_key),
            settings={"TELEGENT_BUILD_ID": "demo", **settings},
        )
        self.binary = find_binary()
        self.restarts = 0
        self._notify = notify
        self._watch_tasks: list[asyncio.Task[None]] = []

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the work. Raises StackError as soon as a process that it needs ends."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task, *self._watch_tasks}, return_when=asyncio.FIRST_COMPLETED)
            for watch in self._watch_tasks:
                if watch.done():
                    watch.result()
            return await task
        finally:
            await _cancel([task])

    async def start_all(self) -> None:
        """Start all processes and watch them. Raises StackError if one cannot start."""
        await asyncio.gather(
            self.start_temporal(*ui_options(self.ports.ui, self.codec_url), binary=self.binary),
            self.start_simulator(),
            self.start_codec_server(),
        )
        services = list(self.children)
        await extend_retention(self.client)
        # A database of an earlier version has that version's search attributes.
        await register_search_attributes(self.client)
        # The last to start and the first to stop: its calls in flight need the other processes.
        self.worker = await self.start_worker(
            settings={"TELEGENT_HEALTH_PORT": str(self.ports.worker)}
        )
        self._watch_tasks = [asyncio.create_task(_fail_when_ended(child)) for child in services]
        self._watch_tasks.append(asyncio.create_task(self._restart_worker()))
        self.exit_stack.push_async_callback(_cancel, self._watch_tasks)

    async def _restart_worker(self) -> None:
        """Keep a worker running. Raises StackError if a new one does not start."""
        while True:
            reason = await self.worker.wait_ended()
            await self.worker.spawn()
            self.restarts += 1
            self._notify(f"worker ended ({reason}), restarted as process {self.worker.pid}")
            try:
                await self.worker.wait_ready()
            except StackError:
                # Killed again by the user: not a failure of its own.
                if not self.worker.killed:
                    raise


@asynccontextmanager
async def supervised_stack(
    directory: Path,
    ports: TcpPorts | None = None,
    notify: Callable[[str], object] = print,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[SupervisedStack]:
    """Run the complete stack while the block runs.

    Args:
        directory: For logs, database and keys; what is already there is used again.
        ports: Where the processes listen; free ports by default.
        notify: Gets a line for each restart of the worker.
        settings: Environment variables of the worker and the codec server.

    Raises:
        StackError: A process could not start.
    """
    async with SupervisedStack(directory, ports, notify, settings or {}) as stack:
        await stack.start_all()
        yield stack


async def _fail_when_ended(child: ChildProcess) -> None:
    await child.wait_ended()
    raise child.build_error("ended")


async def _cancel(tasks: list[asyncio.Task[T]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _read_or_create_secret(path: Path, create: Callable[[], str]) -> str:
    """The secret in this file, which is created, readable for its owner only, if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    secret = create()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
    return secret
