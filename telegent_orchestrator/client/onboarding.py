"""One onboarding: watch it, resolve escalations, cancel it, wait for its result."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from telegent_orchestrator import names
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client._calls import query, query_if_exists, update
from telegent_orchestrator.client._failing_calls import FailingCall, find_failing_calls
from telegent_orchestrator.client._polling import (
    DEFAULT_POLL_INTERVAL,
    OnUnavailable,
    poll_changes,
)
from telegent_orchestrator.client.executions import Execution, describe
from telegent_orchestrator.line_changes import LineChangeStatus, line_change_id
from telegent_orchestrator.lines import LineResult, LineStatus
from telegent_orchestrator.onboarding import OnboardingResult, OnboardingStatus
from telegent_orchestrator.port_in import PortInStatus
from telegent_orchestrator.progress import AWAITS_EARLIER_RUN, LineSummary, Resolution, StepState

MAX_CONCURRENT_QUERIES = 10
READING_ORDER = (
    StepState.NEEDS_OPERATOR,
    StepState.FAILED,
    StepState.RUNNING,
    StepState.WAITING,
    StepState.DONE,
    StepState.SKIPPED,
)


class OnboardingIncompleteError(Exception):
    """The onboarding ended, and at least one step or line failed.

    Attributes:
        result: What exists, and in `errors` what failed.
    """

    def __init__(self, result: OnboardingResult) -> None:
        super().__init__("; ".join(result.errors))
        self.result = result


class OnboardingProgress(WireModel):
    """An onboarding at one moment.

    Attributes:
        onboarding: The steps of the onboarding.
        lines: The steps of each line that has started and was read, by line key. If Temporal has
            deleted the line's workflow, only its result is known.
        ports: The port-ins, by line key.
        changes: The latest change of each line that is in service, by line key; Temporal keeps it
            for the namespace's retention.
        failing_calls: Calls of the onboarding, of the lines that were read and of their port-ins
            that fail and are repeated, and why.
    """

    onboarding: OnboardingStatus
    lines: dict[str, LineStatus] = {}
    ports: dict[str, PortInStatus] = {}
    changes: dict[str, LineChangeStatus] = {}
    failing_calls: list[FailingCall] = []


class _LineProgress(WireModel):
    """What was read of a line: its steps, None before it has started, port-in and change."""

    status: LineStatus | None = None
    port: PortInStatus | None = None
    change: LineChangeStatus | None = None
    failing_calls: list[FailingCall] = []


class OnboardingHandle:
    """One onboarding.

    Attributes:
        id: The workflow id.
        reference: The onboarding's reference.
        joined: Whether the start found an existing onboarding with the same request.
    """

    def __init__(
        self, temporal: Client, reference: str, *, joined: bool = False, id_key: str = ""
    ) -> None:
        self._temporal = temporal
        self._id_key = id_key
        self.reference = reference
        self.id = names.onboarding_id(reference)
        self.joined = joined

    async def execution(self) -> Execution:
        """Whether it is running or how it ended. Needs no worker."""
        return await describe(self._temporal, self.id)

    async def status(self) -> OnboardingStatus:
        """The steps of the onboarding."""
        return await query(self._temporal, self.id, OnboardingStatus)

    async def progress(self, max_lines: int | None = None) -> OnboardingProgress:
        """The steps of the onboarding, of its lines and of their port-ins.

        Args:
            max_lines: Read the steps of this many lines, those that need an operator first; each
                costs a query or two. None: of all lines, which takes long if there are hundreds.
        """
        onboarding = await self.status()
        # A workflow with the id of a waiting line belongs to an earlier run of the onboarding. It
        # is shown if the line waits for its end: it may need an operator.
        started = [
            line
            for line in onboarding.lines
            if line.state is not StepState.WAITING or line.detail == AWAITS_EARLIER_RUN
        ]
        urgent = sorted(started, key=lambda line: READING_ORDER.index(line.state))[:max_lines]
        slots = asyncio.Semaphore(MAX_CONCURRENT_QUERIES)

        async def read(summary: LineSummary) -> _LineProgress:
            async with slots:
                return await self._read_line(summary, onboarding.result)

        found = dict(
            zip(
                [line.key for line in urgent],
                await asyncio.gather(*(read(line) for line in urgent)),
                strict=True,
            )
        )
        progress = OnboardingProgress(
            onboarding=onboarding, failing_calls=await find_failing_calls(self._temporal, self.id)
        )
        for key in (line.key for line in onboarding.lines if line.key in found):
            if line := found[key].status:
                progress.lines[key] = line
            if port := found[key].port:
                progress.ports[key] = port
            if change := found[key].change:
                progress.changes[key] = change
            progress.failing_calls += found[key].failing_calls
        return progress

    async def _read_line(
        self, summary: LineSummary, result: OnboardingResult | None
    ) -> "_LineProgress":
        line = await query_if_exists(self._temporal, summary.workflow_id, LineStatus)
        if line is None and not summary.state.finished:
            return _LineProgress()
        line = line or _line_status_from_result(summary, result)
        calls: list[FailingCall] = []
        if not summary.state.finished:
            calls += await find_failing_calls(self._temporal, summary.workflow_id, summary.key)
        port: PortInStatus | None = None
        if port_in := line.result.port_in_workflow_id:
            port = await query_if_exists(self._temporal, port_in, PortInStatus)
            if port and not port.state.final:
                calls += await find_failing_calls(self._temporal, port_in, summary.key)
        return _LineProgress(
            status=line, port=port, change=await self._latest_change(line), failing_calls=calls
        )

    async def _latest_change(self, line: LineStatus) -> LineChangeStatus | None:
        number = line.result.phone_number
        if number is None or line.result.state is not StepState.DONE:
            return None
        workflow_id = line_change_id(number, self._id_key)
        return await query_if_exists(self._temporal, workflow_id, LineChangeStatus)

    def watch(
        self,
        interval: timedelta = DEFAULT_POLL_INTERVAL,
        *,
        on_unavailable: OnUnavailable | None = None,
    ) -> AsyncIterator[OnboardingProgress]:
        """Yield the progress each time it has changed, until the onboarding has ended.

        Args:
            interval: The time between two polls.
            on_unavailable: Called once each time that Temporal or its worker does not respond. The
                watch continues when they respond again.

        Raises:
            RPCError: Temporal rejects the query, for example because the onboarding does not exist.
        """

        async def read() -> tuple[OnboardingProgress, bool]:
            ended = (await self.execution()).ended_at is not None
            return await self.progress(), ended

        return poll_changes(read, interval, on_unavailable)

    async def result(self) -> OnboardingResult:
        """Wait until the onboarding has ended.

        Returns:
            What exists; every line is in service.

        Raises:
            OnboardingIncompleteError: At least one step or line failed.
            WorkflowFailureError: The request was rejected, or the onboarding was cancelled or
                terminated.
        """
        try:
            return await self._handle().result()
        except WorkflowFailureError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError) and cause.type == "Incomplete":
                result = OnboardingResult.model_validate(cause.details[0])
                raise OnboardingIncompleteError(result) from error
            raise

    async def resolve(self, resolution: Resolution, *, line: str | None = None) -> None:
        """Resolve the escalation of a step.

        Args:
            resolution: The step and the operator's decision.
            line: The key of the line whose step it is; None for a step of the onboarding.

        Raises:
            MessageRejectedError: The step has no open escalation.
        """
        workflow_id = names.line_id(self.reference, line) if line else self.id
        handle = self._temporal.get_workflow_handle(workflow_id)
        await update(handle, names.RESOLVE_UPDATE, resolution, None)

    async def cancel(self, *, reason: str = "") -> None:
        """Cancel the onboarding and its lines, and roll back what can be rolled back.

        Port-ins continue; cancel each with `PortInHandle.cancel`.

        Args:
            reason: Who cancels and why. Temporal stores it unencrypted: no personal data.
        """
        await self._handle().cancel(reason=reason)

    def _handle(self) -> WorkflowHandle[Any, OnboardingResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=OnboardingResult)


def _line_status_from_result(summary: LineSummary, result: OnboardingResult | None) -> LineStatus:
    """What the onboarding knows about a line whose workflow Temporal has deleted."""
    ended = {line.key: line for line in result.lines} if result else {}
    known = LineResult(key=summary.key, state=summary.state, detail=summary.detail)
    return LineStatus(key=summary.key, result=ended.get(summary.key, known))
