"""The simulation of how soon arrived numbers are noticed."""

import pytest

from bench.notice_delay import Scenario, simulate


@pytest.mark.resilience
def test_half_of_the_numbers_are_noticed_within_ten_minutes() -> None:
    result = simulate(Scenario(per_day=200, slow=0.2))
    # 8.7 in docs/explanation/capacity.md, with more port-ins.
    assert result.median == pytest.approx(8.7, abs=0.8)
    assert result.largest_factor == 1
    assert simulate(Scenario(per_day=200, slow=1)).median > 60


def test_hints_notice_a_number_at_once() -> None:
    result = simulate(Scenario(per_day=50, slow=1, hinted=0.9))
    assert result.median < 0.1
    assert result.p95 > 10


def test_polls_of_too_many_port_ins_are_stretched_to_their_share() -> None:
    few = simulate(Scenario(per_day=20, requests_per_minute=2))
    many = simulate(Scenario(per_day=200, requests_per_minute=2))
    assert few.largest_factor < 2 < many.largest_factor
    assert many.median > few.median
    assert sum(many.polls) / len(many.polls) < sum(few.polls) / len(few.polls)
