"""The states of a port-in: their meaning, legal transitions, the vendor's words, messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from telegent_orchestrator.port_in import FINAL_STATES, OperatorAction, PortState

_AT_CARRIER = frozenset({PortState.SUBMITTED, PortState.AT_CARRIER, PortState.SCHEDULED})
_ORDER_OPEN = _AT_CARRIER | {
    PortState.ACTION_REQUIRED,
    PortState.UPDATE_REQUESTED,
    PortState.CANCEL_REQUESTED,
}
STATE_DESCRIPTIONS = {
    PortState.INFO_REQUIRED: "data are missing or wrong",
    PortState.CHECKING_ELIGIBILITY: "checking the data, and whether the number can be ported",
    PortState.INELIGIBLE: "the number cannot be ported",
    PortState.SUBMITTING: "submitting the port-in",
    PortState.SUBMIT_UNKNOWN: "submitted without an answer: the order id is needed",
    PortState.SUBMITTED: "submitted, waiting for the losing carrier",
    PortState.AT_CARRIER: "the losing carrier is working on it",
    PortState.SCHEDULED: "the losing carrier has agreed on a date",
    PortState.ACTION_REQUIRED: "rejected: a correction is needed",
    PortState.UPDATE_REQUESTED: "sending the correction",
    PortState.CANCEL_REQUESTED: "cancel requested, not confirmed yet",
    PortState.CANCELLED: "cancelled",
    PortState.PORTED: "the number has arrived",
    PortState.CONFIGURING: "putting the number into service",
    PortState.COMPLETED: "the number is live",
    PortState.ABANDONED: "abandoned by an operator",
}
NEEDS_OPERATOR = frozenset(
    {PortState.INFO_REQUIRED, PortState.SUBMIT_UNKNOWN, PortState.ACTION_REQUIRED}
)
"""Where a person must act."""
TRANSIENT_STATES = frozenset(
    {
        PortState.CHECKING_ELIGIBILITY,
        PortState.SUBMITTING,
        PortState.UPDATE_REQUESTED,
        PortState.CONFIGURING,
        PortState.COMPLETED,
    }
)
"""States that the parent is not told of: they last moments, or it hears of them otherwise."""

ORDER_SETTLED = frozenset({PortState.PORTED, PortState.CANCELLED, PortState.ABANDONED})
"""Where no order is needed any more: the number is here, or stays where it is."""

TRANSITIONS: Mapping[PortState, frozenset[PortState]] = {
    PortState.CHECKING_ELIGIBILITY: frozenset(
        {
            PortState.INFO_REQUIRED,
            PortState.INELIGIBLE,
            PortState.SUBMITTING,
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
    PortState.PORTED: frozenset({PortState.CONFIGURING, PortState.COMPLETED}),
    PortState.CONFIGURING: frozenset({PortState.COMPLETED}),
    **dict.fromkeys(FINAL_STATES, frozenset()),
}
"""From each state, where a port-in may go. Staying where it is is always legal."""


def can_transition(state: PortState, to: PortState) -> bool:
    """Whether a move is legal."""
    return to is state or to in TRANSITIONS[state]


VENDOR_STATUS_MAP: Mapping[PortState, tuple[str, ...]] = {
    PortState.SUBMITTED: ("pending", "submitted", "updated"),
    PortState.AT_CARRIER: ("inprogress", "processing", "pendingcarrierapproval"),
    PortState.SCHEDULED: ("scheduled",),
    PortState.ACTION_REQUIRED: ("resolutionrequired", "error", "rejected", "failed"),
    PortState.PORTED: ("complete", "completed"),
    PortState.CANCELLED: ("cancelled", "canceled"),
}
"""The vendor's status words, from three vocabularies for the same order. The vendor documents no
mapping between them; this one is ours. Letter case, spaces, hyphens, underscores do not matter."""

_STATE_BY_STATUS = {word: state for state, words in VENDOR_STATUS_MAP.items() for word in words}
PROGRESS = (PortState.SUBMITTED, PortState.AT_CARRIER, PortState.SCHEDULED)


def parse_vendor_status(status: str) -> PortState | None:
    """The state that a vendor's status word stands for, or None for an unknown word."""
    word = "".join(letter for letter in status.casefold() if letter not in " -_")
    return _STATE_BY_STATUS.get(word)


@dataclass(frozen=True)
class StatusInterpretation:
    """What a poll of an order says. `needs_confirmation`: it counts when a second poll agrees."""

    state: PortState
    known: bool = True
    needs_confirmation: bool = False


def interpret_status(state: PortState, status: str) -> StatusInterpretation:
    """The state after an order was read with this status.

    An unknown word changes nothing. A requested cancel stays requested until the vendor shows
    it, or shows that completion was faster. A status that lies behind the state, such as pending
    after scheduled, may be a read that came out of order; and an end as cancelled that nothing here
    has asked for must be certain, because the port-in is not followed after it.
    """
    parsed = parse_vendor_status(status)
    if parsed is None:
        return StatusInterpretation(state, known=False)
    if state is PortState.CANCEL_REQUESTED and parsed not in ORDER_SETTLED:
        return StatusInterpretation(state)
    if not can_transition(state, parsed):
        return StatusInterpretation(state)
    backwards = (
        state in PROGRESS and parsed in PROGRESS and PROGRESS.index(parsed) < PROGRESS.index(state)
    )
    asked = (PortState.CANCEL_REQUESTED, PortState.CANCELLED)
    unasked = parsed is PortState.CANCELLED and state not in asked
    return StatusInterpretation(parsed, needs_confirmation=backwards or unasked)


class MessageKind(StrEnum):
    """What can be sent to a port-in."""

    CORRECTION = "a correction"
    CANCEL = "a cancel"
    ORDER_EVENT = "a hint"


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
    # While pending, in progress and resolution required (the vendor's knowledge bank). Before there
    # is an order, both are kept until they can be used.
    MessageKind.CORRECTION: _CORRECTABLE | _BEFORE_ORDER,
    MessageKind.CANCEL: _CORRECTABLE | _BEFORE_ORDER | {PortState.SCHEDULED},
    MessageKind.ORDER_EVENT: frozenset(PortState) - FINAL_STATES,
    OperatorAction.MARK_DONE: _ORDER_OPEN | {PortState.SUBMIT_UNKNOWN},
    OperatorAction.RETRY_NOW: (_ORDER_OPEN | {PortState.SUBMIT_UNKNOWN})
    - {PortState.UPDATE_REQUESTED},
    OperatorAction.REPLACE_DATA: _CORRECTABLE,
    # Before a submit, too: an order may be older than its workflow.
    OperatorAction.ATTACH_ORDER: frozenset(
        {PortState.INFO_REQUIRED, PortState.SUBMIT_UNKNOWN, PortState.ACTION_REQUIRED}
    ),
    OperatorAction.RESTART: frozenset({PortState.ACTION_REQUIRED}),
    OperatorAction.ABANDON: _ORDER_OPEN | {PortState.INFO_REQUIRED, PortState.SUBMIT_UNKNOWN},
}
"""Which messages are accepted in which states."""


def state_rejection_reason(message: MessageKind | OperatorAction, state: PortState) -> str | None:
    """Why a message is not taken in this state; None when it is."""
    if state in ACCEPTED_IN[message]:
        return None
    states = ", ".join(accepted.value for accepted in PortState if accepted in ACCEPTED_IN[message])
    return (
        f"a port-in in state {state.value} does not take {message.value}; it is taken in {states}"
    )
