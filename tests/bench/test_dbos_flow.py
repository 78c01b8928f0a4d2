"""The flow on DBOS, which needs requirements/bench.txt."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

pytest.importorskip("dbos", reason="DBOS is not installed: it is in requirements/bench.txt")

from bench.dbos_flow.databases import Databases, postgres_server, sqlite_files
from bench.dbos_flow.onboarder import DbosUnderTest
from bench.dbos_flow.system import DbosFlow
from bench.race import faults
from bench.throughput.measuring import measure
from devstack.postgresql import find_postgres
from resilience.fault_matrix.cases import FaultCase, FaultMode, all_cases
from resilience.fault_matrix.runner import CaseResult, start_lanes

DATABASES = [
    pytest.param(sqlite_files, id="SQLite"),
    pytest.param(
        postgres_server,
        id="PostgreSQL",
        marks=pytest.mark.skipif(find_postgres() is None, reason="PostgreSQL is not installed"),
    ),
]
pytestmark = pytest.mark.resilience


def case(call: str, mode: FaultMode) -> FaultCase:
    [found] = [
        case
        for case in all_cases(1)
        if (case.call, case.mode, case.times, case.nth) == (call, mode, 1, 1)
    ]
    return found


async def run(database: Databases, *cases: FaultCase) -> list[CaseResult]:
    async with start_lanes(DbosUnderTest(database.url_template), 1) as [lane]:
        return [await lane.run_case(case) for case in cases]


@pytest.mark.parametrize("databases", DATABASES)
async def test_flow_onboards_exactly_once_after_a_request_without_effect(
    databases: Callable[[], AbstractAsyncContextManager[Databases]],
) -> None:
    async with databases() as database:
        [result] = await run(database, case("POST /v1.0/account/create", FaultMode.E500_BEFORE))

    assert result.report.violations == []
    assert result.fault_hits == 1


async def test_flow_buys_a_second_number_when_a_response_is_lost() -> None:
    purchase = case("POST /v1.0/numbers/provision", FaultMode.RESPONSE_DROPPED)
    async with sqlite_files() as database:
        [result] = await run(database, purchase)

    assert faults.doubled(result)
    assert faults.extra_numbers(result) == 1


async def test_flow_sends_as_many_requests_as_the_other_systems(tmp_path: Path) -> None:
    found = await measure(DbosFlow("DBOS", sqlite_files), tmp_path, count=1, in_flight=1)

    assert found.requests == 26
