"""One plan: watch it, wait for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client._calls import query
from telegent_orchestrator.client._failing_calls import FailingCall, find_failing_calls
from telegent_orchestrator.client._polling import (
    DEFAULT_POLL_INTERVAL,
    OnUnavailable,
    poll_changes,
)
from telegent_orchestrator.client.executions import describe
from telegent_orchestrator.plan import OnboardingPlan, PlanStatus, plan_id


class PlanProgress(WireModel):
    """How far a plan is, and which calls fail and are repeated."""

    status: PlanStatus
    failing_calls: list[FailingCall] = []


class PlanHandle:
    """One plan.

    Attributes:
        id: The workflow id.
    """

    def __init__(self, temporal: Client, reference: str) -> None:
        self._temporal = temporal
        self.id = plan_id(reference)

    def watch(
        self,
        interval: timedelta = DEFAULT_POLL_INTERVAL,
        *,
        on_unavailable: OnUnavailable | None = None,
    ) -> AsyncIterator[PlanProgress]:
        """Yield the progress each time it has changed, until the plan is made.

        Args:
            interval: The time between two polls.
            on_unavailable: Called once each time that Temporal or its worker does not respond.
        """

        async def read() -> tuple[PlanProgress, bool]:
            ended = (await describe(self._temporal, self.id)).ended_at is not None
            status, failing = await asyncio.gather(
                query(self._temporal, self.id, PlanStatus),
                find_failing_calls(self._temporal, self.id),
            )
            return PlanProgress(status=status, failing_calls=failing), ended

        return poll_changes(read, interval, on_unavailable)

    async def abandon(self) -> None:
        """Stop to make the plan, unless it is made."""
        with contextlib.suppress(RPCError):
            await self._handle().terminate("another plan of the same reference is wanted")

    async def result(self) -> OnboardingPlan:
        """Wait for the plan."""
        return await self._handle().result()

    def _handle(self) -> WorkflowHandle[Any, OnboardingPlan]:
        return self._temporal.get_workflow_handle(self.id, result_type=OnboardingPlan)
