"""The databases that DBOS stores its workflows in: SQLite files, or a private PostgreSQL server."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from devstack import postgresql
from devstack.child_process import ChildProcess


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


@asynccontextmanager
async def postgres_server() -> AsyncIterator[Databases]:
    """Run a new cluster while the block runs, on a Unix socket only.

    Raises:
        StackError: PostgreSQL is not installed, or could not start.
    """
    async with postgresql.postgres_server() as server:
        user = postgresql.SYSTEM_USER
        yield Databases(f"postgresql://{user}@/{{name}}?host={server.directory}", [server])
