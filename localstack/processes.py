"""A process of ours: a log of its own, waited for until it answers, stopped by its own id."""

import asyncio
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
READY_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0
LOG_TAIL_LINES = 8

# Nothing here leaves this machine, whatever proxies its environment names.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StackError(Exception):
    """Why the demo cannot start or go on, in words for whoever runs it."""


class ChildProcess:
    """One process. `ready` says whether it answers; its output goes to `log`.

    `directory` is where it runs, and so which source it is made of.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        ready: Callable[[], Awaitable[bool]],
        environment: Mapping[str, str] | None = None,
        directory: Path = ROOT,
    ) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._ready = ready
        self._environment = clean_environment() | dict(environment or {})
        self._directory = directory
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Id of the process that runs now, or ran last. RuntimeError before `spawn`."""
        return self._running().pid

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def killed(self) -> bool:
        """Whether a signal ended it."""
        status = self._running().returncode
        return status is not None and status < 0

    async def spawn(self) -> None:
        """Start it, without waiting until it answers."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._directory,
                # Ctrl-C reaches the terminal's whole group, but the order of stopping is ours.
                process_group=0,
            )

    async def wait_ready(self) -> None:
        """Wait until it is ready. Raises StackError if it ends before, or takes a minute."""
        process = self._running()
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                while not await self._ready():
                    if process.returncode is not None:
                        raise self.build_error("could not start")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise self.build_error(f"did not answer within {READY_TIMEOUT:.0f} s") from None

    async def wait_ended(self) -> str:
        """Wait for its end; gives how it ended, such as `signal 9`."""
        await self._running().wait()
        return self._ending()

    async def stop(self) -> None:
        """Ask it to end, wait, and end it by force when it does not. Does nothing if it ended."""
        if not self.running:
            return
        process = self._running()
        process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def build_error(self, event: str) -> StackError:
        """An error that says what happened, and the last lines of the log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        tail = [f"  {line}" for line in lines[-LOG_TAIL_LINES:]]
        ending = self._ending()
        return StackError(
            "\n".join([f"{self.name} {event}{ending and f' ({ending})'}; see {self.log}", *tail])
        )

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._process

    def _ending(self) -> str:
        status = self._running().returncode
        if status is None:
            return ""
        return f"signal {-status}" if status < 0 else f"exit status {status}"


def clean_environment() -> dict[str, str]:
    """The environment without settings that would connect our processes to something else."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TEMPORAL_", "TELEGENT_"))
    }
    return kept | {"TEMPORAL_CONFIG_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}


def python_command(*arguments: str) -> list[str]:
    """The command that runs a module of this project."""
    return [sys.executable, "-m", *arguments]


async def http_get(url: str) -> bytes:
    """The body that a process of ours answers with. Raises OSError."""

    def read() -> bytes:
        with _opener.open(url, timeout=5) as answer:
            body: bytes = answer.read()
            return body

    return await asyncio.to_thread(read)


def http_ready(url: str) -> Callable[[], Awaitable[bool]]:
    """A readiness check: whether `url` answers with 200."""

    async def ready() -> bool:
        try:
            await http_get(url)
        except OSError:
            return False
        return True

    return ready
