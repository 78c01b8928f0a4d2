"""Looking for what a lost answer may have created."""

from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import activity

from activities.support.outcomes import pending, rejected
from telegent_orchestrator._models import WireModel

T = TypeVar("T")


def elapsed() -> timedelta:
    """How long the current activity has been tried, by the server's clock alone."""
    info = activity.info()
    return info.current_attempt_scheduled_time - info.scheduled_time


class Lookup(WireModel):
    """How to look. `until`: what is looked for may have been created until then; None: or never.

    The vendor does not document how soon its lists show what was created. So absence counts only
    in a look that comes a lag later than that.
    """

    created_before: datetime | None = None


def found_or_pending(found: T | None, lookup: Lookup, lag: timedelta) -> T | None:
    """What a look found; None only when the lists must show what was created.

    Raises a benign `Pending` while they may still lag, so that Temporal looks again.
    """
    if found is not None or lookup.created_before is None:
        return found
    remaining = lookup.created_before + lag - activity.info().current_attempt_scheduled_time
    if remaining <= timedelta(0):
        return None
    raise pending(
        "nothing there yet; looking again, because the vendor's lists may lag",
        min(lag / 2, remaining),
    )


def at_most_one(found: list[T], what: str) -> T | None:
    """The one match, or None. Several are a fault that only a person can sort out."""
    if len(found) > 1:
        raise rejected(f"{len(found)} {what} match: {', '.join(map(str, found))}")
    return found[0] if found else None
