"""The Temporal server on PostgreSQL, set up as in docker-compose.yml, as local processes."""

import os
import shutil
import sysconfig
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from devstack.child_process import ROOT, ChildProcess, StackError, clean_environment
from devstack.postgresql import (
    SYSTEM_USER,
    PostgresServer,
    find_postgres,
    postgres_server,
    run_program,
)
from devstack.tcp_ports import HOST, free_ports
from worker.search_attributes import register_search_attributes

SERVER, SQL_TOOL = "temporal-server", "temporal-sql-tool"
DYNAMIC_CONFIG = ROOT / "deploy" / "dynamicconfig" / "temporal.yaml"
NAMESPACE_SCRIPT = ROOT / "deploy" / "namespace.sh"
SCHEMAS = {"temporal": "temporal", "temporal_visibility": "visibility"}
"""Name of the schema by database."""
RETENTION = "90d"
# Of each service, in the names of the server's settings.
_PORTS = (
    *("FRONTEND_HTTP_PORT", "FRONTEND_MEMBERSHIP_PORT"),
    *("MATCHING_GRPC_PORT", "MATCHING_MEMBERSHIP_PORT"),
    *("HISTORY_GRPC_PORT", "HISTORY_MEMBERSHIP_PORT"),
    *("WORKER_GRPC_PORT", "WORKER_MEMBERSHIP_PORT"),
)


@dataclass(frozen=True)
class ServerOptions:
    """How the servers are configured.

    Attributes:
        dynamic_config: Their dynamic configuration.
        shards: Number of history shards, which cannot be changed later.
    """

    dynamic_config: Path = DYNAMIC_CONFIG
    shards: int = 4


@dataclass(frozen=True)
class TemporalOnPostgresql:
    """Temporal's processes.

    Attributes:
        database: PostgreSQL.
        servers: Temporal servers, each with all of its services.
        addresses: `host:port` of each server's gRPC API.
    """

    database: PostgresServer
    servers: Sequence[ChildProcess]
    addresses: Sequence[str]


def missing_programs() -> str:
    """Why Temporal cannot run on PostgreSQL here, as a sentence; empty if it can."""
    if find_postgres() is None:
        return "PostgreSQL is not installed: there is no `initdb`"
    missing = [name for name in (SERVER, SQL_TOOL) if shutil.which(name) is None]
    return f"not on PATH: {', '.join(missing)} (`make postgresql` builds them)" if missing else ""


@asynccontextmanager
async def temporal_on_postgresql(
    directory: Path, ports: Sequence[int], options: ServerOptions | None = None
) -> AsyncIterator[TemporalOnPostgresql]:
    """Run a new cluster and Temporal on it while the block runs, with the namespace `default`.

    Args:
        directory: For the logs of the servers.
        ports: Of the gRPC API, one for each server.
        options: How the servers are configured.

    Raises:
        StackError: A program is missing, or could not start.
    """
    if missing := missing_programs():
        raise StackError(missing)
    [database_port] = free_ports(1)
    options = options or ServerOptions()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(postgres_server(database_port))
        for name, schema in SCHEMAS.items():
            await _create_database(database_port, name, schema, directory)
        temporal = TemporalOnPostgresql(
            database,
            [
                _server(number, port, database_port, directory, options)
                for number, port in enumerate(ports, start=1)
            ],
            [f"{HOST}:{port}" for port in ports],
        )
        for server in temporal.servers:
            stack.push_async_callback(server.kill)
            await server.start()
        await create_namespace(temporal.addresses[0], "default")
        yield temporal


async def create_namespace(address: str, name: str) -> None:
    """Create a namespace as docker-compose.yml does. Raises StackError."""
    scripts = sysconfig.get_path("scripts")
    environment = clean_environment() | {
        # For `temporal`.
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "TEMPORAL_ADDRESS": address,
        "TEMPORAL_NAMESPACE": name,
        "RETENTION": RETENTION,
    }
    await run_program(["sh", str(NAMESPACE_SCRIPT)], ROOT, environment)
    await register_search_attributes(await Client.connect(address, namespace=name))


def server_environment(
    port: int, database_port: int, options: ServerOptions, more_ports: Sequence[int]
) -> Mapping[str, str]:
    """The settings of a server, as in docker-compose.yml except for addresses and ports."""
    ports = dict(zip(_PORTS, map(str, more_ports), strict=True))
    return {
        "DB": "postgres12",
        "DB_PORT": str(database_port),
        "POSTGRES_SEEDS": HOST,
        "POSTGRES_USER": SYSTEM_USER,
        "BIND_ON_IP": HOST,
        "TEMPORAL_BROADCAST_ADDRESS": HOST,
        "DYNAMIC_CONFIG_FILE_PATH": str(options.dynamic_config),
        "NUM_HISTORY_SHARDS": str(options.shards),
        "LOG_LEVEL": "error",
        "FRONTEND_GRPC_PORT": str(port),
        **ports,
    }


def _server(
    number: int, port: int, database_port: int, directory: Path, options: ServerOptions
) -> ChildProcess:
    async def ready() -> bool:
        try:
            await Client.connect(f"{HOST}:{port}")
        except RuntimeError:
            return False
        return True

    return ChildProcess(
        f"Temporal server {number}",
        [SERVER, "start"],
        log=directory / f"temporal-server-{number}.log",
        ready=ready,
        environment=server_environment(port, database_port, options, free_ports(len(_PORTS))),
    )


async def _create_database(port: int, name: str, schema: str, directory: Path) -> None:
    tool = [SQL_TOOL, "--plugin", "postgres12", "--endpoint", HOST, "--port", str(port)]
    tool += ["--user", SYSTEM_USER, "--database", name]
    for command in (
        ["create"],
        ["setup-schema", "--version", "0.0"],
        ["update-schema", "--schema-name", f"postgresql/v12/{schema}"],
    ):
        await run_program([*tool, *command], directory)
