"""Onboardings in which vendor calls fail in every way, judged by the simulator's ledger."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

import pytest

from bench.baseline.onboarder import BaselineUnderTest
from resilience.fault_matrix.cases import FaultCase, FaultMode, all_cases
from resilience.fault_matrix.line_changes import LINE_CHANGE_CALLS, LineChangesUnderTest
from resilience.fault_matrix.orchestrator_sut import OrchestratorUnderTest
from resilience.fault_matrix.runner import SystemUnderTest, start_lanes
from resilience.fault_matrix.sample import covering_cases

PROVISION = "POST /v1.0/numbers/provision"
ONBOARDINGS = 8


@pytest.mark.timeout(600)
async def test_each_vendor_call_under_some_fault_has_its_effect_once() -> None:
    cases = covering_cases(list(all_cases(seed=1)))

    assert await violations_of(OrchestratorUnderTest(), cases) == {}


@pytest.mark.resilience
@pytest.mark.timeout(600)
async def test_each_call_of_a_line_change_under_some_fault_has_its_effect_once() -> None:
    cases = covering_cases(list(all_cases(seed=1, calls=LINE_CHANGE_CALLS)))

    assert await violations_of(LineChangesUnderTest(), cases) == {}


async def violations_of(
    system: SystemUnderTest, cases: Sequence[FaultCase]
) -> dict[str, Sequence[str]]:
    """Run the cases in a few onboardings, which several faults hit."""
    async with start_lanes(system, ONBOARDINGS) as lanes:
        groups = [cases[at :: len(lanes)] for at in range(len(lanes))]
        results = await asyncio.gather(
            *(lane.run_case(*group) for lane, group in zip(lanes, groups, strict=True))
        )
    return {
        "; ".join(map(str, group)): result.report.violations
        for group, result in zip(groups, results, strict=True)
        if result.report.violations
    }


@pytest.mark.resilience
@pytest.mark.timeout(1800)
def test_quarter_of_the_fault_matrix_has_no_violation() -> None:
    matrix = subprocess.run(
        [sys.executable, "-m", "resilience.fault_matrix", "--share", "0.25", "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert matrix.returncode == 0, matrix.stdout + matrix.stderr


@pytest.mark.resilience
async def test_purchase_repeated_without_lookup_is_a_violation() -> None:
    case = FaultCase(1, PROVISION, FaultMode.RESPONSE_DROPPED, times=1, nth=1)

    async with start_lanes(BaselineUnderTest(), 1) as (lane,):
        result = await lane.run_case(case)

    assert result.report.state == "violation"
    assert any(text.startswith("duplicate: child has") for text in result.report.violations)
    assert (result.fault_hits, result.numbers_bought) == (1, 2)


@pytest.mark.resilience
async def test_fault_that_meets_no_call_is_a_violation() -> None:
    case = FaultCase(1, PROVISION, FaultMode.RESPONSE_DROPPED, times=1, nth=2)

    async with start_lanes(OrchestratorUnderTest(), 1) as (lane,):
        result = await lane.run_case(case)

    assert result.report.violations == [f"{case}: the fault hit no call"]
