import subprocess
import sys

import pytest

from bench.baseline.onboarder import BaselineUnderTest
from resilience.fault_matrix.__main__ import reproduction_command
from resilience.fault_matrix.calls import CALLS
from resilience.fault_matrix.cases import FaultCase, FaultMode, all_cases
from resilience.fault_matrix.orchestrator_sut import OrchestratorUnderTest
from resilience.fault_matrix.parallel import run_cases
from resilience.fault_matrix.sample import sample_cases

PROVISION = "POST /v1.0/numbers/provision"


@pytest.mark.timeout(1800)
def test_a_quarter_of_the_fault_matrix() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "resilience.fault_matrix", "--share", "0.25", "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_matrix_finds_what_a_flow_without_a_look_buys_twice() -> None:
    case = FaultCase(1, PROVISION, FaultMode.RESPONSE_DROPPED, times=1, nth=1)
    (played,) = run_cases(BaselineUnderTest, [case])
    assert played.report.state == "violation"
    assert any(sentence.startswith("duplicate: child has") for sentence in played.report.violations)
    assert (played.fault_hits, played.numbers_bought) == (1, 2)


def test_a_fault_that_meets_no_call_is_a_breach() -> None:
    (played,) = run_cases(
        OrchestratorUnderTest, [FaultCase(1, PROVISION, FaultMode.RESPONSE_DROPPED, times=1, nth=2)]
    )
    assert played.report.violations == ["the fault never met its call"]


def test_the_matrix_is_every_call_in_every_trouble_once_and_in_a_row() -> None:
    cases = list(all_cases(seed=1))
    assert len(cases) == len(CALLS) * len(FaultMode) * 2
    assert {(c.call, c.mode, c.times) for c in cases} == {
        (call, mode, times) for call in CALLS for mode in FaultMode for times in (1, 3)
    }
    assert all(1 <= case.nth <= CALLS[case.call] for case in cases)


def test_a_seed_fixes_which_share_is_played() -> None:
    cases = list(all_cases(seed=1))
    assert sample_cases(cases, 0.25, seed=1) == sample_cases(cases, 0.25, seed=1)
    assert sample_cases(cases, 0.25, seed=1) != sample_cases(cases, 0.25, seed=2)
    assert len(sample_cases(cases, 0.25, seed=1)) == -(-len(cases) // 4)


def test_a_case_is_repeated_by_its_command() -> None:
    case = next(case for case in all_cases(seed=3) if case.call == "GET /v1.0/numbers")
    said = reproduction_command(case, 3)
    assert said.endswith("--seed 3 --only 'GET /v1.0/numbers' --mode 'no connection' --times 1")
