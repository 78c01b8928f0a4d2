"""How long a losing carrier may be silent before a person should look."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from activities.port_in.poll_schedule import local_hour
from telegent_orchestrator.us_calendar import is_business_day, time_zone_of

OPENS, CLOSES = 8, 17
"""The hours of the day in which carriers must work on ports: 47 CFR 52.35."""
WIRELESS_RESPONSE_TIME = timedelta(hours=3)
"""Of business time. Wireless ports take 2.5 hours by industry practice."""
NON_SIMPLE_PORT_DAYS = 4
"""Business days for a port that is not a simple one: 47 CFR 52.35."""
CUTOFF_HOUR = 13
"""What arrives by 1 pm local time counts as that day's: 47 CFR 52.35."""


def response_deadline(phone_number: str, sent_at: datetime, *, wireless: bool) -> datetime:
    """When silence since then (UTC) is longer than the carrier's interval.

    For a port that is not a wireless one four business days are taken, because nothing tells
    whether it is a simple one.
    """
    zone = time_zone_of(phone_number)
    if wireless:
        return _after_business_time(sent_at, WIRELESS_RESPONSE_TIME, phone_number)
    day = sent_at.astimezone(zone).date()
    if not is_business_day(day) or sent_at > _local_hour_utc(day, CUTOFF_HOUR, zone):
        day = _next_business_day(day)
    for _ in range(NON_SIMPLE_PORT_DAYS):
        day = _next_business_day(day)
    return _local_hour_utc(day, OPENS, zone)


def _after_business_time(start: datetime, remaining: timedelta, phone_number: str) -> datetime:
    """The moment at which so much business time has passed."""
    zone = time_zone_of(phone_number)
    day = start.astimezone(zone).date()
    if not is_business_day(day):
        day = _next_business_day(day)
    at = start
    while True:
        opens, closes = _local_hour_utc(day, OPENS, zone), _local_hour_utc(day, CLOSES, zone)
        at = max(at, opens)
        if at + remaining <= closes:
            return at + remaining
        remaining -= max(closes - at, timedelta(0))
        day = _next_business_day(day)


def _next_business_day(day: date) -> date:
    day += timedelta(days=1)
    while not is_business_day(day):
        day += timedelta(days=1)
    return day


def _local_hour_utc(day: date, hour: int, zone: ZoneInfo) -> datetime:
    # In UTC, because Python calculates within one zone as if its clocks were never changed.
    return local_hour(day, hour, zone).astimezone(UTC)
