"""The deadlines of a port-in: reminders, attention, and cancels without an operator."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto

from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import NEEDS_OPERATOR_STATES, PortState
from workflows.port_in.transitions import WAITING_FOR_CARRIER


class DeadlineAction(Enum):
    """What a deadline that has passed leads to."""

    REMIND = auto()
    RAISE_ATTENTION = auto()
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

    Attributes:
        entered_at: when the state was entered.
        carrier_clock_started_at: when the carrier was last given something to do: the submit, or a
            correction that Telegent accepted.
        port_in_date: the date that was requested.
        carrier_response_deadline: when the losing carrier has been silent for longer than its
            interval (47 CFR 52.35).
        pin_expires_at: when the transfer PIN will expire.
    """

    entered_at: datetime
    carrier_clock_started_at: datetime | None = None
    port_in_date: date | None = None
    carrier_response_deadline: datetime | None = None
    pin_expires_at: datetime | None = None


_AFTER_ENTERING: Mapping[
    PortState, tuple[str, Callable[[PortInPolicy], timedelta], DeadlineAction]
] = {
    PortState.INFO_REQUIRED: (
        "missing data not received",
        lambda policy: policy.missing_info_timeout,
        DeadlineAction.CANCEL,
    ),
    PortState.ACTION_REQUIRED: (
        "no correction received",
        lambda policy: policy.correction_timeout,
        DeadlineAction.CANCEL,
    ),
    PortState.UPDATE_REQUESTED: (
        "no response to the correction",
        lambda policy: policy.response_timeout,
        DeadlineAction.RAISE_ATTENTION,
    ),
    PortState.CANCEL_REQUESTED: (
        "cancel not confirmed",
        lambda policy: policy.cancel_confirmation_timeout,
        DeadlineAction.RAISE_ATTENTION,
    ),
}
"""By state, the deadline that counts from entering it: its name, its timeout, what it leads to."""


def next_deadline(
    state: PortState, milestones: Milestones, policy: PortInPolicy, handled: frozenset[Deadline]
) -> Deadline | None:
    """The nearest deadline in this state that is not among those that have passed."""
    ahead = [found for found in deadlines(state, milestones, policy) if found not in handled]
    return min(ahead, key=lambda found: found.at, default=None)


def auto_cancel_at(
    state: PortState, milestones: Milestones, policy: PortInPolicy
) -> datetime | None:
    """When a port-in that waits in this state will be cancelled; None: it will not."""
    ends = [
        found.at
        for found in deadlines(state, milestones, policy)
        if found.action is DeadlineAction.CANCEL
    ]
    return min(ends, default=None)


def deadlines(state: PortState, milestones: Milestones, policy: PortInPolicy) -> Iterator[Deadline]:
    """Every deadline of this state."""
    if state in NEEDS_OPERATOR_STATES:
        for number, wait in enumerate(policy.reminders, start=1):
            at = milestones.entered_at + wait
            yield Deadline(f"reminder {number}", at, DeadlineAction.REMIND)
    if state in _AFTER_ENTERING:
        name, timeout, action = _AFTER_ENTERING[state]
        yield Deadline(name, milestones.entered_at + timeout(policy), action)
    yield from _carrier_deadlines(state, milestones, policy)


def _carrier_deadlines(
    state: PortState, milestones: Milestones, policy: PortInPolicy
) -> Iterator[Deadline]:
    silent_at = milestones.carrier_response_deadline
    if silent_at and state in (PortState.SUBMITTED, PortState.AT_CARRIER):
        yield Deadline(
            "no response from the losing carrier", silent_at, DeadlineAction.RAISE_ATTENTION
        )
    if milestones.carrier_clock_started_at and state in WAITING_FOR_CARRIER:
        latest = milestones.carrier_clock_started_at + policy.max_duration
        if requested := milestones.port_in_date:
            # A date may have been agreed long after the submit.
            agreed = datetime.combine(requested, time(), UTC)
            latest = max(latest, agreed + policy.requested_date_margin)
        yield Deadline("maximum duration", latest, DeadlineAction.CANCEL)
    expires_at = milestones.pin_expires_at
    if expires_at and state in (*WAITING_FOR_CARRIER, PortState.ACTION_REQUIRED):
        yield Deadline("transfer PIN expires", expires_at, DeadlineAction.RAISE_ATTENTION)
