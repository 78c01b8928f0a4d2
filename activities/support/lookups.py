"""Lookups: what a create whose response was lost may have created."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from pydantic import SerializeAsAny
from temporalio import activity

from activities.support.outcomes import ambiguous, is_not_found, pending
from telegent import RequestRejectedError
from telegent_orchestrator._models import WireModel

T = TypeVar("T")
W = TypeVar("W", bound=WireModel)


class Lookup(WireModel, Generic[W]):
    """A search for a resource.

    Attributes:
        wanted: The resource, as its create describes it.
        created_before: The resource may have been created until then; None: it was not created by
            us. The vendor does not document how soon its lists show a new resource, so absence
            counts only in a read that comes a lag later than that.
    """

    wanted: SerializeAsAny[W]
    created_before: datetime | None = None


def elapsed() -> timedelta:
    """How long the current activity has been tried, by the server's clock alone."""
    info = activity.info()
    return info.current_attempt_scheduled_time - info.scheduled_time


def found_or_pending(found: T | None, created_before: datetime | None, lag: timedelta) -> T | None:
    """What a lookup found; None only when the vendor's lists must show a new resource.

    Raises:
        ApplicationError: `Pending` while the lists may still lag, so that Temporal repeats it.
    """
    if found is not None or created_before is None:
        return found
    remaining = created_before + lag - activity.info().current_attempt_scheduled_time
    if remaining <= timedelta(0):
        return None
    raise pending(
        "not listed; checking again, because Telegent's lists may lag", min(lag / 2, remaining)
    )


@contextmanager
def missing_is_deleted(read_lag: timedelta) -> Iterator[None]:
    """Around a delete: a resource that is missing is deleted.

    It counts as missing a read lag after the delete was decided on. Until then it may have been
    created a moment ago, and be too new to be known.
    """
    try:
        yield
    except RequestRejectedError as error:
        if not is_not_found(error) or elapsed() < read_lag:
            raise


def at_most_one(found: list[T], what: str) -> T | None:
    """The one match, or None.

    Raises:
        ApplicationError: `Ambiguous` when several match: an operator names the one to use.
    """
    if len(found) > 1:
        raise ambiguous(f"{len(found)} {what} match: {', '.join(map(str, found))}")
    return found[0] if found else None
