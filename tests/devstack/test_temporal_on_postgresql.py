"""Temporal on PostgreSQL is set up as in docker-compose.yml, and both survive a kill."""

import subprocess
from pathlib import Path

import pytest
import yaml
from temporalio.client import Client

from devstack import temporal_on_postgresql
from devstack.child_process import ROOT, StackError
from devstack.postgresql import PostgresServer, find_postgres, postgres_server
from devstack.tcp_ports import HOST, free_ports
from devstack.temporal_on_postgresql import ServerOptions, missing_programs, server_environment

SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
ADDRESSES = {"DB_PORT", "POSTGRES_SEEDS", "POSTGRES_USER", "BIND_ON_IP"}
needs_postgresql = pytest.mark.skipif(find_postgres() is None, reason="PostgreSQL is not installed")
needs_temporal = pytest.mark.skipif(bool(missing_programs()), reason=missing_programs())


def test_servers_are_configured_as_in_the_compose_file() -> None:
    composed = SERVICES["temporal"]["environment"]
    ours = server_environment(7233, 5432, ServerOptions(), range(8))

    assert composed.keys() <= ours.keys()
    same = composed.keys() - ADDRESSES - {"DYNAMIC_CONFIG_FILE_PATH"}
    assert {name: ours[name] for name in same} == {name: composed[name] for name in same}
    mounted = composed["DYNAMIC_CONFIG_FILE_PATH"].lstrip("/")
    assert Path(ours["DYNAMIC_CONFIG_FILE_PATH"]) == ROOT / mounted
    assert temporal_on_postgresql.RETENTION in SERVICES["namespace"]["environment"]["RETENTION"]


def test_each_service_of_a_server_has_a_port_of_its_own() -> None:
    ours = server_environment(7233, 5432, ServerOptions(), range(1, 9))
    ports = [value for name, value in ours.items() if name.endswith("_PORT")]

    assert len(set(ports)) == len(ports) == 10


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal_on_postgresql, "find_postgres", lambda: Path("/nowhere"))
    monkeypatch.setenv("PATH", "/nowhere")

    assert "temporal-server, temporal-sql-tool" in missing_programs()


def test_missing_postgresql_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal_on_postgresql, "find_postgres", lambda: None)

    assert missing_programs() == "PostgreSQL is not installed: there is no `initdb`"


async def test_server_does_not_start_without_its_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(temporal_on_postgresql, "find_postgres", lambda: None)

    with pytest.raises(StackError, match="PostgreSQL is not installed"):
        async with temporal_on_postgresql.temporal_on_postgresql(tmp_path, [1]):
            pass


def query(server: PostgresServer, statement: str) -> str:
    programs = find_postgres()
    assert programs
    command = [str(programs / "psql"), "--host", str(server.directory), "--username", "postgres"]
    command += ["--no-psqlrc", "--tuples-only", "--no-align", "--command", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def command_line(pid: str) -> bytes:
    file = Path(f"/proc/{pid}/cmdline")
    return file.read_bytes() if file.exists() else b""


@pytest.mark.resilience
@needs_postgresql
async def test_killed_database_keeps_what_was_committed() -> None:
    async with postgres_server() as server:
        query(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()

        await server.kill()

        assert children
        # A process that has ended has none, even if its status has not been read yet.
        assert not any(map(command_line, children))
        await server.start()
        assert query(server, "SELECT answer FROM kept") == "42"
    assert not server.directory.exists()


@pytest.mark.resilience
@needs_postgresql
@needs_temporal
async def test_namespace_is_known_after_both_servers_were_killed(tmp_path: Path) -> None:
    ports = free_ports(2)
    async with temporal_on_postgresql.temporal_on_postgresql(tmp_path, ports) as temporal:
        for process in (*temporal.servers, temporal.database):
            await process.kill()
        for process in (temporal.database, *temporal.servers):
            await process.start()

        for port in ports:
            client = await Client.connect(f"{HOST}:{port}")
            assert (await client.count_workflows("PortState = 'OPEN'")).count == 0
