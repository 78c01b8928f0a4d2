"""A private PostgreSQL server of this machine, from the system's packages."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from localstack.child_process import ChildProcess, StackError

PACKAGES = Path("/usr/lib/postgresql")
"""Where Debian's packages put the programs, in a folder for each version."""
SYSTEM_USER = "postgres"
"""PostgreSQL refuses to run as root, so root runs it as this user, which the packages create."""


@dataclass(frozen=True)
class PostgresServer:
    """A server that listens on a Unix socket only, with the settings of a new cluster."""

    process: ChildProcess
    directory: Path

    def url(self, database: str) -> str:
        """The URL of a database, which DBOS creates if it is missing."""
        return f"postgresql://{SYSTEM_USER}@/{database}?host={self.directory}"


def find_programs() -> Path | None:
    """The folder with the newest `initdb` and `postgres`; None without PostgreSQL."""
    versions = sorted(PACKAGES.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@asynccontextmanager
async def postgres_server(programs: Path) -> AsyncIterator[PostgresServer]:
    """Run a new cluster in a temporary folder while the block runs.

    Raises:
        StackError: It could not be created, or could not start.
    """
    directory = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        as_user = _as_user(directory)
        data = directory / "data"
        options = ("--pgdata", str(data), "--username", SYSTEM_USER, "--auth", "trust")
        await _run([*as_user, str(programs / "initdb"), *options], directory)

        async def ready() -> bool:
            command = [str(programs / "pg_isready"), "--quiet", "--host", str(directory)]
            return await (await asyncio.create_subprocess_exec(*command)).wait() == 0

        settings = (f"unix_socket_directories={directory}", "listen_addresses=")
        command = [*as_user, str(programs / "postgres"), "-D", str(data)]
        for setting in settings:
            command += ["-c", setting]
        async with ChildProcess(
            "PostgreSQL", command, log=directory / "server.log", ready=ready, directory=directory
        ) as process:
            yield PostgresServer(process, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _as_user(directory: Path) -> Sequence[str]:
    """What to put before a command; gives the folder to the user that runs it."""
    if os.geteuid() != 0:
        return ()
    shutil.chown(directory, SYSTEM_USER, SYSTEM_USER)
    return ("setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--clear-groups")


async def _run(command: Sequence[str], directory: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        text = output.decode(errors="replace")
        raise StackError(f"PostgreSQL's cluster could not be created:\n{text}")
