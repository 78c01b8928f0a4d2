"""A private PostgreSQL server on an empty cluster, with PostgreSQL's defaults."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from devstack.child_process import ChildProcess, StackError
from devstack.tcp_ports import HOST

PACKAGES = Path("/usr/lib/postgresql")
"""Where Debian's packages put the programs, in a folder for each version."""
SYSTEM_USER = "postgres"
"""PostgreSQL refuses to run as root, so root runs it as this user, which the packages create."""
DEFAULT_PORT = 5432
"""Part of the name of the Unix socket."""


def find_postgres() -> Path | None:
    """The folder with the newest `initdb` and `postgres`; None without PostgreSQL."""
    versions = sorted(PACKAGES.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class PostgresServer(ChildProcess):
    """PostgreSQL's processes.

    Attributes:
        directory: The folder of its Unix socket.
        port: On the loopback address, or only in the name of the socket.
    """

    def __init__(self, programs: Path, directory: Path, port: int | None) -> None:
        self.directory, self.port = directory, port or DEFAULT_PORT

        async def ready() -> bool:
            command = [str(programs / "pg_isready"), "--quiet", "--host", str(directory)]
            command += ["--port", str(self.port)]
            return await (await asyncio.create_subprocess_exec(*command)).wait() == 0

        command = [*_as_user(directory), str(programs / "postgres"), "-D", str(directory / "data")]
        command += ["-c", f"unix_socket_directories={directory}", "-p", str(self.port)]
        command += ["-c", f"listen_addresses={HOST if port else ''}"]
        log = directory / "server.log"
        super().__init__("PostgreSQL", command, log=log, ready=ready, directory=directory)

    async def kill(self) -> None:
        """End it with SIGKILL, together with the processes that serve its connections.

        Those would otherwise finish what they are doing. Does nothing if it is not running.
        """
        if not self.running:
            return
        children = _children(self.pid)
        await super().kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        # A new server does not start while one of them uses the shared memory.
        while any(map(_runs, children)):  # noqa: ASYNC110  only polling tells it of grandchildren
            await asyncio.sleep(0.01)


@asynccontextmanager
async def postgres_server(port: int | None = None) -> AsyncIterator[PostgresServer]:
    """Run a new cluster while the block runs, and delete it afterwards.

    Args:
        port: On the loopback address; by default it listens on its Unix socket only.

    Raises:
        StackError: PostgreSQL is not installed, or could not start.
    """
    programs = find_postgres()
    if programs is None:
        raise StackError("PostgreSQL is not installed: there is no `initdb`")
    directory = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        command = [*_as_user(directory), str(programs / "initdb"), "--auth", "trust"]
        command += ["--pgdata", str(directory / "data"), "--username", SYSTEM_USER]
        await run_program(command, directory)
        async with PostgresServer(programs, directory, port) as server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def run_program(
    command: Sequence[str], directory: Path, environment: dict[str, str] | None = None
) -> None:
    """Run a program to its end. Raises StackError with what it printed if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=directory,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        text = output.decode(errors="replace")
        raise StackError(f"exit status {process.returncode}: {' '.join(command)}\n{text}")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in ("Z", "X")


def _as_user(directory: Path) -> Sequence[str]:
    """What goes before a command, so that a user runs it who owns the folder and is not root."""
    if os.geteuid() != 0:
        return ()
    shutil.chown(directory, SYSTEM_USER, SYSTEM_USER)
    return ("setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--clear-groups")
