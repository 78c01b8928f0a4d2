"""What happens to a port-in when nothing happens: reminders, escalations, and the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import PortState

_WAITING_FOR_OPERATOR = (
    PortState.INFO_REQUIRED,
    PortState.ACTION_REQUIRED,
    PortState.SUBMIT_UNKNOWN,
)
_WAITING_FOR_CARRIER = (PortState.SUBMITTED, PortState.AT_CARRIER, PortState.SCHEDULED)


class DeadlineAction(Enum):
    """What a deadline that has passed leads to."""

    REMIND = auto()
    ESCALATE = auto()
    CANCEL = auto()


@dataclass(frozen=True)
class Deadline:
    """A moment, its name as people see it on the timer, and what it leads to."""

    name: str
    at: datetime
    action: DeadlineAction


@dataclass(frozen=True)
class Milestones:
    """The moments (UTC) that deadlines count from.

    `carrier_response_deadline`: when the losing carrier has been silent for longer than its
    interval (47 CFR 52.35). `pin_expires_at`: when the transfer PIN will expire.
    """

    state_entered_at: datetime
    submitted_at: datetime | None = None
    carrier_response_deadline: datetime | None = None
    pin_expires_at: datetime | None = None


def next_deadline(
    state: PortState, milestones: Milestones, policy: PortInPolicy, handled: frozenset[Deadline]
) -> Deadline | None:
    """The nearest deadline in this state that is not among those that have passed."""
    ahead = [found for found in _deadlines(state, milestones, policy) if found not in handled]
    return min(ahead, key=lambda found: found.at, default=None)


def auto_cancel_at(
    state: PortState, milestones: Milestones, policy: PortInPolicy
) -> datetime | None:
    """When a port-in that waits in this state will be cancelled; None: it will not."""
    ends = [
        found.at
        for found in _deadlines(state, milestones, policy)
        if found.action is DeadlineAction.CANCEL
    ]
    return min(ends, default=None)


def _deadlines(
    state: PortState, milestones: Milestones, policy: PortInPolicy
) -> Iterator[Deadline]:
    entered_at = milestones.state_entered_at
    if state in _WAITING_FOR_OPERATOR:
        for number, wait in enumerate(policy.reminders, start=1):
            yield Deadline(f"reminder {number}", entered_at + wait, DeadlineAction.REMIND)
    if state is PortState.INFO_REQUIRED:
        yield Deadline(
            "information missing too long",
            entered_at + policy.missing_info_timeout,
            DeadlineAction.CANCEL,
        )
    if state is PortState.ACTION_REQUIRED:
        yield Deadline(
            "no correction came", entered_at + policy.correction_timeout, DeadlineAction.CANCEL
        )
    if state is PortState.CANCEL_REQUESTED:
        yield Deadline(
            "cancel not confirmed",
            entered_at + policy.cancel_confirmation_timeout,
            DeadlineAction.ESCALATE,
        )
    if policy.response_timeout and state is PortState.UPDATE_REQUESTED:
        yield Deadline(
            "correction not answered", entered_at + policy.response_timeout, DeadlineAction.ESCALATE
        )
    if policy.response_timeout and state is PortState.PORTED:
        yield Deadline(
            "number not in the inventory",
            entered_at + policy.response_timeout,
            DeadlineAction.ESCALATE,
        )
    if (
        state in (PortState.SUBMITTED, PortState.AT_CARRIER)
        and milestones.carrier_response_deadline
    ):
        yield Deadline(
            "losing carrier is silent",
            milestones.carrier_response_deadline,
            DeadlineAction.ESCALATE,
        )
    if state in _WAITING_FOR_CARRIER and milestones.submitted_at:
        latest = milestones.submitted_at + policy.max_duration
        yield Deadline("longest time for a port-in", latest, DeadlineAction.CANCEL)
    if milestones.pin_expires_at and state in (*_WAITING_FOR_CARRIER, PortState.ACTION_REQUIRED):
        yield Deadline("transfer PIN expires", milestones.pin_expires_at, DeadlineAction.ESCALATE)
