"""The states of a port-in: what the vendor's words mean, and which messages are taken when."""

from telegent_orchestrator.port_in import PortState

_WORDS = {
    PortState.SUBMITTED: ("pending", "submitted", "updated"),
    PortState.AT_CARRIER: ("inprogress", "processing", "pendingcarrierapproval"),
    PortState.SCHEDULED: ("scheduled",),
    PortState.ACTION_REQUIRED: ("resolutionrequired", "error", "rejected", "failed"),
    PortState.PORTED: ("complete", "completed"),
    PortState.CANCELLED: ("cancelled", "canceled"),
}
_BY_WORD = {word: state for state, words in _WORDS.items() for word in words}

CORRECTABLE_STATES = frozenset(
    {
        PortState.SUBMITTED,
        PortState.AT_CARRIER,
        PortState.ACTION_REQUIRED,
        PortState.UPDATE_REQUESTED,
    }
)
"""Where the vendor takes an update: pending, in progress and resolution required (its knowledge
bank). A correction that arrives while another is on its way is merged into the next one."""

CANCELLABLE_STATES = CORRECTABLE_STATES | {PortState.SCHEDULED, PortState.SUBMIT_UNKNOWN}


def meaning(status: str) -> PortState | None:
    """The state that a vendor's status word stands for, or None for an unknown word.

    The vendor uses three vocabularies for the same order and documents no mapping; this one is
    ours. Letter case, spaces and hyphens do not matter.
    """
    return _BY_WORD.get(status.casefold().replace(" ", "").replace("-", "").replace("_", ""))


def after_reading(state: PortState, status: str) -> PortState:
    """The state after an order was read with this status.

    An unknown word changes nothing. A requested cancel stays requested until the vendor shows
    it, or shows that completion was faster.
    """
    read = meaning(status)
    if read is None:
        return state
    if state is PortState.CANCEL_REQUESTED and read not in (PortState.CANCELLED, PortState.PORTED):
        return state
    return read


def refusal_of_correction(state: PortState) -> str | None:
    """Why a correction is not taken in this state; None when it is."""
    if state in CORRECTABLE_STATES:
        return None
    return f"a port-in in state {state.value} takes no corrections"


def refusal_of_cancel(state: PortState) -> str | None:
    """Why a cancel is not taken in this state; None when it is."""
    if state in CANCELLABLE_STATES:
        return None
    return f"a port-in in state {state.value} cannot be cancelled"


def refusal_of_order(state: PortState) -> str | None:
    """Why an order id is not taken in this state; None when it is."""
    if state is PortState.SUBMIT_UNKNOWN:
        return None
    return f"a port-in in state {state.value} does not lack its order id"
