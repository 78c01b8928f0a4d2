"""How long a losing carrier may be silent before a person should look."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from activities.port_in.poll_schedule import is_business_day, local_hour, region_zone

OPENS, CLOSES = 8, 17
"""The hours of the day in which carriers must work on ports: 47 CFR 52.35."""
WIRELESS = timedelta(hours=3)
"""Of business time. Wireless ports take 2.5 hours by industry practice."""
OTHER_DAYS = 4
"""Business days for a port that is not a simple one: 47 CFR 52.35."""
SAME_DAY_UNTIL = 13
"""What arrives by 1 pm local time counts as that day's: 47 CFR 52.35."""


def silent_at(phone_number: str, since: datetime, *, wireless: bool) -> datetime:
    """When silence since then (UTC) is longer than the carrier's interval.

    For a port that is not a wireless one four business days are taken, because nothing tells
    whether it is a simple one.
    """
    zone = region_zone(phone_number)
    if wireless:
        return _after_business_time(since, WIRELESS, phone_number)
    day = since.astimezone(zone).date()
    if not is_business_day(day) or since > _at(day, SAME_DAY_UNTIL, zone):
        day = _next_business_day(day)
    for _ in range(OTHER_DAYS):
        day = _next_business_day(day)
    return _at(day, OPENS, zone)


def _after_business_time(since: datetime, wait: timedelta, phone_number: str) -> datetime:
    """The moment at which so much business time has passed."""
    zone = region_zone(phone_number)
    day = since.astimezone(zone).date()
    if not is_business_day(day):
        day = _next_business_day(day)
    at = since
    while True:
        opens, closes = _at(day, OPENS, zone), _at(day, CLOSES, zone)
        at = max(at, opens)
        if at + wait <= closes:
            return at + wait
        wait -= max(closes - at, timedelta(0))
        day = _next_business_day(day)


def _next_business_day(day: date) -> date:
    day += timedelta(days=1)
    while not is_business_day(day):
        day += timedelta(days=1)
    return day


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    # In UTC, because Python reckons within one zone as if its clocks were never changed.
    return local_hour(day, hour, zone).astimezone(UTC)
