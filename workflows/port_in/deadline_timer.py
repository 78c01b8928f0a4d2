"""Waiting for people and carriers, with every deadline as a named timer."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from activities.port_in.policy import PortRules
from telegent_orchestrator.port_in import PortInCancel
from workflows.port_in.deadlines import Clocks, Deadline, Then, act_by, next_deadline
from workflows.port_in.inbox import PortInbox
from workflows.port_in.state import OURS, PortRecord


class PortWaiting:
    """Waits until something happens or somebody writes; acts on deadlines that pass meanwhile."""

    def __init__(self, record: PortRecord, inbox: PortInbox) -> None:
        self._record = record
        self._inbox = inbox
        self.rules = PortRules()
        self.silent_at: datetime | None = None
        self.pin_expires: datetime | None = None
        record.act_by = self._act_by

    async def until(self, done: Callable[[], bool]) -> None:
        """Returns when `done`, or when a message waits in the inbox.

        A deadline reminds, calls for attention, or puts a cancel into the inbox.
        """
        while not (done() or self._inbox):
            deadline = self._next()
            if deadline != self._record.deadline:
                self._record.deadline = deadline
                self._record.board.show()
            try:
                await workflow.wait_condition(
                    lambda: done() or bool(self._inbox),
                    timeout=_seconds_to(deadline),
                    timeout_summary=deadline.name if deadline else None,
                )
            except TimeoutError:
                if deadline:
                    await self._act_on(deadline)

    async def for_people(self) -> None:
        """Returns when somebody has written; a hint is of no use where no order is followed."""
        while True:
            await self.until(lambda: False)
            self._inbox.look_now = False
            if self._inbox:
                return

    def _next(self) -> Deadline | None:
        passed = frozenset(self._record.passed)
        return next_deadline(self._record.state, self._clocks(), self.rules, passed)

    def _act_by(self) -> datetime | None:
        return act_by(self._record.state, self._clocks(), self.rules)

    def _clocks(self) -> Clocks:
        return Clocks(
            since=self._record.since,
            submitted_at=self._record.submitted_at,
            silent_at=self.silent_at,
            pin_expires=self.pin_expires,
        )

    async def _act_on(self, deadline: Deadline) -> None:
        self._record.passed.add(deadline)
        if deadline.then is Then.CANCEL:
            self._record.write(OURS, f"{deadline.name}: cancelling")
            self._inbox.cancel = PortInCancel(by=OURS, reason=deadline.name)
        elif deadline.then is Then.REMIND:
            await self._record.call_attention(f"{deadline.name}: still waiting for a person")
        else:
            await self._record.call_attention(deadline.name)


def _seconds_to(deadline: Deadline | None) -> timedelta | None:
    return max(deadline.at - workflow.now(), timedelta(0)) if deadline else None
