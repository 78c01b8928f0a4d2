"""Deadlines and limits of port-ins, and what may be done about a lost submit."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.poll_schedule import PollSchedule, local_hour
from telegent_orchestrator.port_in import PortInDetails
from telegent_orchestrator.us_calendar import is_business_day, time_zone_of

DAY = timedelta(days=1)
MAX_RESEND_INTERVAL = timedelta(hours=1)
"""The longest time between resends of a correction or cancel that gets no response: days of resends
are a few hundred events of history and a small share of the request budget."""
MAX_DOUBLINGS = 12
OPENS, CLOSES = 8, 17
"""The hours of the day in which carriers must work on ports: 47 CFR 52.35."""
WIRELESS_RESPONSE_TIME = timedelta(hours=3)
"""Of business time. Wireless ports take 2.5 hours by industry practice."""
NON_SIMPLE_PORT_DAYS = 4
"""Business days for a port that is not a simple one: 47 CFR 52.35."""
CUTOFF_HOUR = 13
"""What arrives by 1 pm local time counts as that day's: 47 CFR 52.35."""


class PortInPolicy(WireModel):
    """How long a port-in waits for operators and carriers.

    Attributes:
        reminders: when, after it is entered, a state that waits for an operator sends reminders.
        missing_info_timeout: how long a port-in waits for missing data.
        correction_timeout: how long a rejected port-in waits for a correction.
        max_duration: after how long without a request to the carrier an open port-in is cancelled.
        requested_date_margin: for how long after the requested date it is followed at least.
        cancel_confirmation_timeout: how long a cancel may stay unconfirmed; between carriers one
            can legitimately take 18 hours.
        response_timeout: how long a correction may stay without a response until attention is
            raised.
        progress_timeout: how long a submit may remain unsent until attention is raised.
        max_rejections: after how many rejections an operator decides.
        resubmit_unknown: Telegent is known to reject a second active port of a number, so that a
            submit without a response is sent once more before it is escalated.
        read_lag: how long reads of an order may lag behind a request.
        poll_schedule: how often open port-ins are polled; used only to show it.
    """

    reminders: list[timedelta] = [DAY, 3 * DAY, 7 * DAY]
    missing_info_timeout: timedelta = 30 * DAY
    correction_timeout: timedelta = 14 * DAY
    max_duration: timedelta = 14 * DAY
    requested_date_margin: timedelta = 5 * DAY
    cancel_confirmation_timeout: timedelta = DAY
    response_timeout: timedelta = DAY
    progress_timeout: timedelta = timedelta(minutes=15)
    max_rejections: int = 3
    resubmit_unknown: bool = False
    read_lag: timedelta = timedelta(minutes=1)
    poll_schedule: PollSchedule = PollSchedule()

    def resend_interval(self, lost_responses: int) -> timedelta:
        """How long after a request its order must be unchanged to show no sign of it.

        The read lag; after several lost responses in a row, twice as long for each more.
        """
        times = 1 << min(max(lost_responses - 1, 0), MAX_DOUBLINGS)
        return max(self.read_lag, min(self.read_lag * times, MAX_RESEND_INTERVAL))


def is_wireless(details: PortInDetails) -> bool:
    """Whether it is the port of a mobile number. Only that of a landline has a requested date."""
    return details.classification == "mvno" and details.port_in_date is None


def response_deadline(phone_number: str | None, sent_at: datetime, *, wireless: bool) -> datetime:
    """When a carrier that has been silent since `sent_at` (UTC) exceeds its interval.

    Any port that is not wireless gets four business days, because nothing shows whether it is a
    simple port.
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


def _after_business_time(
    start: datetime, remaining: timedelta, phone_number: str | None
) -> datetime:
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
