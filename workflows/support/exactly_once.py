"""The one way in which things are created: attempt once, classify, look before acting again."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    is_cancelled_exception,
)

from activities.support.outcomes import Outcome, failure_message
from activities.support.write_activity import HasLookup
from activities.support.write_specs import write_spec_of
from telegent_orchestrator.lines import PreviousRuns
from telegent_orchestrator.progress import ResolutionAction
from workflows.support.activity_calls import Activity, execute_read, prepare_write
from workflows.support.activity_options import RETRY_BACKOFF, VENDOR_CALL_TIMEOUT
from workflows.support.cancellation import cancellable_sleep, raise_if_cancelled
from workflows.support.compensation import CompensationLog, CreatedResource
from workflows.support.metrics import (
    LostResponseResolution,
    count_lost_response,
    count_lost_response_resolved,
)
from workflows.support.progress import ProgressTracker

T = TypeVar("T")
W = TypeVar("W", bound=HasLookup)

NOT_EXECUTED = {
    Outcome.NOT_SENT: "Telegent could not be reached",
    Outcome.RATE_LIMITED: "Telegent asks for fewer requests",
    Outcome.CREDENTIALS_REJECTED: "Telegent refuses our credentials",
    Outcome.KEY_MISSING: "a worker lacks a payload key",
}


@dataclass(frozen=True)
class ResourceCreator:
    """Makes things exactly once, and shows on the progress tracker how that goes.

    What it makes is remembered in `compensation`. `previous_runs`: runs that may have made it
    already. `created_steps`: steps whose thing was certainly made just now, and not found.
    """

    progress: ProgressTracker
    compensation: CompensationLog
    previous_runs: PreviousRuns | None = None
    created_steps: set[str] = field(default_factory=set)

    async def ensure_id(
        self,
        step: str,
        description: str,
        create: Activity[[W], str],
        find: Activity[[Any], str | None],
        wanted: W,
        compensate: Callable[[str], Awaitable[None]] | None = None,
    ) -> str:
        """As `ensure`, for a thing of which only its id matters."""

        async def use_id(given_id: str) -> str:
            return given_id

        return await self.ensure(
            step,
            description,
            create,
            find,
            wanted,
            adopt=use_id,
            describe=str,
            compensate=compensate,
        )

    async def ensure(
        self,
        step: str,
        description: str,
        create: Activity[[W], T],
        find: Activity[[Any], T | None],
        wanted: W,
        *,
        adopt: Callable[[str], Awaitable[T]],
        describe: Callable[[T], str],
        compensate: Callable[[T], Awaitable[None]] | None,
    ) -> T:
        """The thing wanted: found, created, or named by a person; never created twice.

        `create` has a row in activities/support/write_specs.py, which says how it is found and
        when a person is asked. `adopt` takes the id that a person gives, or raises an
        ActivityError that says why it cannot be; `describe` is how people know the
        thing; `compensate` is for a cancel.

        Raises a failure with the vendor's words when the vendor refuses it, or when a person
        abandons it. When neither success nor absence can be shown it waits for a person.
        """
        spec = write_spec_of(create)

        def lookup(created_before: datetime | None) -> Awaitable[T | None]:
            return execute_read(
                find, f"Look for {description}", wanted.lookup(created_before=created_before)
            )

        call = prepare_write(create, f"Make {description}", wanted)
        entry = CreatedResource(
            description, spec, lambda: lookup(workflow.now()), describe, compensate
        )
        evidence: list[str] = []
        rejection: ActivityError | None = None
        lost_responses = 0
        lookup_due = self.previous_runs is not None
        created_before = _created_before(self.previous_runs) if self.previous_runs else None
        origin = "was there already"
        while True:
            lookup_conclusive = True
            if lookup_due:
                raise_if_cancelled()
                try:
                    found = await lookup(created_before)
                except ActivityError as error:
                    _add_evidence(evidence, error)
                    if rejection is not None:
                        raise
                    lookup_conclusive, found = False, None
                if found is not None:
                    self.progress.set_detail(step, origin)
                    if lost_responses:
                        count_lost_response_resolved(spec.activity, LostResponseResolution.FOUND)
                    if lost_responses or self.previous_runs:
                        entry.resource = found
                        self.compensation.add(entry)
                    else:
                        # It was there before us, whoever made it: a cancel does not touch it.
                        self.compensation.discard(entry)
                    return found
                if rejection is not None:
                    self.compensation.discard(entry)
                    raise rejection
            if lookup_conclusive and lost_responses < spec.max_lost_responses:
                self.compensation.add(entry)
                try:
                    created = await call_until_conclusive(self.progress, step, call)
                except ActivityError as error:
                    _add_evidence(evidence, error)
                    created_before = workflow.now()
                    if classify_failure(error) is Outcome.UNKNOWN:
                        self.progress.set_detail(step, "no answer; looking whether it happened")
                        lost_responses += 1
                        origin = "was made, though the answer was lost"
                    elif rejection is None and (lost_responses or (spec.unique and not lookup_due)):
                        # It may be refused because it exists: by an attempt that a look has missed.
                        rejection = error
                    else:
                        self.compensation.discard(entry)
                        raise
                    lookup_due = True
                    continue
                self.progress.set_detail(step, "made at a later attempt" if evidence else "")
                if lost_responses:
                    count_lost_response_resolved(
                        spec.activity, LostResponseResolution.CREATED_AGAIN
                    )
                entry.resource = created
                self.created_steps.add(step)
                raise_if_cancelled()
                return created
            if lost_responses:
                count_lost_response_resolved(spec.activity, LostResponseResolution.ESCALATED)
            adopted = await self._escalate(step, evidence, adopt)
            if adopted is not None:
                entry.resource = adopted
                self.compensation.add(entry)
                return adopted
            # A person says that it does not exist, so the next thing to do is not another look.
            lost_responses, lookup_due = 0, False

    async def _escalate(
        self, step: str, evidence: list[str], adopt: Callable[[str], Awaitable[T]]
    ) -> T | None:
        """What a person names, or None when it is to be made. Raises when it is abandoned."""
        while True:
            resolution = await self.progress.escalate(
                step, "it cannot be shown whether this exists exactly once", evidence
            )
            if resolution.action is ResolutionAction.RETRY:
                return None
            if resolution.action is ResolutionAction.ABANDON:
                raise ApplicationError(
                    f"{step}: abandoned by {resolution.by}: {resolution.reason}", type="Abandoned"
                )
            try:
                return await adopt(resolution.id or "")
            except ActivityError as error:
                _add_evidence(evidence, error)


async def call_until_conclusive(
    progress: ProgressTracker,
    step: str,
    call: Callable[[], Coroutine[Any, Any, T]],
    *,
    ignore_cancellation: bool = False,
) -> T:
    """Makes a call once; again, later, as long as it certainly did not happen.

    Raises the ActivityError when the outcome is unknown or the vendor refuses for good. A call
    under way is waited for when the workflow is cancelled, because its answer says what exists;
    the waiting between calls ends then with CancelledError, if not `ignore_cancellation`.
    """
    delay, max_delay = RETRY_BACKOFF
    while True:
        try:
            return await call()
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            outcome = classify_failure(error)
            if outcome is Outcome.UNKNOWN:
                count_lost_response(error.activity_type)
            reason = NOT_EXECUTED.get(outcome)
            if reason is None:
                raise
            pause = max(delay, timedelta(seconds=_retry_after(error)))
            progress.set_detail(step, f"{reason}; trying again in {pause.total_seconds():.0f} s")
            await cancellable_sleep(
                pause,
                f"{step}: {reason}, trying again after this",
                ignore_cancellation=ignore_cancellation,
            )
            delay = min(delay * 2, max_delay)


def _created_before(previous_runs: PreviousRuns) -> datetime:
    """Until when earlier runs may have made something."""
    return previous_runs.ended_at + (
        VENDOR_CALL_TIMEOUT if previous_runs.interrupted else timedelta(0)
    )


def _add_evidence(evidence: list[str], error: ActivityError) -> None:
    """Adds a failure to the evidence; passes on a cancellation, which is none."""
    if is_cancelled_exception(error):
        raise error
    evidence.append(f"{workflow.now():%Y-%m-%d %H:%M:%S} UTC {failure_message(error)}")


def classify_failure(error: ActivityError) -> Outcome:
    """Why an activity has no result; a timeout, a crash or a fault of our own means: unknown."""
    cause = error.cause
    while isinstance(cause, ApplicationError):
        if cause.type in set(Outcome):
            return Outcome(cause.type)
        # Temporal wraps why an activity could not read its arguments.
        cause = cause.cause
    return Outcome.UNKNOWN


def _retry_after(error: ActivityError) -> float:
    """Seconds that the vendor asked to wait, 0 when it named no time."""
    details = error.cause.details if isinstance(error.cause, ApplicationError) else ()
    return float(details[0]) if details and isinstance(details[0], int | float) else 0.0
