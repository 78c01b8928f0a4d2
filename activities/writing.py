"""Activities that write: each is defined under its row, and looks again after a gap."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.outcome import Outcome
from activities.settings import ActivitySettings
from activities.writes import ROW, Kind, Write

P = ParamSpec("P")
T = TypeVar("T")


class Resource(Protocol):
    """A class of activities."""

    @property
    def settings(self) -> ActivitySettings:
        """What its activities need to know."""


class Findable(Protocol):
    """Something to create, which knows how it is looked for."""

    def look(self, *, settle: bool = False) -> Any:
        """The look for it; with `settle`, it may have been created a moment ago."""


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

    Started long after it was decided on, it looks first and takes what it finds: meanwhile
    somebody else may have made it, or an attempt that was given up may have arrived after all.
    """
    if row.kind not in (Kind.CREATE, Kind.PURCHASE):
        raise RuntimeError(f"{row.activity} is no create")

    def define(create: Callable[[R, W], Awaitable[T]]) -> Callable[[R, W], Awaitable[T]]:
        @wraps(create)
        async def create_after_a_gap_look(self: R, wanted: W) -> T:
            if decided_ago() > self.settings.gap:
                try:
                    there = await find(self, wanted.look())
                except ApplicationError as error:
                    raise ApplicationError(
                        f"not sent, since it was decided {decided_ago()} ago and the look before "
                        f"it found: {error.message}",
                        type=Outcome.UNKNOWN,
                    ) from None
                if there is not None:
                    return there
            return await create(self, wanted)

        return write(row)(create_after_a_gap_look)

    return define


def decided_ago() -> timedelta:
    """How long the current activity waited for a worker, by the server's clock alone."""
    info = activity.info()
    return info.started_time - info.current_attempt_scheduled_time
