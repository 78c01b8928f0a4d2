"""The timer for the next deadline of a port-in."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from temporalio import workflow

from workflows.port_in.deadlines import Deadline


class DeadlineTimer:
    """At most one timer, kept while its deadline stays the same, because each start is billed."""

    def __init__(self) -> None:
        self._deadline: Deadline | None = None
        self._timer: asyncio.Task[None] | None = None

    @property
    def fired(self) -> bool:
        """Whether the deadline has passed."""
        return self._timer is not None and self._timer.done()

    def set(self, deadline: Deadline | None) -> None:
        """Sets the deadline to wait for; None: none."""
        if deadline == self._deadline:
            return
        self.cancel()
        if deadline:
            self._deadline = deadline
            self._timer = asyncio.create_task(_sleep(deadline))

    def cancel(self) -> None:
        """Stops the timer."""
        if self._timer:
            self._timer.cancel()
        self._deadline = self._timer = None


def _sleep(deadline: Deadline) -> Coroutine[Any, Any, None]:
    remaining = max(deadline.at - workflow.now(), timedelta())
    return workflow.sleep(remaining, summary=deadline.name)
