"""Taking back, when the work is cancelled, what can be taken back: the last resource first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from temporalio.exceptions import ActivityError

from activities.support.outcomes import failure_message
from activities.support.write_specs import WriteSpec
from telegent_orchestrator.progress import CompensationReport
from workflows.support.progress import ProgressTracker

T = TypeVar("T")

ROLLING_BACK = "Rolling back"


@dataclass(eq=False)
class CreatedResource(Generic[T]):
    """Something that exists, or may exist, because of us.

    `resource`: None while that is unknown.
    """

    description: str
    spec: WriteSpec
    find: Callable[[], Awaitable[T | None]]
    describe: Callable[[T], str]
    compensate: Callable[[T], Awaitable[None]] | None
    resource: T | None = None

    def __post_init__(self) -> None:
        if bool(self.spec.compensation) != bool(self.compensate):
            raise RuntimeError(f"{self.spec.activity}: its row says otherwise of taking it back")

    async def roll_back(self, report: CompensationReport, keep_reason: str) -> None:
        """Takes it back, or names it with the reason why it is left.

        `keep_reason`: why it must stay.
        """
        try:
            resource = self.resource or await self.find()
        except ActivityError as error:
            report.retained.append(f"{self.description}, if it exists: {failure_message(error)}")
            return
        if resource is None:
            return
        label = f"{self.description} {self.describe(resource)}".strip()
        if self.compensate is None or keep_reason:
            report.retained.append(f"{label}: {self.spec.retained_because or keep_reason}")
            return
        try:
            await self.compensate(resource)
        except ActivityError as error:
            report.retained.append(f"{label}: {failure_message(error)}")
        else:
            report.rolled_back.append(label)


@dataclass(eq=False)
class RetainedResource:
    """Something that exists because of us, and that a cancel does not touch."""

    description: str
    spec: WriteSpec

    async def roll_back(self, report: CompensationReport, keep_reason: str) -> None:
        """Names it, with the reason."""
        report.retained.append(f"{self.description}: {self.spec.retained_because}")


@dataclass
class CompensationLog:
    """What was made so far, in order, and what became of it after a cancel."""

    progress: ProgressTracker
    report: CompensationReport = field(default_factory=CompensationReport)
    _entries: list[CreatedResource[Any] | RetainedResource] = field(default_factory=list)

    def add(self, entry: CreatedResource[Any]) -> None:
        """Remembers something, from before it is first asked for."""
        if entry not in self._entries:
            self._entries.append(entry)

    def discard(self, entry: CreatedResource[Any] | RetainedResource) -> None:
        """It does not exist, or not because of us."""
        if entry in self._entries:
            self._entries.remove(entry)

    def retain(self, description: str, spec: WriteSpec) -> RetainedResource:
        """Remembers something that a cancel leaves."""
        entry = RetainedResource(description, spec)
        self._entries.append(entry)
        return entry

    async def run(self, keep_reason: str = "") -> None:
        """Takes everything back; `keep_reason` says why what can be taken back must stay.

        To be called in a workflow that is cancelled: what it does is not cancelled again. A worker
        that dies meanwhile goes on where it was; each undo may be repeated.
        """
        if not self._entries:
            return
        async with self.progress.step(ROLLING_BACK):
            while self._entries:
                entry = self._entries.pop()
                self.progress.set_detail(ROLLING_BACK, entry.description)
                await entry.roll_back(self.report, keep_reason)
            self.progress.set_detail(ROLLING_BACK, self._summarize())

    def _summarize(self) -> str:
        parts = []
        if self.report.rolled_back:
            parts.append("rolled back: " + ", ".join(self.report.rolled_back))
        if self.report.retained:
            parts.append("retained: " + "; ".join(self.report.retained))
        return ". ".join(parts) or "there was nothing to roll back"
