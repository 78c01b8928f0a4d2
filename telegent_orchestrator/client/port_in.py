"""One port-in: watch it, correct it, cancel it, decide as an operator, wait for its result."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle

from telegent_orchestrator import names
from telegent_orchestrator.client._calls import fetch_description, query, update
from telegent_orchestrator.client._failing_calls import FailingCall, find_failing_calls
from telegent_orchestrator.client._polling import (
    DEFAULT_POLL_INTERVAL,
    OnUnavailable,
    poll_changes,
)
from telegent_orchestrator.client.executions import Execution, describe
from telegent_orchestrator.port_in import (
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInNote,
    PortInResult,
    PortInStatus,
    PortState,
)


class PortInHandle:
    """One port-in.

    Attributes:
        id: The workflow id.
        joined: Whether the start found an existing port-in.
    """

    def __init__(self, temporal: Client, workflow_id: str, *, joined: bool = False) -> None:
        self._temporal = temporal
        self.id = workflow_id
        self.joined = joined

    async def execution(self) -> Execution:
        """Whether it is running or how it ended. Needs no worker."""
        return await describe(self._temporal, self.id)

    async def status(self) -> PortInStatus:
        """The state, and after a rejection the fields to correct."""
        return await query(self._temporal, self.id, PortInStatus)

    async def failing_calls(self) -> list[FailingCall]:
        """The calls that fail and are repeated, and why. Needs no worker."""
        return await find_failing_calls(self._temporal, self.id)

    def watch(
        self,
        interval: timedelta = DEFAULT_POLL_INTERVAL,
        *,
        on_unavailable: OnUnavailable | None = None,
    ) -> AsyncIterator[PortInStatus]:
        """Yield the status each time it has changed, until the port-in has ended.

        Args:
            interval: The time between two polls.
            on_unavailable: Called once each time that Temporal or its worker does not respond. The
                watch continues when they respond again.

        Raises:
            RPCError: Temporal rejects the query, for example because the port-in does not exist.
        """

        async def read() -> tuple[PortInStatus, bool]:
            ended = (await self.execution()).ended_at is not None
            return await self.status(), ended

        return poll_changes(read, interval, on_unavailable)

    async def ended_without_number(self) -> bool:
        """Whether the port-in has ended and the number has not arrived."""
        if (await self.execution()).ended_at is None:
            return False
        return (await self.result()).state is not PortState.COMPLETED

    async def correct(self, correction: PortInCorrection) -> PortState:
        """Send a correction.

        Returns:
            The state of the port-in when it accepted the correction.

        Raises:
            MessageRejectedError: The port-in cannot use a correction in its state.
        """
        return await update(self._handle(), names.CORRECT_MESSAGE, correction, PortState)

    async def signal_correction(self, correction: PortInCorrection) -> None:
        """Send a correction without waiting; if it is rejected, the timeline says why."""
        await self._handle().signal(names.CORRECT_MESSAGE, correction)

    async def cancel(self, cancel: PortInCancel) -> PortState:
        """Request a cancel. The port-in may still complete before the vendor confirms it.

        Returns:
            The state of the port-in when it accepted the cancel.

        Raises:
            MessageRejectedError: The port-in cannot be cancelled in its state.
        """
        return await update(self._handle(), names.CANCEL_MESSAGE, cancel, PortState)

    async def decide(self, decision: OperatorDecision) -> PortState:
        """Carry out an operator's decision.

        Returns:
            The state of the port-in when it accepted the decision.

        Raises:
            MessageRejectedError: The action is not possible in the state of the port-in.
        """
        return await update(self._handle(), names.DECIDE_UPDATE, decision, PortState)

    async def add_note(self, note: PortInNote) -> None:
        """Add a note to the timeline, for example a ticket id."""
        await update(self._handle(), names.NOTE_UPDATE, note, None)

    async def next_poll_at(self) -> datetime | None:
        """When the order is polled next (UTC); None if no poll is scheduled."""
        for activity in (await fetch_description(self._temporal, self.id)).pending_activities:
            scheduled = activity.next_attempt_schedule_time
            if activity.activity_type.name == "await_port_change" and scheduled.seconds > 0:
                return scheduled.ToDatetime(UTC)
        return None

    async def poll_now(self) -> None:
        """Poll the order now instead of at the next scheduled time."""
        await self._handle().signal(names.POLL_NOW_SIGNAL)

    async def result(self) -> PortInResult:
        """Wait until the port-in has ended: COMPLETED, CANCELLED, INELIGIBLE or ABANDONED."""
        return await self._handle().result()

    def _handle(self) -> WorkflowHandle[Any, PortInResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=PortInResult)
