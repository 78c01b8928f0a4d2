"""The fault matrix while the vendor speaks each of its dialects."""

import asyncio
from collections import Counter

import pytest

from resilience.fault_matrix.__main__ import dialect_table
from resilience.fault_matrix.cases import FaultCase, FaultMode, all_cases
from resilience.fault_matrix.orchestrator_sut import OrchestratorUnderTest
from resilience.fault_matrix.runner import CaseResult, Lags, start_lanes
from resilience.harness.dialects import ROTATION
from resilience.oracle.invariants import STUCK, InvariantReport


def test_each_fault_meets_each_dialect_about_equally_often() -> None:
    cases = list(all_cases(1, ROTATION))

    by_mode = Counter((case.mode, case.dialect) for case in cases)

    assert {case.dialect for case in cases} == set(ROTATION)
    assert max(by_mode.values()) - min(by_mode.values()) <= 2


def test_stuck_case_is_counted_apart_from_other_violations() -> None:
    case = FaultCase(1, "GET /v1.0/numbers", FaultMode.HTML, times=1, nth=1, dialect="oas")
    results = [
        CaseResult(case, report, escalations, 1, 1, 1.0)
        for report, escalations in (
            (InvariantReport([], []), []),
            (InvariantReport([], []), ["was lost"]),
            (InvariantReport(["duplicate"], []), []),
            (InvariantReport([STUCK], []), []),
        )
    ]

    table = dialect_table(results)

    cells = [list(column.cells) for column in table.columns]
    assert [row[0] for row in cells] == ["oas", "4", "1", "1", "2", "1"]


@pytest.mark.resilience
@pytest.mark.timeout(900)
async def test_lost_purchase_is_found_in_each_dialect_with_lags() -> None:
    call = "POST /v1.0/numbers/provision"
    cases = [
        FaultCase(number, call, FaultMode.RESPONSE_DROPPED, times=1, nth=1, dialect=dialect)
        for number, dialect in enumerate(ROTATION)
    ]

    async with start_lanes(OrchestratorUnderTest(Lags(5, 5)), len(cases)) as lanes:
        results = await asyncio.gather(
            *(lane.run_case(case) for lane, case in zip(lanes, cases, strict=True))
        )

    assert {str(result.case): result.report.violations for result in results} == {
        str(case): [] for case in cases
    }
    assert [result.numbers_bought for result in results] == [1] * len(cases)
