"""What happens to a port-in when nothing happens: reminders, escalations, and the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from activities.port_in.policy import PortRules
from telegent_orchestrator.port_in import PortState

_WITH_PEOPLE = (PortState.INFO_REQUIRED, PortState.ACTION_REQUIRED, PortState.SUBMIT_UNKNOWN)
_WITH_CARRIER = (PortState.SUBMITTED, PortState.AT_CARRIER, PortState.SCHEDULED)


class Then(Enum):
    """What a deadline that has passed leads to."""

    REMIND = auto()
    ESCALATE = auto()
    CANCEL = auto()


@dataclass(frozen=True)
class Deadline:
    """A moment, its name as people see it on the timer, and what it leads to."""

    name: str
    at: datetime
    then: Then


@dataclass(frozen=True)
class Clocks:
    """The moments (UTC) that deadlines count from.

    `since`: when the state was entered. `silent_at`: when the losing carrier has been silent for
    longer than its interval (47 CFR 52.35). `pin_expires`: when the transfer PIN will.
    """

    since: datetime
    submitted_at: datetime | None = None
    silent_at: datetime | None = None
    pin_expires: datetime | None = None


def next_deadline(
    state: PortState, clocks: Clocks, rules: PortRules, passed: frozenset[Deadline]
) -> Deadline | None:
    """The nearest deadline in this state that is not among those that have passed."""
    ahead = [found for found in _deadlines(state, clocks, rules) if found not in passed]
    return min(ahead, key=lambda found: found.at, default=None)


def act_by(state: PortState, clocks: Clocks, rules: PortRules) -> datetime | None:
    """When a port-in that waits in this state will be cancelled; None: it will not."""
    ends = [found.at for found in _deadlines(state, clocks, rules) if found.then is Then.CANCEL]
    return min(ends, default=None)


def _deadlines(state: PortState, clocks: Clocks, rules: PortRules) -> Iterator[Deadline]:
    since = clocks.since
    if state in _WITH_PEOPLE:
        for number, wait in enumerate(rules.reminders, start=1):
            yield Deadline(f"reminder {number}", since + wait, Then.REMIND)
    if state is PortState.INFO_REQUIRED:
        yield Deadline("information missing too long", since + rules.information_by, Then.CANCEL)
    if state is PortState.ACTION_REQUIRED:
        yield Deadline("no correction came", since + rules.correction_by, Then.CANCEL)
    if state is PortState.CANCEL_REQUESTED:
        yield Deadline("cancel not confirmed", since + rules.cancel_by, Then.ESCALATE)
    if rules.answer_by and state is PortState.UPDATE_REQUESTED:
        yield Deadline("correction not answered", since + rules.answer_by, Then.ESCALATE)
    if rules.answer_by and state is PortState.PORTED:
        yield Deadline("number not in the inventory", since + rules.answer_by, Then.ESCALATE)
    if state in (PortState.SUBMITTED, PortState.AT_CARRIER) and clocks.silent_at:
        yield Deadline("losing carrier is silent", clocks.silent_at, Then.ESCALATE)
    if state in _WITH_CARRIER and clocks.submitted_at:
        longest = clocks.submitted_at + rules.longest
        yield Deadline("longest time for a port-in", longest, Then.CANCEL)
    if clocks.pin_expires and state in (*_WITH_CARRIER, PortState.ACTION_REQUIRED):
        yield Deadline("transfer PIN expires", clocks.pin_expires, Then.ESCALATE)
