from datetime import UTC, datetime, timedelta

from resilience.harness.rates import most_in_a_minute

START = datetime(2026, 11, 30, tzinfo=UTC)


def test_minute_may_begin_at_any_time_and_ends_before_its_sixtieth_second() -> None:
    seconds = [0, 50, 55, 60, 109, 110, 300]

    assert most_in_a_minute([START + timedelta(seconds=each) for each in seconds]) == 4


def test_no_time_is_counted_as_none() -> None:
    assert most_in_a_minute([]) == 0
