"""What the status of a number means. Telegent documents only `Active`; `Inactive` is a filter."""

from enum import StrEnum


class NumberState(StrEnum):
    """Whether a number in our inventory is in service."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    UNCLEAR = "unclear"
    """`Inactive` or an unknown status: it may be suspended, cancelled, or have left."""
    GONE = "gone"
    """Cancelled, released or ported out."""


_ACTIVE = ("pending", "process", "progress", "reject")
"""Parts of the old statuses of a port-out that has not happened."""
_SUSPENDED = ("park", "suspend")
_GONE = ("ported", "port out complete", "released", "cancel", "deactivated")


def number_state(status: str | None) -> NumberState:
    """The meaning of a status; a number without one is active."""
    word = (status or "active").casefold()
    if word == "active":
        return NumberState.ACTIVE
    parts = {
        NumberState.SUSPENDED: _SUSPENDED,
        NumberState.ACTIVE: _ACTIVE,
        NumberState.GONE: _GONE,
    }
    for state, words in parts.items():
        if any(part in word for part in words):
            return state
    return NumberState.UNCLEAR
