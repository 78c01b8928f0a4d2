"""Portability checks: ask Telegent, through a worker, which numbers can be ported in."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client._calls import query, start_or_join
from telegent_orchestrator.client._failing_calls import FailingCall, find_failing_calls
from telegent_orchestrator.client._polling import (
    DEFAULT_POLL_INTERVAL,
    OnUnavailable,
    poll_changes,
)
from telegent_orchestrator.client._startable import PORTABILITY
from telegent_orchestrator.client.executions import describe
from telegent_orchestrator.portability import (
    MAX_PORTABILITY_NUMBERS,
    NumberToCheck,
    Portability,
    PortabilityRequest,
    PortabilityResult,
)


class PortabilityProgress(WireModel):
    """What is known so far, and which calls fail and are repeated."""

    numbers: list[Portability]
    failing_calls: list[FailingCall] = []


class PortabilityClient:
    """Checks numbers over a Temporal client, which is set up as for `Orchestrator`."""

    def __init__(self, temporal: Client, *, id_key: str = "") -> None:
        self._temporal = temporal
        self._id_key = id_key

    async def check(
        self,
        numbers: Sequence[NumberToCheck],
        interval: timedelta = DEFAULT_POLL_INTERVAL,
        *,
        on_unavailable: OnUnavailable | None = None,
    ) -> AsyncIterator[PortabilityProgress]:
        """Yield the progress each time it has changed, until all numbers were checked.

        The numbers are checked 100 at a time, so that a long list does not compete with itself. A
        check of the same hundred that is under way is joined; one that has ended is repeated.

        Args:
            numbers: The numbers.
            interval: The time between two polls.
            on_unavailable: Called once each time that Temporal or its worker does not respond.
        """
        known: list[Portability] = []
        for at in range(0, len(numbers), MAX_PORTABILITY_NUMBERS):
            workflow_id = await self._start(numbers[at : at + MAX_PORTABILITY_NUMBERS])
            found: list[Portability] = []
            async for progress in self._watch(workflow_id, interval, on_unavailable):
                found = progress.numbers
                yield progress.model_copy(update={"numbers": [*known, *found]})
            known += found

    async def _start(self, numbers: Sequence[NumberToCheck]) -> str:
        request = PortabilityRequest(numbers=list(numbers))
        await start_or_join(
            self._temporal,
            PORTABILITY,
            request,
            self._id_key,
            reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        )
        return PORTABILITY.workflow_id(request, self._id_key)

    def _watch(
        self, workflow_id: str, interval: timedelta, on_unavailable: OnUnavailable | None
    ) -> AsyncIterator[PortabilityProgress]:
        async def read() -> tuple[PortabilityProgress, bool]:
            ended = (await describe(self._temporal, workflow_id)).ended_at is not None
            status, failing = await asyncio.gather(
                query(self._temporal, workflow_id, PortabilityResult),
                find_failing_calls(self._temporal, workflow_id),
            )
            return PortabilityProgress(numbers=status.numbers, failing_calls=failing), ended

        return poll_changes(read, interval, on_unavailable)
