"""House rules for port-ins: deadlines, caps, and what may be done about a lost submit."""

from datetime import timedelta

from activities.port_in.poll_schedule import PollSchedule
from telegent_orchestrator._models import WireModel

DAY = timedelta(days=1)


class PortInPolicy(WireModel):
    """How patient we are with people and carriers.

    `reminders`: after how long a waiting person is reminded. `missing_info_timeout`,
    `correction_timeout`: how long a port-in waits for missing data, and for a correction.
    `max_duration`: the age at which an open port-in is cancelled. `cancel_confirmation_timeout`:
    how long a cancel may stay unconfirmed; between carriers one can legitimately take 18 hours.
    `response_timeout`: how long a correction may stay without an answer, and an arrived number out
    of the inventory, until somebody is told; None, as in release 0.1.0: indefinitely.
    `max_rejections`: after how many an operator decides. `resubmit_unknown`: Telegent is known to
    refuse a second active port of a number, so that a submit without an answer is sent once more
    before a person is asked. `poll_schedule`: how often open port-ins are looked at, only to tell
    people.
    """

    reminders: list[timedelta] = [DAY, 3 * DAY, 7 * DAY]
    missing_info_timeout: timedelta = 30 * DAY
    correction_timeout: timedelta = 14 * DAY
    max_duration: timedelta = 14 * DAY
    cancel_confirmation_timeout: timedelta = DAY
    response_timeout: timedelta | None = None
    max_rejections: int = 3
    resubmit_unknown: bool = False
    poll_schedule: PollSchedule = PollSchedule()
