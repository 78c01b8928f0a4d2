"""A child process with its own log file, a readiness check, and a stop by process id."""

import asyncio
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[1]
READY_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0
LOG_TAIL_LINES = 8

# Requests to the loopback address must not go through a proxy named in the environment.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StackError(Exception):
    """A local process could not start, or ended while it was needed. The message is for users."""


class ChildProcess:
    """One process on this machine. As a context manager it is ready in the block and stopped after.

    Args:
        name: What error messages call it.
        command: The program and its arguments.
        log: File that its standard output and standard error are appended to.
        ready: Whether it is ready to serve; polled by `wait_ready`.
        environment: Variables in addition to `clean_environment`.
        directory: Working directory, which for a Python module is also the source it runs.
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

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """Id of the process that is running, or that ran last. RuntimeError before `spawn`."""
        return self._spawned().pid

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def killed(self) -> bool:
        """Whether a signal ended it."""
        status = self._spawned().returncode
        return status is not None and status < 0

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises StackError as `wait_ready` does."""
        await self.spawn()
        await self.wait_ready()

    async def spawn(self) -> None:
        """Start it without waiting until it is ready."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._directory,
                # Ctrl-C reaches the terminal's whole process group; a group of its own keeps
                # the order of stopping ours.
                process_group=0,
            )

    async def wait_ready(self) -> None:
        """Wait until it is ready.

        Raises:
            StackError: It ended first, or took longer than READY_TIMEOUT seconds.
        """
        process = self._spawned()
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                while not await self._ready():
                    if process.returncode is not None:
                        raise self.build_error("could not start")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise self.build_error(f"was not ready within {READY_TIMEOUT:.0f} s") from None

    async def wait_ended(self) -> str:
        """Wait until it ends. Returns how it ended, such as `signal 9` or `exit status 1`."""
        await self._spawned().wait()
        return self._exit_reason()

    async def stop(self) -> None:
        """Stop it with SIGTERM, and with SIGKILL if it has not ended after STOP_TIMEOUT seconds.

        Does nothing if it is not running.
        """
        if not self.running:
            return
        process = self._spawned()
        process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def kill(self) -> None:
        """End it with SIGKILL and wait. Does nothing if it is not running."""
        if self.running:
            self.signal(signal.SIGKILL)
            await self.wait_ended()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def build_error(self, event: str) -> StackError:
        """An error with the event, how the process ended, and the last lines of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        tail = [f"  {line}" for line in lines[-LOG_TAIL_LINES:]]
        reason = self._exit_reason()
        return StackError(
            "\n".join([f"{self.name} {event}{reason and f' ({reason})'}; see {self.log}", *tail])
        )

    def _spawned(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._process

    def _exit_reason(self) -> str:
        status = self._spawned().returncode
        if status is None:
            return ""
        return f"signal {-status}" if status < 0 else f"exit status {status}"


def clean_environment() -> dict[str, str]:
    """The environment without variables that would connect our processes to something else."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TEMPORAL_", "TELEGENT_"))
    }
    return kept | {"TEMPORAL_CONFIG_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}


def python_command(*arguments: str) -> list[str]:
    """The command that runs a module of this project with this interpreter."""
    return [sys.executable, "-m", *arguments]


async def http_get(url: str) -> bytes:
    """The response body of a GET to a local process. Raises OSError."""

    def read() -> bytes:
        with _opener.open(url, timeout=5) as response:
            body: bytes = response.read()
            return body

    return await asyncio.to_thread(read)


def http_ready(url: str) -> Callable[[], Awaitable[bool]]:
    """A readiness check: whether a GET of `url` succeeds."""

    async def ready() -> bool:
        try:
            await http_get(url)
        except OSError:
            return False
        return True

    return ready
