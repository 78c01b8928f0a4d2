"""When a losing carrier's silence becomes worth a person's look."""

from datetime import UTC, datetime

import pytest

from activities.port_in.policy import response_deadline

UTAH = "+18015550142"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "silent"),
    [
        ("2026-11-18 16:00", "2026-11-18 19:00"),  # Wednesday 9:00 in Utah, three hours later
        ("2026-11-18 23:00", "2026-11-19 17:00"),  # 16:00: one hour that day, two the next
        ("2026-11-18 05:00", "2026-11-18 18:00"),  # in the night before: from 8:00
        ("2026-11-20 23:30", "2026-11-23 17:30"),  # Friday 16:30, over the weekend
        ("2026-11-25 23:00", "2026-11-27 17:00"),  # over Thanksgiving
    ],
)
def test_wireless_port_in_has_three_business_hours(since: str, silent: str) -> None:
    assert response_deadline(UTAH, utc(since), wireless=True) == utc(silent)


@pytest.mark.parametrize(
    ("since", "silent"),
    [
        ("2026-11-16 19:00", "2026-11-20 15:00"),  # Monday noon counts as Monday
        ("2026-11-16 21:00", "2026-11-23 15:00"),  # Monday 14:00 counts as Tuesday
        ("2026-11-21 19:00", "2026-11-30 15:00"),  # Saturday counts as Monday; a holiday between
    ],
)
def test_other_port_in_has_four_business_days(since: str, silent: str) -> None:
    assert response_deadline(UTAH, utc(since), wireless=False) == utc(silent)
