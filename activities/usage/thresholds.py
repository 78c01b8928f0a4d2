"""Which thresholds are reached for the first time in a billing period.

Telegent shows neither when a billing period begins nor what it has sent. Usage grows within a
period, so that a lower one begins the next: if two readings in a row show it, because one may show
a usage of 0 by mistake.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.usage import LineUsage, ReachedThresholds, ThresholdReached

LOWER = 0.95
"""Usage below this part of the most that was seen is lower. Amounts are shown rounded, and one that
is shown in the next larger unit may be a few percent less."""
MAX_EVENTS = 1000
"""Of one reading: the report and its events must fit into payloads of Temporal."""
MAX_REMEMBERED = 10_000
"""Numbers that have reached a threshold, for the same reason."""


class UsageEvent(WireModel):
    """A threshold that a number has reached, to be sent as an event.

    Attributes:
        line: As in `LineUsage`.
    """

    phone_number: str
    line: str
    reached: ThresholdReached


@dataclass
class Thresholds:
    """Compares a reading with what the readings before it have seen.

    Args:
        thresholds: In percent of the limit.
        before: What is remembered, by number.

    Attributes:
        after: What is to be remembered.
        events: What is to be sent.
        delayed: How many numbers must wait for the next reading.
    """

    thresholds: Sequence[int]
    before: Mapping[str, ReachedThresholds]
    after: dict[str, ReachedThresholds] = field(default_factory=dict)
    events: list[UsageEvent] = field(default_factory=list)
    delayed: int = 0
    _added: int = 0

    def compare(self, usages: Sequence[LineUsage], held: set[str]) -> None:
        """Compares what was read of the numbers in the inventory (`held`)."""
        read = {usage.phone_number for usage in usages}
        for number, remembered in self.before.items():
            if number in held and number not in read:
                self.after[number] = remembered
            elif number not in held and not remembered.dropped:
                self.after[number] = remembered.model_copy(update={"dropped": True})
        for usage in usages:
            self._compare_one(usage)

    def _compare_one(self, usage: LineUsage) -> None:
        number = usage.phone_number
        before = self.before.get(number)
        after, new = track(before, usage, self.thresholds)
        if new and not self._has_room(before, len(new)):
            self.delayed += 1
            after, new = before, []
        self._added += after is not None and before is None
        if after:
            self.after[number] = after
        self.events += [
            UsageEvent(
                phone_number=number,
                line=usage.line,
                reached=ThresholdReached(
                    number_id=usage.number_id,
                    threshold_percent=threshold,
                    used_bytes=usage.used_bytes,
                    limit_bytes=usage.limit_bytes or 0,
                ),
            )
            for threshold in new
        ]

    def _has_room(self, before: ReachedThresholds | None, events: int) -> bool:
        remembered = len(self.before) + self._added
        return len(self.events) + events <= MAX_EVENTS and (
            before is not None or remembered < MAX_REMEMBERED
        )


def track(
    before: ReachedThresholds | None, usage: LineUsage, thresholds: Sequence[int]
) -> tuple[ReachedThresholds | None, list[int]]:
    """Returns what is to be remembered of a number, and the thresholds whose events are due.

    Without a threshold that it has reached in this billing period, nothing is remembered of it.
    """
    if before and usage.used_bytes < before.used_bytes * LOWER:
        if not before.dropped:
            return before.model_copy(update={"dropped": True}), []
        before = None
    sent = before.thresholds if before else []
    new = [each for each in thresholds if usage.has_reached(each) and each not in sent]
    if not sent and not new:
        return None, []
    most = max(usage.used_bytes, before.used_bytes if before else 0)
    return ReachedThresholds(used_bytes=most, thresholds=sorted([*sent, *new])), new
