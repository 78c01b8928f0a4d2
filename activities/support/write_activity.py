"""Activities that write: each is defined under its row, and looks again after a gap."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.settings import ActivitySettings
from activities.support.outcomes import Outcome
from activities.support.write_specs import ROW, Kind, Write
from telegent import NotSent, OutcomeUnknown

P = ParamSpec("P")
T = TypeVar("T")


class Resource(Protocol):
    """A class of activities."""

    @property
    def settings(self) -> ActivitySettings:
        """What its activities need to know."""


class Findable(Protocol):
    """Something to create, which knows how it is looked for."""

    def look(self, *, until: datetime | None = None) -> Any:
        """The look for it, when it may have been created until then."""


R = TypeVar("R", bound=Resource)
W = TypeVar("W", bound=Findable)


def write(row: Write) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Defines an activity that sets something, or that asks something of an order."""

    def define(method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        setattr(method, ROW, row)
        return activity.defn(name=row.activity)(method)

    return define


def creation(
    row: Write, find: Callable[[R, Any], Awaitable[T | None]]
) -> Callable[[Callable[[R, W], Awaitable[T]]], Callable[[R, W], Awaitable[T]]]:
    """Defines an activity that creates something, which `find` finds again.

    Started long after it was decided on, it looks first and leaves what it finds to the workflow:
    meanwhile somebody else may have made it, or an attempt that was given up may have arrived.
    """
    if row.kind not in (Kind.CREATE, Kind.PURCHASE):
        raise RuntimeError(f"{row.activity} is no create")

    def define(create: Callable[[R, W], Awaitable[T]]) -> Callable[[R, W], Awaitable[T]]:
        @wraps(create)
        async def create_after_a_gap_look(self: R, wanted: W) -> T:
            if decided_ago() > self.settings.gap:
                try:
                    with nothing_sent_yet():
                        there = await find(self, wanted.look())
                except ApplicationError as error:
                    raise ApplicationError(
                        f"not sent, since it was decided {decided_ago()} ago and the look before "
                        f"it found: {error.message}",
                        type=Outcome.UNKNOWN,
                    ) from None
                if there is not None:
                    # Not ours to call created: the workflow looks what it is.
                    raise ApplicationError(
                        f"not sent, since it was decided {decided_ago()} ago and is there by now",
                        type=Outcome.UNKNOWN,
                    )
            return await create(self, wanted)

        return write(row)(create_after_a_gap_look)

    return define


@contextmanager
def nothing_sent_yet() -> Iterator[None]:
    """Around what is read before a write: without its answer the write has certainly not happened.

    Raises `NotSent` instead of `OutcomeUnknown`.
    """
    try:
        yield
    except OutcomeUnknown as error:
        raise NotSent(f"not sent, for want of a look: {error}", endpoint=error.endpoint) from None


def decided_ago() -> timedelta:
    """How long the current activity waited for a worker, by the server's clock alone."""
    info = activity.info()
    return info.started_time - info.current_attempt_scheduled_time
