"""The step that the running code belongs to: where calls show why they do not progress."""

from contextvars import ContextVar
from datetime import datetime
from typing import Protocol


class StalledStep(Protocol):
    """A step that can show that it makes no progress."""

    def stall(self, reason: str, since: datetime) -> None:
        """Shows why it has made no progress since then, and that an operator should know."""

    def resume(self) -> None:
        """Shows that it makes progress again."""


CURRENT_STEP: ContextVar[StalledStep | None] = ContextVar("current_step", default=None)
"""Each task of a workflow has its own, as it was when the task was created."""
