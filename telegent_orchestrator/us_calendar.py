"""Business days and time zones of the carriers in the United States."""

from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

FALLBACK_TIME_ZONE = ZoneInfo("America/Chicago")
"""For numbers of an unknown region: at most two hours wrong in the 48 contiguous states."""
FEDERAL_HOLIDAYS = holidays.country_holidays("US")
"""Federal holidays and the days on which they are observed. Carriers may have more."""


def is_business_day(day: date) -> bool:
    """Monday to Friday except federal holidays: when carriers must port (47 CFR 52.35)."""
    return day.weekday() < 5 and day not in FEDERAL_HOLIDAYS


@lru_cache(maxsize=10_000)
def time_zone_of(phone_number: str | None) -> ZoneInfo:
    """The time zone of a number's area code, or one of the two that it has.

    47 CFR 52.35 means the predominant zone of the number's NPAC region, which no library knows.
    """
    if not phone_number:
        return FALLBACK_TIME_ZONE
    try:
        names = time_zones_for_number(phonenumbers.parse(phone_number))
    except phonenumbers.NumberParseException:
        return FALLBACK_TIME_ZONE
    # Only numbers without a region, such as toll-free ones, have more than two zones.
    return FALLBACK_TIME_ZONE if UNKNOWN_TIMEZONE in names or len(names) > 2 else ZoneInfo(names[0])
