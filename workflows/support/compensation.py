"""Rolling back what can be rolled back when a workflow is cancelled: the last resource first."""

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
class CompensationEntry(Generic[T]):
    """A resource that exists, or may exist, because of us.

    Attributes:
        description: What an operator reads.
        spec: How it is created and rolled back.
        find: Looks it up.
        compensate: Rolls it back; None when a cancel leaves it.
        resource: The resource; None while it is unknown whether it exists.
    """

    description: str
    spec: WriteSpec
    find: Callable[[], Awaitable[T | None]]
    compensate: Callable[[T], Awaitable[None]] | None
    resource: T | None = None

    async def roll_back(self, report: CompensationReport, keep_reason: str) -> None:
        """Rolls it back, or reports it as retained.

        Args:
            report: Gets the outcome.
            keep_reason: Why it must stay, if it must.
        """
        try:
            resource = self.resource or await self.find()
        except ActivityError as error:
            report.retained.append(f"{self.description}, if it exists: {failure_message(error)}")
            return
        if resource is None:
            return
        label = f"{self.description} {resource}".strip()
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
    """A resource that exists because of us, and that a cancel does not touch."""

    description: str
    spec: WriteSpec

    async def roll_back(self, report: CompensationReport, keep_reason: str) -> None:
        """Reports it as retained."""
        report.retained.append(f"{self.description}: {self.spec.retained_because}")


@dataclass
class CompensationLog:
    """The resources created so far, in order, and what became of them after a cancel."""

    progress: ProgressTracker
    report: CompensationReport = field(default_factory=CompensationReport)
    _entries: list[CompensationEntry[Any] | RetainedResource] = field(default_factory=list)

    def add(self, entry: CompensationEntry[Any]) -> None:
        """Remembers a resource, from before its create is sent."""
        if entry not in self._entries:
            self._entries.append(entry)

    def discard(self, entry: CompensationEntry[Any] | RetainedResource) -> None:
        """The resource does not exist, or not because of us."""
        if entry in self._entries:
            self._entries.remove(entry)

    def retain(self, description: str, spec: WriteSpec) -> RetainedResource:
        """Remembers a resource that a cancel leaves."""
        entry = RetainedResource(description, spec)
        self._entries.append(entry)
        return entry

    @property
    def created(self) -> list[CompensationEntry[Any]]:
        """What exists, or may exist, because of us."""
        return [entry for entry in self._entries if isinstance(entry, CompensationEntry)]

    async def run(self, keep_reason: str = "") -> None:
        """Rolls everything back.

        Call it after the workflow was cancelled: Temporal does not cancel it a second time. When a
        worker dies, another one resumes here; each compensation may be repeated.

        Args:
            keep_reason: Why resources that can be rolled back must stay, if they must.
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
        return ". ".join(parts) or "nothing to roll back"
