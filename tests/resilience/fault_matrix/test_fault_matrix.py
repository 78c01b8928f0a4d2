import subprocess
import sys

import pytest

from bench.baseline.onboarder import Plain
from resilience.fault_matrix.__main__ import again
from resilience.fault_matrix.calls import CALLS
from resilience.fault_matrix.cases import Spoiled, Trouble, every_case
from resilience.fault_matrix.orchestrator_sut import Ours
from resilience.fault_matrix.sample import chosen_share
from resilience.harness.processes import play_all

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
    case = Spoiled(1, PROVISION, Trouble.CUT_AFTER, times=1, nth=1)
    (played,) = play_all(Plain, [case])
    assert played.verdict.state == "breach"
    assert any(sentence.startswith("doubled: child has") for sentence in played.verdict.wrong)
    assert (played.met, played.bought) == (1, 2)


def test_a_fault_that_meets_no_call_is_a_breach() -> None:
    (played,) = play_all(Ours, [Spoiled(1, PROVISION, Trouble.CUT_AFTER, times=1, nth=2)])
    assert played.verdict.wrong == ["the fault never met its call"]


def test_the_matrix_is_every_call_in_every_trouble_once_and_in_a_row() -> None:
    cases = list(every_case(seed=1))
    assert len(cases) == len(CALLS) * len(Trouble) * 2
    assert {(c.call, c.trouble, c.times) for c in cases} == {
        (call, trouble, times) for call in CALLS for trouble in Trouble for times in (1, 3)
    }
    assert all(1 <= case.nth <= CALLS[case.call] for case in cases)


def test_a_seed_fixes_which_share_is_played() -> None:
    cases = list(every_case(seed=1))
    assert chosen_share(cases, 0.25, seed=1) == chosen_share(cases, 0.25, seed=1)
    assert chosen_share(cases, 0.25, seed=1) != chosen_share(cases, 0.25, seed=2)
    assert len(chosen_share(cases, 0.25, seed=1)) == -(-len(cases) // 4)


def test_a_case_is_repeated_by_its_command() -> None:
    case = next(case for case in every_case(seed=3) if case.call == "GET /v1.0/numbers")
    said = again(case, 3)
    assert said.endswith("--seed 3 --only 'GET /v1.0/numbers' --fault 'no connection' --times 1")
