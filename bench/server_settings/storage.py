"""What an onboarding takes in the database for as long as its workflows are retained."""

import asyncio
from pathlib import Path

from bench.throughput.request import two_new_lines
from bench.throughput.systems import OnPostgresql
from devstack.postgresql import SYSTEM_USER, PostgresServer, find_postgres
from devstack.stack import DevStack

# Tables with their indexes; what updates have left behind is given back first.
_SIZE = "SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables"
_DATABASES = ("temporal", "temporal_visibility")


async def kilobytes_each(directory: Path, count: int) -> float:
    """Onboard families one after the other, and return what one takes in kB."""
    async with DevStack(directory, kill=True) as stack:
        await stack.start_simulator()
        async with OnPostgresql().run(stack) as program:
            database = program.servers[-1]
            assert isinstance(database, PostgresServer)
            await program.onboard(two_new_lines("storage-first"))
            before = await _bytes(database)
            for at in range(count):
                await program.onboard(two_new_lines(f"storage-{at}", catalogue_of="storage-first"))
            return (await _bytes(database) - before) / count / 1000


async def _bytes(database: PostgresServer) -> int:
    sizes = []
    for name in _DATABASES:
        await _query(database, name, "VACUUM FULL")
        sizes.append(int(await _query(database, name, _SIZE)))
    return sum(sizes)


async def _query(database: PostgresServer, name: str, statement: str) -> str:
    programs = find_postgres()
    assert programs
    command = [str(programs / "psql"), "--host", str(database.directory), "--port"]
    command += [str(database.port), "--username", SYSTEM_USER, "--dbname", name]
    command += ["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--command", statement]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().strip()
