"""Activities that write, each defined in write_specs.py, and lookups of what they wrote."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from pydantic import SerializeAsAny
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.settings import ActivitySettings
from activities.support.outcomes import Outcome, ambiguous, is_not_found, pending
from activities.support.scheduling_run import require_no_reset
from activities.support.write_specs import WRITE_SPEC_ATTR, WriteKind, WriteSpec
from telegent import OutcomeUnknownError, RequestNotSentError, RequestRejectedError
from telegent_orchestrator._models import WireModel

P = ParamSpec("P")
T = TypeVar("T")

_CREATE_SPEC_ATTR = "__telegent_create_spec__"


class ActivityHost(Protocol):
    """A class of activities."""

    @property
    def settings(self) -> ActivitySettings:
        """The settings of its activities."""


class Wanted(WireModel):
    """A resource to create, with everything that its create and its lookup need."""

    @property
    def description(self) -> str:
        """What an operator reads, such as `the message route`."""
        raise NotImplementedError

    @property
    def used_before(self) -> datetime | None:
        """The latest time at which others may have used what it needs; None: they have not."""
        return None


R = TypeVar("R", bound=ActivityHost)
W = TypeVar("W", bound=Wanted)


class Lookup(WireModel, Generic[W]):
    """A search for a resource.

    Attributes:
        wanted: The resource, as its create describes it.
        created_before: We may have created the resource before this time; None: we cannot have.
            The vendor does not document how soon its lists show a new resource, so its absence
            counts only in a read that comes at least `WriteSpec.lag` after this time.
    """

    wanted: SerializeAsAny[W]
    created_before: datetime | None = None


@dataclass(frozen=True)
class CreateSpec(Generic[W, T]):
    """A create, with the activities that find, undo or confirm what it created.

    Attributes:
        write: Its entry in write_specs.py.
        find: Looks the resource up.
        compensate: Undoes the create; None when a cancel leaves the resource.
        compensate_args: The arguments of `compensate`.
        adopt: Reads the resource that an operator chooses; None: its id is all there is to know.
        confirm: Waits for the order of a resource that the create only orders.
        is_confirmed: Whether there is nothing to wait for.
    """

    write: WriteSpec
    find: Callable[[Any, Lookup[W]], Awaitable[T | None]]
    compensate: Callable[..., Awaitable[None]] | None = None
    compensate_args: Callable[[W, T], tuple[Any, ...]] = lambda _, resource: (resource,)
    adopt: Callable[[Any, W, str], Awaitable[T]] | None = None
    confirm: Callable[[Any, W, T], Awaitable[T]] | None = None
    is_confirmed: Callable[[T], bool] = lambda _: True

    def __post_init__(self) -> None:
        if self.write.kind not in (WriteKind.CREATE, WriteKind.PURCHASE):
            raise RuntimeError(f"{self.write.activity} is no create")
        compensation = getattr(self.compensate, WRITE_SPEC_ATTR, None)
        if self.write.compensation != (compensation.activity if compensation else None):
            raise RuntimeError(f"{self.write.activity}: its WriteSpec names another compensation")


def write_activity(
    spec: WriteSpec,
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Defines an activity that writes to the vendor."""

    def decorate(method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        setattr(method, WRITE_SPEC_ATTR, spec)
        return activity.defn(name=spec.activity)(method)

    return decorate


def create_activity(
    spec: CreateSpec[W, T],
) -> Callable[[Callable[[R, W], Awaitable[T]]], Callable[[R, W], Awaitable[T]]]:
    """Defines an activity that creates a resource.

    One that starts long after it was scheduled looks the resource up first, and fails with
    `OutcomeUnknown` when it exists: another run, or an attempt that has timed out, may have created
    it meanwhile. The workflow finds out what it is.

    One that was scheduled before a reset of its run fails with `OutcomeUnknown`: Temporal starts
    again what was pending at the reset point, even if it was completed after that point.
    """

    def decorate(create: Callable[[R, W], Awaitable[T]]) -> Callable[[R, W], Awaitable[T]]:
        @wraps(create)
        async def create_if_still_absent(self: R, wanted: W) -> T:
            require_no_reset()
            queued = schedule_to_start_delay()
            if queued > self.settings.max_schedule_to_start_delay:
                await _require_absent(spec.find(self, Lookup(wanted=wanted)), queued)
            return await create(self, wanted)

        setattr(create_if_still_absent, _CREATE_SPEC_ATTR, spec)
        return write_activity(spec.write)(create_if_still_absent)

    return decorate


def create_spec_of(create: Callable[[Any, W], Awaitable[T]]) -> CreateSpec[W, T]:
    """The spec of an activity that creates.

    Raises:
        RuntimeError: It does not create.
    """
    spec: CreateSpec[W, T] | None = getattr(create, _CREATE_SPEC_ATTR, None)
    if spec is None:
        raise RuntimeError(f"{create.__qualname__} does not create")
    return spec


async def _require_absent(lookup: Awaitable[object | None], queued: timedelta) -> None:
    not_sent = f"not sent: the task was queued for {queued} and the"
    try:
        with pre_write_read():
            existing = await lookup
    except ApplicationError as error:
        raise ApplicationError(
            f"{not_sent} lookup before it found: {error.message}", type=Outcome.UNKNOWN
        ) from None
    if existing is not None:
        raise ApplicationError(f"{not_sent} resource already exists", type=Outcome.UNKNOWN)


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


def at_most_one(found: list[T], what: str) -> T | None:
    """The one match, or None.

    Raises:
        ApplicationError: `Ambiguous` when several match: an operator chooses one.
    """
    if len(found) > 1:
        raise ambiguous(f"{len(found)} {what} match: {', '.join(map(str, found))}")
    return found[0] if found else None


def only_active(matches: Mapping[str, bool], what: str) -> str | None:
    """The id of the one match, or None.

    Args:
        matches: Ids, and whether each is active.
        what: What they are, in the plural.

    Raises:
        ApplicationError: `Ambiguous` when several match, or one that is inactive.
    """
    match = at_most_one(list(matches), what)
    if match and not matches[match]:
        raise ambiguous(f"of {what} there is {match}, which is inactive: activate it, or adopt one")
    return match


@contextmanager
def pre_write_read() -> Iterator[None]:
    """Around what is read before a write: when the read fails, the write was not executed.

    Raises:
        RequestNotSentError: In place of `OutcomeUnknownError`.
    """
    try:
        yield
    except OutcomeUnknownError as error:
        raise RequestNotSentError(
            f"not sent: the pre-write check failed: {error}", endpoint=error.endpoint
        ) from None


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


def schedule_to_start_delay() -> timedelta:
    """How long the current activity was queued, by the server's clock alone."""
    info = activity.info()
    return info.started_time - info.current_attempt_scheduled_time


def elapsed() -> timedelta:
    """How long the current activity has been tried, by the server's clock alone."""
    info = activity.info()
    return info.current_attempt_scheduled_time - info.scheduled_time
