"""The states of a port-in: legal moves, what the vendor's words mean, which messages fit when."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from telegent_orchestrator.port_in import FINAL_STATES, PortState, Resolve

_AT_THE_CARRIER = frozenset({PortState.SUBMITTED, PortState.AT_CARRIER, PortState.SCHEDULED})
_AN_ORDER_IS_OPEN = _AT_THE_CARRIER | {
    PortState.ACTION_REQUIRED,
    PortState.UPDATE_REQUESTED,
    PortState.CANCEL_REQUESTED,
}
ENDS = frozenset({PortState.PORTED, PortState.CANCELLED, PortState.ABANDONED})
"""Where no order is needed any more: the number is here, or stays where it is."""

MOVES: Mapping[PortState, frozenset[PortState]] = {
    PortState.CHECKING_ELIGIBILITY: frozenset(
        {
            PortState.INFO_REQUIRED,
            PortState.INELIGIBLE,
            PortState.SUBMITTING,
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
            PortState.CANCELLED,
        }
    ),
    PortState.SUBMIT_UNKNOWN: frozenset(
        {
            PortState.SUBMITTED,
            PortState.SUBMITTING,
            PortState.PORTED,
            PortState.ABANDONED,
        }
    ),
    PortState.SUBMITTED: _AN_ORDER_IS_OPEN | ENDS,
    PortState.AT_CARRIER: _AN_ORDER_IS_OPEN | ENDS,
    PortState.SCHEDULED: (_AN_ORDER_IS_OPEN | ENDS) - {PortState.UPDATE_REQUESTED},
    PortState.ACTION_REQUIRED: _AN_ORDER_IS_OPEN | ENDS | {PortState.SUBMITTING},
    PortState.UPDATE_REQUESTED: _AN_ORDER_IS_OPEN | ENDS,
    PortState.CANCEL_REQUESTED: _AN_ORDER_IS_OPEN | ENDS | {PortState.CHECKING_ELIGIBILITY},
    PortState.PORTED: frozenset({PortState.CONFIGURING, PortState.COMPLETED}),
    PortState.CONFIGURING: frozenset({PortState.COMPLETED}),
    **dict.fromkeys(FINAL_STATES, frozenset()),
}
"""From each state, where a port-in may go. Staying where it is is always legal."""


def may_move(state: PortState, to: PortState) -> bool:
    """Whether a move is legal."""
    return to is state or to in MOVES[state]


WORDS: Mapping[PortState, tuple[str, ...]] = {
    PortState.SUBMITTED: ("pending", "submitted", "updated"),
    PortState.AT_CARRIER: ("inprogress", "processing", "pendingcarrierapproval"),
    PortState.SCHEDULED: ("scheduled",),
    PortState.ACTION_REQUIRED: ("resolutionrequired", "error", "rejected", "failed"),
    PortState.PORTED: ("complete", "completed"),
    PortState.CANCELLED: ("cancelled", "canceled"),
}
"""The vendor's status words, from three vocabularies for the same order. The vendor documents no
mapping between them; this one is ours. Letter case, spaces, hyphens, underscores do not matter."""

_BY_WORD = {word: state for state, words in WORDS.items() for word in words}
PROGRESS = (PortState.SUBMITTED, PortState.AT_CARRIER, PortState.SCHEDULED)


def meaning(status: str) -> PortState | None:
    """The state that a vendor's status word stands for, or None for an unknown word."""
    word = "".join(letter for letter in status.casefold() if letter not in " -_")
    return _BY_WORD.get(word)


@dataclass(frozen=True)
class Reading:
    """What one look at an order says. `doubtful`: it goes backwards, so a second look decides."""

    state: PortState
    known: bool = True
    doubtful: bool = False


def read(state: PortState, status: str) -> Reading:
    """The state after an order was read with this status.

    An unknown word changes nothing. A requested cancel stays requested until the vendor shows
    it, or shows that completion was faster. A status that lies behind the state, such as pending
    after scheduled, may be a read that came out of order.
    """
    found = meaning(status)
    if found is None:
        return Reading(state, known=False)
    if state is PortState.CANCEL_REQUESTED and found not in ENDS:
        return Reading(state)
    if not may_move(state, found):
        return Reading(state)
    backwards = (
        state in PROGRESS and found in PROGRESS and PROGRESS.index(found) < PROGRESS.index(state)
    )
    return Reading(found, doubtful=backwards)


class Message(StrEnum):
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
ACCEPTED: Mapping[Message | Resolve, frozenset[PortState]] = {
    # While pending, in progress and resolution required (the vendor's knowledge bank).
    Message.CORRECTION: _CORRECTABLE,
    Message.CANCEL: _CORRECTABLE | {PortState.SCHEDULED},
    Message.ORDER_EVENT: frozenset(PortState) - FINAL_STATES,
    Resolve.MARK_DONE: _AN_ORDER_IS_OPEN | {PortState.SUBMIT_UNKNOWN},
    Resolve.RETRY_NOW: (_AN_ORDER_IS_OPEN | {PortState.SUBMIT_UNKNOWN})
    - {PortState.UPDATE_REQUESTED},
    Resolve.REPLACE_DATA: _CORRECTABLE,
    # Before a submit, too: an order may be older than its workflow.
    Resolve.ATTACH_ORDER: frozenset({PortState.INFO_REQUIRED, PortState.SUBMIT_UNKNOWN}),
    Resolve.START_AGAIN: frozenset({PortState.ACTION_REQUIRED}),
    Resolve.ABANDON: _AN_ORDER_IS_OPEN | {PortState.INFO_REQUIRED, PortState.SUBMIT_UNKNOWN},
}
"""Which messages are taken in which states."""


def refusal(message: Message | Resolve, state: PortState) -> str | None:
    """Why a message is not taken in this state; None when it is."""
    if state in ACCEPTED[message]:
        return None
    states = ", ".join(taken.value for taken in PortState if taken in ACCEPTED[message])
    return (
        f"a port-in in state {state.value} does not take {message.value}; it is taken in {states}"
    )
