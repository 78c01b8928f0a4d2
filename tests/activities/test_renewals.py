"""When a line renews: the day is the vendor's, the hour and the zone are ours."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from activities.renewals import next_renewal

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("day", "after", "due"),
    [
        (15, "2026-11-10T09:00", "2026-11-15T12:00"),
        (15, "2026-11-15T11:59", "2026-11-15T12:00"),
        (15, "2026-11-15T12:00", "2026-12-15T12:00"),
        (1, "2026-12-30T09:00", "2027-01-01T12:00"),
        (31, "2026-11-01T09:00", "2026-11-30T12:00"),
        (31, "2028-02-01T09:00", "2028-02-29T12:00"),
        (30, "2027-01-31T09:00", "2027-02-28T12:00"),
        # Daylight saving time begins on 14 March 2027 in New York.
        (14, "2027-03-01T09:00", "2027-03-14T12:00"),
    ],
    ids=[
        "this month",
        "later today",
        "today has passed",
        "next year",
        "31st in a month of 30 days",
        "leap year",
        "30th in February",
        "clock change",
    ],
)
def test_renewal_is_at_noon_of_its_day_in_the_zone(day: int, after: str, due: str) -> None:
    found = next_renewal(day, datetime.fromisoformat(after).replace(tzinfo=NEW_YORK), NEW_YORK)

    assert found == datetime.fromisoformat(due).replace(tzinfo=NEW_YORK)
    assert found.tzinfo is UTC


def test_day_is_that_of_the_zone_and_not_of_utc() -> None:
    evening = datetime(2026, 11, 15, 3, 0, tzinfo=UTC)  # in New York it is still the 14th

    assert next_renewal(14, evening, NEW_YORK).date().isoformat() == "2026-12-14"
    assert next_renewal(15, evening, NEW_YORK).date().isoformat() == "2026-11-15"
