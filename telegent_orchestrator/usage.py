"""Data usage: how much of its limit each number has used, and which thresholds it has reached."""

from datetime import datetime

from telegent_orchestrator._models import VendorText, WireModel

USAGE_WORKFLOW = "UsageWorkflow"
USAGE_EVENTS_WORKFLOW = "UsageEventsWorkflow"
USAGE_ID = "usage"
"""Workflow id of a run that an operator starts; the schedule adds the time to its own."""
USAGE_SCHEDULE_ID = "telegent-orchestrator-usage"
MAX_LINES = 1000
"""In a report, those with the highest share."""
_UNITS = ("B", "KB", "MB", "GB", "TB")


class LineUsage(WireModel):
    """The data that a number has used in its billing period.

    Attributes:
        line: The line of an onboarding, such as `family-2041:first`; empty if it is not known.
        number_id: Telegent's id of the number.
        limit_bytes: What is used and what remains, together; None if Telegent shows no limit.
        percent: The share of the limit that is used.
        behavior: Telegent's `CurrentBehavior`, such as `Active`.
    """

    phone_number: str
    line: str = ""
    number_id: str | None = None
    used_bytes: int
    limit_bytes: int | None = None
    percent: float | None = None
    behavior: VendorText = ""

    def has_reached(self, threshold_percent: int) -> bool:
        """Whether this share of the limit is used."""
        if self.limit_bytes is None:
            return False
        return self.used_bytes * 100 >= threshold_percent * self.limit_bytes

    def __str__(self) -> str:
        """Amounts and share, such as `850 MB of 1000 MB, 85 %`."""
        if self.limit_bytes is None:
            return f"{format_bytes(self.used_bytes)}, no limit shown"
        used, limit = format_bytes(self.used_bytes), format_bytes(self.limit_bytes)
        return f"{used} of {limit}, {int(self.percent or 0)} %"


class ThresholdReached(WireModel):
    """A number has used a share of its limit for the first time in its billing period.

    Attributes:
        number_id: Telegent's id of the number.
    """

    number_id: str | None = None
    threshold_percent: int
    used_bytes: int
    limit_bytes: int


class ReachedThresholds(WireModel):
    """What is remembered of a number until its billing period ends.

    Attributes:
        used_bytes: The most that was seen.
        thresholds: Those whose events are sent.
        dropped: Whether the latest reading has shown less, or not the number: the next one decides
            whether a billing period has begun.
    """

    used_bytes: int
    thresholds: list[int]
    dropped: bool = False


class UsageReport(WireModel):
    """How much data the numbers have used.

    Attributes:
        ended_at: None while Telegent is read.
        numbers: Numbers of the inventory.
        read: Those whose usage was read.
        requests: Requests to Telegent, without those for tokens.
        counts: How many numbers have reached each threshold.
        lines: Those with the highest share first; at most 1,000.
        events: Events that this reading sends; none if an operator has started it.
        delayed: Numbers whose event waits for the next reading, because there are too many.
        not_read: What could not be read, and why.
        reached: By number, for the next reading of the schedule.
    """

    started_at: datetime | None = None
    ended_at: datetime | None = None
    numbers: int = 0
    read: int = 0
    requests: int = 0
    counts: dict[int, int] = {}
    lines: list[LineUsage] = []
    events: int = 0
    delayed: int = 0
    not_read: list[str] = []
    reached: dict[str, ReachedThresholds] = {}


def format_bytes(size: int) -> str:
    """The amount in its largest unit, such as `1.5 GB`."""
    unit = next(index for index in range(4, -1, -1) if index == 0 or abs(size) >= 1024**index)
    return f"{round(size / 1024**unit, 1):g} {_UNITS[unit]}"
