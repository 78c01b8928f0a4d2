from resilience.fault_matrix.calls import CALLS
from resilience.fault_matrix.cases import TIMES, FaultMode, all_cases
from resilience.fault_matrix.sample import covering_cases, sample_cases

CASES = list(all_cases(seed=1))


def test_covering_sample_has_each_call_once_and_each_mode_and_repeat_count() -> None:
    chosen = covering_cases(CASES)

    assert [case.call for case in chosen] == list(CALLS)
    assert {case.mode for case in chosen} == set(FaultMode)
    assert {case.times for case in chosen} == set(TIMES)
    assert chosen == covering_cases(CASES)


def test_share_of_the_matrix_is_fixed_by_the_seed() -> None:
    quarter = sample_cases(CASES, 0.25, seed=1)

    assert quarter == sample_cases(CASES, 0.25, seed=1)
    assert quarter != sample_cases(CASES, 0.25, seed=2)
    assert len(quarter) == -(-len(CASES) // 4)
