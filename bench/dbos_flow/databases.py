"""The databases that DBOS stores its workflows in: SQLite files, or a private PostgreSQL server."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.child_process import ChildProcess, StackError

PACKAGES = Path("/usr/lib/postgresql")
"""Where Debian's packages put the programs, in a folder for each version."""
SYSTEM_USER = "postgres"
"""PostgreSQL refuses to run as root, so root runs it as this user, which the packages create."""


@dataclass(frozen=True)
class Databases:
    """Databases that DBOS creates when they are missing.

    Attributes:
        url_template: URL of each of them, with `{name}` for its name.
        servers: The processes that serve them.
    """

    url_template: str
    servers: Sequence[ChildProcess] = ()


@asynccontextmanager
async def sqlite_files() -> AsyncIterator[Databases]:
    """Files in a temporary folder, which is deleted after the block."""
    with tempfile.TemporaryDirectory(prefix="dbos-") as directory:
        yield Databases(f"sqlite:///{directory}/{{name}}.sqlite")


def find_postgres() -> Path | None:
    """The folder with the newest `initdb` and `postgres`; None without PostgreSQL."""
    versions = sorted(PACKAGES.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@asynccontextmanager
async def postgres_server() -> AsyncIterator[Databases]:
    """Run a new cluster while the block runs, with PostgreSQL's defaults, on a Unix socket only.

    Raises:
        StackError: PostgreSQL is not installed, or could not start.
    """
    programs = find_postgres()
    if programs is None:
        raise StackError("PostgreSQL is not installed: there is no `initdb`")
    directory = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        as_user = _as_user(directory)
        data = str(directory / "data")
        options = ("--pgdata", data, "--username", SYSTEM_USER, "--auth", "trust")
        await _run([*as_user, str(programs / "initdb"), *options], directory)

        async def ready() -> bool:
            command = (str(programs / "pg_isready"), "--quiet", "--host", str(directory))
            return await (await asyncio.create_subprocess_exec(*command)).wait() == 0

        command = [*as_user, str(programs / "postgres"), "-D", data]
        command += ["-c", f"unix_socket_directories={directory}", "-c", "listen_addresses="]
        async with ChildProcess(
            "PostgreSQL", command, log=directory / "server.log", ready=ready, directory=directory
        ) as server:
            yield Databases(f"postgresql://{SYSTEM_USER}@/{{name}}?host={directory}", [server])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _as_user(directory: Path) -> Sequence[str]:
    """What goes before a command, so that a user runs it who owns the folder and is not root."""
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
