"""Onboardings in which vendor calls fail in every way, judged by the simulator's ledger."""

import subprocess
import sys

import pytest

from bench.baseline.onboarder import BaselineUnderTest
from resilience.fault_matrix.cases import FaultCase, FaultMode, all_cases
from resilience.fault_matrix.line_changes import LINE_CHANGE_CALLS, LineChangesUnderTest
from resilience.fault_matrix.orchestrator_sut import OrchestratorUnderTest
from resilience.fault_matrix.parallel import run_cases
from resilience.fault_matrix.sample import covering_cases

PROVISION = "POST /v1.0/numbers/provision"


@pytest.mark.timeout(600)
def test_each_vendor_call_under_some_fault_has_its_effect_once() -> None:
    cases = covering_cases(list(all_cases(seed=1)))

    results = list(run_cases(OrchestratorUnderTest, cases))

    assert len(results) == len(cases)
    violations = {str(r.case): r.report.violations for r in results if r.report.violations}
    assert violations == {}


@pytest.mark.resilience
@pytest.mark.timeout(600)
def test_each_call_of_a_line_change_under_some_fault_has_its_effect_once() -> None:
    cases = covering_cases(list(all_cases(seed=1, calls=LINE_CHANGE_CALLS)))

    results = list(run_cases(LineChangesUnderTest, cases))

    assert len(results) == len(cases)
    violations = {str(r.case): r.report.violations for r in results if r.report.violations}
    assert violations == {}


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
def test_purchase_repeated_without_lookup_is_a_violation() -> None:
    case = FaultCase(1, PROVISION, FaultMode.RESPONSE_DROPPED, times=1, nth=1)

    (result,) = run_cases(BaselineUnderTest, [case])

    assert result.report.state == "violation"
    assert any(text.startswith("duplicate: child has") for text in result.report.violations)
    assert (result.fault_hits, result.numbers_bought) == (1, 2)


@pytest.mark.resilience
def test_fault_that_meets_no_call_is_a_violation() -> None:
    case = FaultCase(1, PROVISION, FaultMode.RESPONSE_DROPPED, times=1, nth=2)

    (result,) = run_cases(OrchestratorUnderTest, [case])

    assert result.report.violations == ["the fault hit no call"]
