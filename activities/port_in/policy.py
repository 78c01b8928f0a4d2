"""House rules for port-ins: deadlines, caps, and what may be done about a lost submit."""

from datetime import timedelta

from activities.port_in.poll_schedule import Pace
from telegent_orchestrator._models import Payload

DAY = timedelta(days=1)


class PortRules(Payload):
    """How patient we are with people and carriers.

    `reminders`: after how long a waiting person is reminded. `information_by`, `correction_by`:
    how long a port-in waits for missing data, and for a correction. `longest`: the age at which
    an open port-in is cancelled. `cancel_by`: how long a cancel may stay unconfirmed; between
    carriers one can legitimately take 18 hours. `answer_by`: how long a correction may stay without
    an answer, and an arrived number out of the inventory, until somebody is told; None, as in
    release 0.1.0: indefinitely. `rejections`: after how many an operator decides.
    `resubmit_unknown`: Telegent is known to refuse a second active port of a number, so that a
    submit without an answer is sent once more before a person is asked. `pace`: how often open
    port-ins are looked at, only to tell people.
    """

    reminders: list[timedelta] = [DAY, 3 * DAY, 7 * DAY]
    information_by: timedelta = 30 * DAY
    correction_by: timedelta = 14 * DAY
    longest: timedelta = 14 * DAY
    cancel_by: timedelta = DAY
    answer_by: timedelta | None = None
    rejections: int = 3
    resubmit_unknown: bool = False
    pace: Pace = Pace()
