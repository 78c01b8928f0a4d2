"""Waiting for people and carriers, with every deadline as a named timer."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import PortInCancel
from workflows.port_in.deadlines import (
    Deadline,
    DeadlineAction,
    Milestones,
    auto_cancel_at,
    next_deadline,
)
from workflows.port_in.inbox import PendingMessages
from workflows.port_in.state import ORCHESTRATOR_ACTOR, PortInModel


class DeadlineTimer:
    """Waits until something happens or somebody writes; acts on deadlines that pass meanwhile."""

    def __init__(self, record: PortInModel, inbox: PendingMessages) -> None:
        self._model = record
        self._pending = inbox
        self.policy = PortInPolicy()
        self.carrier_response_deadline: datetime | None = None
        self.pin_expires_at: datetime | None = None
        record.auto_cancel_at = self._auto_cancel_at

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Returns when `done`, or when a message waits in the inbox.

        A deadline reminds, calls for attention, or puts a cancel into the inbox.
        """
        while not (condition() or self._pending):
            deadline = self._next_deadline()
            if deadline != self._model.deadline:
                self._model.deadline = deadline
                self._model.progress.publish()
            try:
                await workflow.wait_condition(
                    lambda: condition() or bool(self._pending),
                    timeout=_seconds_to(deadline),
                    timeout_summary=deadline.name if deadline else None,
                )
            except TimeoutError:
                if deadline:
                    await self._handle_deadline(deadline)

    async def wait_for_operator(self) -> None:
        """Returns when somebody has written; a hint is of no use where no order is followed."""
        while True:
            await self.wait_until(lambda: False)
            self._pending.poll_requested = False
            if self._pending:
                return

    def _next_deadline(self) -> Deadline | None:
        passed = frozenset(self._model.handled_deadlines)
        return next_deadline(self._model.state, self._milestones(), self.policy, passed)

    def _auto_cancel_at(self) -> datetime | None:
        return auto_cancel_at(self._model.state, self._milestones(), self.policy)

    def _milestones(self) -> Milestones:
        return Milestones(
            state_entered_at=self._model.state_entered_at,
            submitted_at=self._model.submitted_at,
            carrier_response_deadline=self.carrier_response_deadline,
            pin_expires_at=self.pin_expires_at,
        )

    async def _handle_deadline(self, deadline: Deadline) -> None:
        self._model.handled_deadlines.add(deadline)
        if deadline.action is DeadlineAction.CANCEL:
            self._model.log(ORCHESTRATOR_ACTOR, f"{deadline.name}: cancelling")
            self._pending.cancel = PortInCancel(by=ORCHESTRATOR_ACTOR, reason=deadline.name)
        elif deadline.action is DeadlineAction.REMIND:
            await self._model.raise_attention(f"{deadline.name}: still waiting for a person")
        else:
            await self._model.raise_attention(deadline.name)


def _seconds_to(deadline: Deadline | None) -> timedelta | None:
    return max(deadline.at - workflow.now(), timedelta(0)) if deadline else None
