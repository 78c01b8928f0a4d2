"""Taking back, when the work is cancelled, what can be taken back: the last thing first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from temporalio.exceptions import ActivityError

from activities.support.outcomes import words_of
from activities.support.write_specs import Write
from telegent_orchestrator.progress import Undone
from workflows.support.progress import Board

T = TypeVar("T")

TAKING_BACK = "Taking back"


@dataclass(eq=False)
class Made(Generic[T]):
    """Something that exists, or may exist, because of us. `thing`: None while that is unknown."""

    what: str
    row: Write
    find: Callable[[], Awaitable[T | None]]
    name: Callable[[T], str]
    take_back: Callable[[T], Awaitable[None]] | None
    thing: T | None = None

    def __post_init__(self) -> None:
        if bool(self.row.undo) != bool(self.take_back):
            raise RuntimeError(f"{self.row.activity}: its row says otherwise of taking it back")

    async def undo(self, undone: Undone, keep: str) -> None:
        """Takes it back, or names it with the reason why it is left. `keep`: why it must stay."""
        try:
            thing = self.thing or await self.find()
        except ActivityError as error:
            undone.left.append(f"{self.what}, if it exists: {words_of(error)}")
            return
        if thing is None:
            return
        name = f"{self.what} {self.name(thing)}".strip()
        if self.take_back is None or keep:
            undone.left.append(f"{name}: {self.row.left or keep}")
            return
        try:
            await self.take_back(thing)
        except ActivityError as error:
            undone.left.append(f"{name}: {words_of(error)}")
        else:
            undone.taken_back.append(name)


@dataclass(eq=False)
class Left:
    """Something that exists because of us, and that a cancel does not touch."""

    what: str
    row: Write

    async def undo(self, undone: Undone, keep: str) -> None:
        """Names it, with the reason."""
        undone.left.append(f"{self.what}: {self.row.left}")


@dataclass
class Undo:
    """What was made so far, in order, and what became of it after a cancel."""

    board: Board
    undone: Undone = field(default_factory=Undone)
    _made: list[Made[Any] | Left] = field(default_factory=list)

    def add(self, made: Made[Any]) -> None:
        """Remembers something, from before it is first asked for."""
        if made not in self._made:
            self._made.append(made)

    def forget(self, made: Made[Any] | Left) -> None:
        """It does not exist, or not because of us."""
        if made in self._made:
            self._made.remove(made)

    def leave(self, what: str, row: Write) -> Left:
        """Remembers something that a cancel leaves."""
        left = Left(what, row)
        self._made.append(left)
        return left

    async def all(self, keep: str = "") -> None:
        """Takes everything back; `keep` says why what can be taken back must stay.

        To be called in a workflow that is cancelled: what it does is not cancelled again. A worker
        that dies meanwhile goes on where it was; each undo may be repeated.
        """
        if not self._made:
            return
        async with self.board.step(TAKING_BACK):
            while self._made:
                made = self._made.pop()
                self.board.note(TAKING_BACK, made.what)
                await made.undo(self.undone, keep)
            self.board.note(TAKING_BACK, self._in_words())

    def _in_words(self) -> str:
        parts = []
        if self.undone.taken_back:
            parts.append("taken back: " + ", ".join(self.undone.taken_back))
        if self.undone.left:
            parts.append("left: " + "; ".join(self.undone.left))
        return ". ".join(parts) or "there was nothing to take back"
