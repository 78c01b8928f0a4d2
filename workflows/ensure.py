"""The one way in which things are created: attempt once, classify, look before acting again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    is_cancelled_exception,
)

from activities.outcome import Outcome
from telegent_orchestrator.progress import Answer
from workflows.board import Board, words_of
from workflows.policies import REPEAT_AFTER, UNANSWERED_TRIES

T = TypeVar("T")

NOTHING_HAPPENED = {
    Outcome.NOT_SENT: "Telegent could not be reached",
    Outcome.RATE_LIMITED: "Telegent asks for fewer requests",
    Outcome.CREDENTIALS_REFUSED: "Telegent refuses our credentials",
}


@dataclass(frozen=True)
class Maker:
    """Makes things exactly once, and shows on the board how that goes.

    `look_first`: an earlier run may have made them already.
    """

    board: Board
    look_first: bool = False

    async def ensure_id(
        self,
        step: str,
        create: Callable[[], Awaitable[str]],
        find: Callable[[bool], Awaitable[str | None]],
        *,
        unique: bool = False,
    ) -> str:
        """As `ensure`, for a thing of which only its id matters."""

        async def as_given(given_id: str) -> str:
            return given_id

        return await self.ensure(step, create, find, adopt=as_given, unique=unique)

    async def ensure(
        self,
        step: str,
        create: Callable[[], Awaitable[T]],
        find: Callable[[bool], Awaitable[T | None]],
        *,
        adopt: Callable[[str], Awaitable[T]],
        unique: bool = False,
    ) -> T:
        """The thing wanted: found, created, or named by a person; never created twice.

        `find(settle)` returns None when it is not there; with `settle`, only when its absence is
        certain. `adopt` takes the id that a person gives. `unique`: the vendor refuses a second
        one, so that a refusal may mean that it exists.

        Raises a failure with the vendor's words when the vendor refuses it, or when a person
        abandons it. When neither success nor absence can be shown it waits for a person.
        """
        evidence: list[str] = []
        refusal: ActivityError | None = None
        unanswered = 0
        looking = self.look_first
        made = "was there already"
        while True:
            can_tell = True
            if looking:
                try:
                    found = await find(bool(evidence))
                except ActivityError as error:
                    _note(evidence, error)
                    if refusal is not None:
                        raise
                    can_tell, found = False, None
                if found is not None:
                    self.board.note(step, made)
                    return found
                if refusal is not None:
                    raise refusal
            if can_tell and unanswered < UNANSWERED_TRIES:
                try:
                    created = await attempt(self.board, step, create)
                except ActivityError as error:
                    _note(evidence, error)
                    if outcome_of(error) is Outcome.UNKNOWN:
                        self.board.note(step, "no answer; looking whether it happened")
                        unanswered += 1
                        made = "was made, though the answer was lost"
                    elif unique and refusal is None and (unanswered or not looking):
                        # It exists already, perhaps by an attempt that a look has missed.
                        refusal = error
                    else:
                        raise
                    looking = True
                    continue
                self.board.note(step, "made at a later attempt" if evidence else "")
                return created
            answer = await self.board.ask(
                step, "it cannot be shown whether this exists exactly once", evidence
            )
            if answer.answer is Answer.ADOPT:
                return await adopt(answer.id or "")
            if answer.answer is Answer.ABANDON:
                raise ApplicationError(
                    f"{step}: abandoned by {answer.by}: {answer.reason}", type="Abandoned"
                )
            # A person says that it does not exist, so the next thing to do is not another look.
            unanswered, looking = 0, False


async def attempt(board: Board, step: str, call: Callable[[], Awaitable[T]]) -> T:
    """Makes a call once; again, later, as long as it certainly did not happen.

    Raises the ActivityError when the outcome is unknown or the vendor refuses for good.
    """
    wait, longest = REPEAT_AFTER
    while True:
        try:
            return await call()
        except ActivityError as error:
            why = NOTHING_HAPPENED.get(outcome_of(error))
            if why is None or is_cancelled_exception(error):
                raise
            asked = _asked_wait(error)
            pause = max(wait.total_seconds(), asked)
            board.note(step, f"{why}; trying again in {pause:.0f} s")
            await workflow.sleep(pause, summary=f"{step}: {why}, trying again after this")
            wait = min(wait * 2, longest)


def _note(evidence: list[str], error: ActivityError) -> None:
    """Adds a failure to the evidence; passes on a cancellation, which is none."""
    if is_cancelled_exception(error):
        raise error
    evidence.append(f"{workflow.now():%Y-%m-%d %H:%M:%S} UTC {words_of(error)}")


def outcome_of(error: ActivityError) -> Outcome:
    """Why an activity has no result; a timeout, a crash or a fault of our own means: unknown."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type in set(Outcome):
        return Outcome(cause.type)
    return Outcome.UNKNOWN


def _asked_wait(error: ActivityError) -> float:
    """Seconds that the vendor asked to wait, 0 when it named no time."""
    details = error.cause.details if isinstance(error.cause, ApplicationError) else ()
    return float(details[0]) if details and isinstance(details[0], int | float) else 0.0
