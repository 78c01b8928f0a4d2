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
from activities.support.write_specs import WRITE_SPEC_ATTR, WriteKind, WriteSpec
from telegent import OutcomeUnknownError, RequestNotSentError

P = ParamSpec("P")
T = TypeVar("T")


class ActivityHost(Protocol):
    """A class of activities."""

    @property
    def settings(self) -> ActivitySettings:
        """What its activities need to know."""


class HasLookup(Protocol):
    """Something to create, which knows how it is looked for."""

    def lookup(self, *, created_before: datetime | None = None) -> Any:
        """The look for it, when it may have been created until then."""


R = TypeVar("R", bound=ActivityHost)
W = TypeVar("W", bound=HasLookup)


def write_activity(
    spec: WriteSpec,
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Defines an activity that sets something, or that asks something of an order."""

    def decorate(method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        setattr(method, WRITE_SPEC_ATTR, spec)
        return activity.defn(name=spec.activity)(method)

    return decorate


def create_activity(
    spec: WriteSpec, find: Callable[[R, Any], Awaitable[T | None]]
) -> Callable[[Callable[[R, W], Awaitable[T]]], Callable[[R, W], Awaitable[T]]]:
    """Defines an activity that creates something, which `find` finds again.

    Started long after it was decided on, it looks first and leaves what it finds to the workflow:
    meanwhile somebody else may have made it, or an attempt that was given up may have arrived.
    """
    if spec.kind not in (WriteKind.CREATE, WriteKind.PURCHASE):
        raise RuntimeError(f"{spec.activity} is no create")

    def decorate(create: Callable[[R, W], Awaitable[T]]) -> Callable[[R, W], Awaitable[T]]:
        @wraps(create)
        async def create_if_still_absent(self: R, request: W) -> T:
            if schedule_to_start_delay() > self.settings.max_schedule_to_start_delay:
                try:
                    with pre_write_read():
                        existing = await find(self, request.lookup())
                except ApplicationError as error:
                    raise ApplicationError(
                        f"not sent, since it was decided {schedule_to_start_delay()} ago and the "
                        f"look before it found: {error.message}",
                        type=Outcome.UNKNOWN,
                    ) from None
                if existing is not None:
                    # Not ours to call created: the workflow looks what it is.
                    raise ApplicationError(
                        f"not sent, since it was decided {schedule_to_start_delay()} ago and is "
                        "there by now",
                        type=Outcome.UNKNOWN,
                    )
            return await create(self, request)

        return write_activity(spec)(create_if_still_absent)

    return decorate


@contextmanager
def pre_write_read() -> Iterator[None]:
    """Around what is read before a write: without its answer the write has certainly not happened.

    Raises `RequestNotSentError` instead of `OutcomeUnknownError`.
    """
    try:
        yield
    except OutcomeUnknownError as error:
        raise RequestNotSentError(
            f"not sent, for want of a look: {error}", endpoint=error.endpoint
        ) from None


def schedule_to_start_delay() -> timedelta:
    """How long the current activity waited for a worker, by the server's clock alone."""
    info = activity.info()
    return info.started_time - info.current_attempt_scheduled_time
