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

from activities.support.outcomes import Outcome, words_of
from activities.support.write_activity import Findable
from activities.support.write_specs import write_of
from telegent_orchestrator.lines import EarlierRuns
from telegent_orchestrator.progress import Answer
from workflows.support.activity_calls import Activity, read, writing
from workflows.support.activity_options import CALL, REPEAT_AFTER
from workflows.support.cancellation import pause_for, stop_when_cancelled
from workflows.support.compensation import Made, Undo
from workflows.support.metrics import Settled, answer_lost, lost_answer_settled
from workflows.support.progress import Board

T = TypeVar("T")
W = TypeVar("W", bound=Findable)

NOTHING_HAPPENED = {
    Outcome.NOT_SENT: "Telegent could not be reached",
    Outcome.RATE_LIMITED: "Telegent asks for fewer requests",
    Outcome.CREDENTIALS_REFUSED: "Telegent refuses our credentials",
    Outcome.KEY_MISSING: "a worker lacks a payload key",
}


@dataclass(frozen=True)
class Maker:
    """Makes things exactly once, and shows on the board how that goes.

    What it makes is remembered in `undo`. `earlier`: runs that may have made it already.
    `created`: steps whose thing was certainly made just now, and not found.
    """

    board: Board
    undo: Undo
    earlier: EarlierRuns | None = None
    created: set[str] = field(default_factory=set)

    async def ensure_id(
        self,
        step: str,
        what: str,
        create: Activity[[W], str],
        find: Activity[[Any], str | None],
        wanted: W,
        take_back: Callable[[str], Awaitable[None]] | None = None,
    ) -> str:
        """As `ensure`, for a thing of which only its id matters."""

        async def as_given(given_id: str) -> str:
            return given_id

        return await self.ensure(
            step, what, create, find, wanted, adopt=as_given, name=str, take_back=take_back
        )

    async def ensure(
        self,
        step: str,
        what: str,
        create: Activity[[W], T],
        find: Activity[[Any], T | None],
        wanted: W,
        *,
        adopt: Callable[[str], Awaitable[T]],
        name: Callable[[T], str],
        take_back: Callable[[T], Awaitable[None]] | None,
    ) -> T:
        """The thing wanted: found, created, or named by a person; never created twice.

        `create` has a row in activities/support/write_specs.py, which says how it is found and
        when a person is asked. `adopt` takes the id that a person gives, or raises an ActivityError that says why
        it cannot be; `name` is how people know the thing; `take_back` is for a cancel.

        Raises a failure with the vendor's words when the vendor refuses it, or when a person
        abandons it. When neither success nor absence can be shown it waits for a person.
        """
        row = write_of(create)

        def look(until: datetime | None) -> Awaitable[T | None]:
            return read(find, f"Look for {what}", wanted.look(until=until))

        call = writing(create, f"Make {what}", wanted)
        made = Made(what, row, lambda: look(workflow.now()), name, take_back)
        evidence: list[str] = []
        refusal: ActivityError | None = None
        unanswered = 0
        looking = self.earlier is not None
        until = _until(self.earlier) if self.earlier else None
        how = "was there already"
        while True:
            can_tell = True
            if looking:
                stop_when_cancelled()
                try:
                    found = await look(until)
                except ActivityError as error:
                    _note(evidence, error)
                    if refusal is not None:
                        raise
                    can_tell, found = False, None
                if found is not None:
                    self.board.note(step, how)
                    if unanswered:
                        lost_answer_settled(row.activity, Settled.FOUND)
                    if unanswered or self.earlier:
                        made.thing = found
                        self.undo.add(made)
                    else:
                        # It was there before us, whoever made it: a cancel does not touch it.
                        self.undo.forget(made)
                    return found
                if refusal is not None:
                    self.undo.forget(made)
                    raise refusal
            if can_tell and unanswered < row.tries:
                self.undo.add(made)
                try:
                    created = await attempt(self.board, step, call)
                except ActivityError as error:
                    _note(evidence, error)
                    until = workflow.now()
                    if outcome_of(error) is Outcome.UNKNOWN:
                        self.board.note(step, "no answer; looking whether it happened")
                        unanswered += 1
                        how = "was made, though the answer was lost"
                    elif refusal is None and (unanswered or (row.unique and not looking)):
                        # It may be refused because it exists: by an attempt that a look has missed.
                        refusal = error
                    else:
                        self.undo.forget(made)
                        raise
                    looking = True
                    continue
                self.board.note(step, "made at a later attempt" if evidence else "")
                if unanswered:
                    lost_answer_settled(row.activity, Settled.MADE_AGAIN)
                made.thing = created
                self.created.add(step)
                stop_when_cancelled()
                return created
            if unanswered:
                lost_answer_settled(row.activity, Settled.PERSON)
            named = await self._ask(step, evidence, adopt)
            if named is not None:
                made.thing = named
                self.undo.add(made)
                return named
            # A person says that it does not exist, so the next thing to do is not another look.
            unanswered, looking = 0, False

    async def _ask(
        self, step: str, evidence: list[str], adopt: Callable[[str], Awaitable[T]]
    ) -> T | None:
        """What a person names, or None when it is to be made. Raises when it is abandoned."""
        while True:
            answer = await self.board.ask(
                step, "it cannot be shown whether this exists exactly once", evidence
            )
            if answer.answer is Answer.RETRY:
                return None
            if answer.answer is Answer.ABANDON:
                raise ApplicationError(
                    f"{step}: abandoned by {answer.by}: {answer.reason}", type="Abandoned"
                )
            try:
                return await adopt(answer.id or "")
            except ActivityError as error:
                _note(evidence, error)


async def attempt(
    board: Board,
    step: str,
    call: Callable[[], Coroutine[Any, Any, T]],
    *,
    to_the_end: bool = False,
) -> T:
    """Makes a call once; again, later, as long as it certainly did not happen.

    Raises the ActivityError when the outcome is unknown or the vendor refuses for good. A call
    under way is waited for when the workflow is cancelled, because its answer says what exists;
    the waiting between calls ends then with CancelledError, if not `to_the_end`.
    """
    wait, longest = REPEAT_AFTER
    while True:
        try:
            return await call()
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            outcome = outcome_of(error)
            if outcome is Outcome.UNKNOWN:
                answer_lost(error.activity_type)
            why = NOTHING_HAPPENED.get(outcome)
            if why is None:
                raise
            pause = max(wait, timedelta(seconds=_asked_wait(error)))
            board.note(step, f"{why}; trying again in {pause.total_seconds():.0f} s")
            await pause_for(
                pause, f"{step}: {why}, trying again after this", whatever_happens=to_the_end
            )
            wait = min(wait * 2, longest)


def _until(earlier: EarlierRuns) -> datetime:
    """Until when earlier runs may have made something."""
    return earlier.ended + (CALL if earlier.cut_off else timedelta(0))


def _note(evidence: list[str], error: ActivityError) -> None:
    """Adds a failure to the evidence; passes on a cancellation, which is none."""
    if is_cancelled_exception(error):
        raise error
    evidence.append(f"{workflow.now():%Y-%m-%d %H:%M:%S} UTC {words_of(error)}")


def outcome_of(error: ActivityError) -> Outcome:
    """Why an activity has no result; a timeout, a crash or a fault of our own means: unknown."""
    cause = error.cause
    while isinstance(cause, ApplicationError):
        if cause.type in set(Outcome):
            return Outcome(cause.type)
        # Temporal wraps why an activity could not read its arguments.
        cause = cause.cause
    return Outcome.UNKNOWN


def _asked_wait(error: ActivityError) -> float:
    """Seconds that the vendor asked to wait, 0 when it named no time."""
    details = error.cause.details if isinstance(error.cause, ApplicationError) else ()
    return float(details[0]) if details and isinstance(details[0], int | float) else 0.0
