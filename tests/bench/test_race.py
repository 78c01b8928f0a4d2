"""The tables of the race, and the baseline on Temporal."""

import pytest

from bench.baseline.onboarder import BaselineUnderTest
from bench.race import faults
from resilience.fault_matrix.cases import FaultCase, FaultMode
from resilience.fault_matrix.runner import CaseResult, start_lanes
from resilience.oracle.invariants import InvariantReport

PURCHASE = "POST /v1.0/numbers/provision"


def result(
    times: int, *violations: str, escalations: tuple[str, ...] = (), numbers: int = 1
) -> CaseResult:
    return CaseResult(
        case=FaultCase(1, PURCHASE, FaultMode.RESPONSE_DROPPED, times, 1),
        report=InvariantReport(violations, []),
        escalations=list(escalations),
        fault_hits=times,
        numbers_bought=numbers,
        seconds=1.0,
    )


def test_results_are_counted_by_system_and_repeats() -> None:
    results = {
        "one": [result(1), result(3, escalations=("resolved",))],
        "two": [result(1, "duplicate: a number", numbers=2), result(3, "lost: a subscription")],
    }

    assert faults.summary_table(results)[2:] == [
        "| one | once | 1 | 1 | 0 | 0 | 0 | 0 |",
        "| one | three times in a row | 1 | 1 | 1 | 0 | 0 | 0 |",
        "| one | all | 2 | 2 | 1 | 0 | 0 | 0 |",
        "| two | once | 1 | 0 | 0 | 1 | 0 | 1 |",
        "| two | three times in a row | 1 | 0 | 0 | 0 | 1 | 0 |",
        "| two | all | 2 | 0 | 0 | 1 | 1 | 1 |",
    ]
    assert faults.call_table(results)[2:] == [
        "| `POST numbers/provision` | 2 | 2 / 0 / 0 | 0 / 1 / 1 |"
    ]


def test_each_system_gets_the_same_cases_at_the_first_call() -> None:
    cases = faults.choose_cases(0.25, seed=1)

    assert cases == faults.choose_cases(0.25, seed=1)
    assert {case.nth for case in cases} == {1}
    assert 0 < len(cases) < 782


@pytest.mark.resilience
async def test_baseline_onboards_exactly_once_after_a_request_without_effect() -> None:
    case = FaultCase(1, PURCHASE, FaultMode.E500_BEFORE, times=1, nth=1)

    async with start_lanes(BaselineUnderTest(), 1) as [lane]:
        result = await lane.run_case(case)

    assert result.report.violations == []
