"""The states of a port-in: descriptions, transitions, Telegent's statuses, accepted messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from telegent_orchestrator.port_in import FINAL_STATES, OperatorAction, PortState

WAITING_FOR_CARRIER = (PortState.SUBMITTED, PortState.AT_CARRIER, PortState.SCHEDULED)
"""The states in which the losing carrier acts next, in their usual order."""
_ORDER_OPEN = frozenset(WAITING_FOR_CARRIER) | {
    PortState.ACTION_REQUIRED,
    PortState.UPDATE_REQUESTED,
    PortState.CANCEL_REQUESTED,
}
STATE_DESCRIPTIONS = {
    PortState.INFO_REQUIRED: "data are missing or wrong",
    PortState.CHECKING_ELIGIBILITY: "checking the data, and whether the number can be ported",
    PortState.INELIGIBLE: "the number cannot be ported",
    PortState.SUBMITTING: "submitting the port-in",
    PortState.SUBMIT_UNKNOWN: "an order may be open, and its id is unknown",
    PortState.SUBMITTED: "submitted, waiting for the losing carrier",
    PortState.AT_CARRIER: "the losing carrier is working on it",
    PortState.SCHEDULED: "the losing carrier has agreed on a date",
    PortState.ACTION_REQUIRED: "rejected: a correction is needed",
    PortState.UPDATE_REQUESTED: "sending the correction",
    PortState.CANCEL_REQUESTED: "cancel requested, not confirmed yet",
    PortState.CANCELLED: "cancelled",
    PortState.PORTED: "the number has arrived",
    PortState.BINDING: "binding the number to its subscriber",
    PortState.COMPLETED: "the port-in is complete",
    PortState.ABANDONED: "abandoned by an operator",
}
UNNOTIFIED_STATES = frozenset(
    {
        PortState.CHECKING_ELIGIBILITY,
        PortState.SUBMITTING,
        PortState.UPDATE_REQUESTED,
        PortState.BINDING,
        PortState.COMPLETED,
    }
)
"""States that the parent is not notified of: they are short, or the result tells it of them."""

BRIEF_STATES = frozenset(
    {
        PortState.CHECKING_ELIGIBILITY,
        PortState.SUBMITTING,
        PortState.PORTED,
        PortState.BINDING,
    }
)
"""States of seconds, in which only calls are awaited. A call without progress raises attention, so
these states have no deadline, and the search attributes show them only when they need attention."""

ORDER_SETTLED = frozenset({PortState.PORTED, PortState.CANCELLED, PortState.ABANDONED})
"""States that end the order: the number has arrived, or stays with the losing carrier."""

TRANSITIONS: Mapping[PortState, frozenset[PortState]] = {
    PortState.CHECKING_ELIGIBILITY: frozenset(
        {
            PortState.INFO_REQUIRED,
            PortState.INELIGIBLE,
            PortState.SUBMITTING,
            PortState.SUBMIT_UNKNOWN,
            PortState.SUBMITTED,
            PortState.PORTED,
            PortState.CANCELLED,
        }
    ),
    PortState.INFO_REQUIRED: frozenset(
        {
            PortState.CHECKING_ELIGIBILITY,
            PortState.SUBMITTED,
            PortState.CANCELLED,
            PortState.ABANDONED,
        }
    ),
    PortState.SUBMITTING: frozenset(
        {
            PortState.SUBMITTED,
            PortState.SUBMIT_UNKNOWN,
            PortState.ACTION_REQUIRED,
            PortState.INFO_REQUIRED,
            PortState.PORTED,
            PortState.CANCELLED,
        }
    ),
    PortState.SUBMIT_UNKNOWN: frozenset(
        {
            PortState.SUBMITTED,
            PortState.SUBMITTING,
            PortState.PORTED,
            PortState.CANCELLED,
            PortState.ABANDONED,
        }
    ),
    PortState.SUBMITTED: _ORDER_OPEN | ORDER_SETTLED,
    PortState.AT_CARRIER: _ORDER_OPEN | ORDER_SETTLED,
    PortState.SCHEDULED: (_ORDER_OPEN | ORDER_SETTLED) - {PortState.UPDATE_REQUESTED},
    PortState.ACTION_REQUIRED: _ORDER_OPEN | ORDER_SETTLED | {PortState.SUBMITTING},
    PortState.UPDATE_REQUESTED: _ORDER_OPEN | ORDER_SETTLED,
    PortState.CANCEL_REQUESTED: _ORDER_OPEN | ORDER_SETTLED | {PortState.CHECKING_ELIGIBILITY},
    PortState.PORTED: frozenset({PortState.BINDING, PortState.COMPLETED}),
    PortState.BINDING: frozenset({PortState.COMPLETED}),
    **dict.fromkeys(FINAL_STATES, frozenset()),
}
"""The states that may follow each state. Staying in a state is always legal."""


def can_transition(state: PortState, to: PortState) -> bool:
    """Whether a transition is legal."""
    return to is state or to in TRANSITIONS[state]


VENDOR_STATUS_MAP: Mapping[PortState, tuple[str, ...]] = {
    PortState.SUBMITTED: ("pending", "submitted", "updated"),
    PortState.AT_CARRIER: ("inprogress", "processing", "pendingcarrierapproval"),
    PortState.SCHEDULED: ("scheduled",),
    PortState.ACTION_REQUIRED: ("resolutionrequired", "error", "rejected", "failed"),
    PortState.PORTED: ("complete", "completed"),
    PortState.CANCELLED: ("cancelled", "canceled"),
}
"""Telegent's statuses by state. Telegent documents three vocabularies for the same order and no
mapping between them; this one is ours. Case, spaces, hyphens and underscores are ignored."""

_STATE_BY_STATUS = {
    status: state for state, statuses in VENDOR_STATUS_MAP.items() for status in statuses
}


def parse_vendor_status(status: str) -> PortState | None:
    """The state for a status from Telegent; None if the status is unknown."""
    normalized = "".join(letter for letter in status.casefold() if letter not in " -_")
    return _STATE_BY_STATUS.get(normalized)


@dataclass(frozen=True)
class StatusInterpretation:
    """What the status of an order means.

    Attributes:
        state: The state of the port-in after it.
        known: The status is one that Telegent documents.
        needs_confirmation: It counts once a second poll shows the same.
    """

    state: PortState
    known: bool = True
    needs_confirmation: bool = False


def interpret_status(state: PortState, status: str) -> StatusInterpretation:
    """Interpret the status of an order that was read in this state.

    An unknown status changes nothing. A requested cancel stays requested until Telegent shows the
    order as cancelled or completed. Two statuses need confirmation by another read: one before the
    current state, such as pending after scheduled, because reads may arrive out of order; and
    cancelled without a cancel request, because a cancelled order is not polled any more.
    """
    parsed = parse_vendor_status(status)
    if parsed is None:
        return StatusInterpretation(state, known=False)
    if state is PortState.CANCEL_REQUESTED and parsed not in ORDER_SETTLED:
        return StatusInterpretation(state)
    if not can_transition(state, parsed):
        return StatusInterpretation(state)
    order = WAITING_FOR_CARRIER
    backwards = state in order and parsed in order and order.index(parsed) < order.index(state)
    requested = (PortState.CANCEL_REQUESTED, PortState.CANCELLED)
    unrequested = parsed is PortState.CANCELLED and state not in requested
    return StatusInterpretation(parsed, needs_confirmation=backwards or unrequested)


class MessageKind(StrEnum):
    """The messages that a port-in accepts, apart from an operator's decisions."""

    CORRECTION = "a correction"
    CANCEL = "a cancel"
    HINT = "a hint"


_CORRECTABLE = frozenset(
    {
        PortState.INFO_REQUIRED,
        PortState.SUBMITTED,
        PortState.AT_CARRIER,
        PortState.ACTION_REQUIRED,
        PortState.UPDATE_REQUESTED,
    }
)
_BEFORE_ORDER = frozenset(
    {PortState.CHECKING_ELIGIBILITY, PortState.SUBMITTING, PortState.SUBMIT_UNKNOWN}
)
ACCEPTED_IN: Mapping[MessageKind | OperatorAction, frozenset[PortState]] = {
    # Telegent's knowledge bank says that it accepts both while the order is pending, in progress or
    # in resolution required. Before an order exists, both are kept until they can be sent.
    MessageKind.CORRECTION: _CORRECTABLE | _BEFORE_ORDER,
    MessageKind.CANCEL: _CORRECTABLE | _BEFORE_ORDER | {PortState.SCHEDULED},
    MessageKind.HINT: frozenset(PortState) - FINAL_STATES,
    OperatorAction.MARK_DONE: _ORDER_OPEN | {PortState.SUBMIT_UNKNOWN},
    OperatorAction.RETRY_NOW: (_ORDER_OPEN | {PortState.SUBMIT_UNKNOWN})
    - {PortState.UPDATE_REQUESTED},
    OperatorAction.REPLACE_DATA: _CORRECTABLE,
    # Also before a submit: an order may be older than its workflow.
    OperatorAction.ATTACH_ORDER: frozenset(
        {PortState.INFO_REQUIRED, PortState.SUBMIT_UNKNOWN, PortState.ACTION_REQUIRED}
    ),
    OperatorAction.RESTART: frozenset({PortState.ACTION_REQUIRED}),
    OperatorAction.ABANDON: _ORDER_OPEN | {PortState.INFO_REQUIRED, PortState.SUBMIT_UNKNOWN},
}
"""Which messages are accepted in which states."""


def state_rejection_reason(message: MessageKind | OperatorAction, state: PortState) -> str | None:
    """Why a message is rejected in this state; None if it is accepted."""
    if state in ACCEPTED_IN[message]:
        return None
    states = ", ".join(accepted.value for accepted in PortState if accepted in ACCEPTED_IN[message])
    return (
        f"a port-in in state {state.value} does not accept {message.value}; accepted in: {states}"
    )
