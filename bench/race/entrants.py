"""The systems that are compared."""

import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from bench.baseline.onboarder import BaselineUnderTest
from bench.dbos_flow.databases import Databases, postgres_server, sqlite_files
from bench.dbos_flow.system import DbosFlow
from bench.throughput.systems import Orchestrator, PlainTemporal, SystemUnderTest
from devstack.postgresql import find_postgres
from resilience.fault_matrix import runner
from resilience.fault_matrix.orchestrator_sut import OrchestratorUnderTest

DBOS_ATTEMPTS = 3
"""Attempts of a step that DBOS retries, unless it is told otherwise."""
MORE_ATTEMPTS = 10
"""Attempts in the example of DBOS's documentation."""

OnboarderFactory = Callable[[], runner.SystemUnderTest]


@dataclass(frozen=True)
class Entrant:
    """A system in both parts of the race.

    Attributes:
        name: Its name in the tables.
        faults: Runs what the system needs for the fault matrix, and yields what onboards there.
        throughput: The system in the measurement of throughput; None to leave it out.
    """

    name: str
    faults: Callable[[], AbstractAsyncContextManager[OnboarderFactory]]
    throughput: SystemUnderTest | None = None


def find_entrants() -> tuple[list[Entrant], list[str]]:
    """The systems that can run here, and a sentence for each that cannot."""
    orchestrator, plain = Orchestrator(), PlainTemporal()
    entrants = [
        Entrant(orchestrator.name, partial(_without_servers, OrchestratorUnderTest), orchestrator),
        Entrant(plain.name, partial(_without_servers, BaselineUnderTest), plain),
    ]
    if importlib.util.find_spec("dbos") is None:
        return entrants, ["DBOS is left out: install requirements/bench.txt"]
    entrants.append(_dbos("DBOS on SQLite", sqlite_files))
    if find_postgres() is None:
        return entrants, ["PostgreSQL is left out: there is no `initdb`; install `postgresql`"]
    name = "DBOS on PostgreSQL"
    entrants.append(_dbos(name, postgres_server))
    more_attempts = partial(_dbos_onboarder, postgres_server, MORE_ATTEMPTS)
    entrants.append(Entrant(f"{name}, {MORE_ATTEMPTS} attempts", more_attempts))
    return entrants, []


def _dbos(name: str, databases: Callable[[], AbstractAsyncContextManager[Databases]]) -> Entrant:
    onboarder = partial(_dbos_onboarder, databases, DBOS_ATTEMPTS)
    return Entrant(name, onboarder, DbosFlow(name, databases))


@asynccontextmanager
async def _without_servers(onboarder: OnboarderFactory) -> AsyncIterator[OnboarderFactory]:
    yield onboarder


@asynccontextmanager
async def _dbos_onboarder(
    databases: Callable[[], AbstractAsyncContextManager[Databases]], max_attempts: int
) -> AsyncIterator[OnboarderFactory]:
    # Only here, because DBOS may be missing.
    from bench.dbos_flow.onboarder import DbosUnderTest

    async with databases() as served:
        yield partial(DbosUnderTest, served.url_template, max_attempts)
