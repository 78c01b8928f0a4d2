"""Line changes: start, watch, resolve, wait for the result."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from telegent_orchestrator import names
from telegent_orchestrator.client._calls import query, start_again_or_join, update
from telegent_orchestrator.client._failing_calls import FailingCall, find_failing_calls
from telegent_orchestrator.client._polling import (
    DEFAULT_POLL_INTERVAL,
    OnUnavailable,
    poll_changes,
)
from telegent_orchestrator.client._startable import LINE_CHANGE, RENEWAL_CHANGE
from telegent_orchestrator.client.executions import Execution, describe
from telegent_orchestrator.line_changes import (
    LineChangeRequest,
    LineChangeResult,
    LineChangeStatus,
    line_change_id,
)
from telegent_orchestrator.lines import LineStatus
from telegent_orchestrator.progress import Resolution
from telegent_orchestrator.renewal_changes import (
    RenewalChangeRequest,
    renewal_change_id,
)


class LineChangeFailedError(Exception):
    """A line change failed.

    Attributes:
        result: What it has done, and in `detail` why it failed.
    """

    def __init__(self, result: LineChangeResult) -> None:
        super().__init__(result.detail)
        self.result = result


class LineChangeClient:
    """Starts and finds line changes over a Temporal client, set up as for `Orchestrator`."""

    def __init__(self, temporal: Client, *, id_key: str = "") -> None:
        self._temporal = temporal
        self._id_key = id_key

    async def start(self, request: LineChangeRequest) -> "LineChangeHandle":
        """Start a line change, or join the open one of the same number and the same request.

        After a line change that has ended this starts a new one.

        Raises:
            RequestConflictError: The open line change of this number has another request.
        """
        handle = self.get(request.phone_number)
        handle.joined = await start_again_or_join(
            self._temporal, LINE_CHANGE, request, self._id_key
        )
        return handle

    async def start_at_renewal(self, request: RenewalChangeRequest) -> "LineChangeHandle":
        """Start a change of the plan that waits for the renewal, or join one with the same request.

        Until the renewal other changes of the line can be started.

        Raises:
            RequestConflictError: The waiting change of this number has another request.
        """
        handle = self.get_at_renewal(request.phone_number)
        handle.joined = await start_again_or_join(
            self._temporal, RENEWAL_CHANGE, request, self._id_key
        )
        return handle

    def get_at_renewal(self, phone_number: str) -> "LineChangeHandle":
        """The latest change of this number (E.164) that waits or waited for the renewal."""
        return self.get_by_id(renewal_change_id(phone_number, self._id_key))

    def get(self, phone_number: str) -> "LineChangeHandle":
        """The latest line change of this number (E.164)."""
        return self.get_by_id(line_change_id(phone_number, self._id_key))

    def get_by_id(self, workflow_id: str) -> "LineChangeHandle":
        """The latest line change with this workflow id, for callers that do not know its number."""
        return LineChangeHandle(self._temporal, workflow_id)

    async def number_of(self, reference: str, line_key: str) -> str | None:
        """The phone number of a line, from its onboarding; None if it has none yet.

        Raises:
            RPCError: There is no such line.
        """
        line = await query(self._temporal, names.line_id(reference, line_key), LineStatus)
        return line.result.phone_number


class LineChangeHandle:
    """One line change.

    Attributes:
        id: The workflow id.
        joined: Whether the start found an open line change with the same request.
    """

    def __init__(self, temporal: Client, workflow_id: str) -> None:
        self._temporal = temporal
        self.id = workflow_id
        self.joined = False

    async def execution(self) -> Execution:
        """Whether it is running or how it ended. Needs no worker."""
        return await describe(self._temporal, self.id)

    async def status(self) -> LineChangeStatus:
        """The steps of the line change, and what it has done."""
        return await query(self._temporal, self.id, LineChangeStatus)

    async def failing_calls(self) -> list[FailingCall]:
        """The calls that fail and are repeated, and why. Needs no worker."""
        return await find_failing_calls(self._temporal, self.id)

    def watch(
        self,
        interval: timedelta = DEFAULT_POLL_INTERVAL,
        *,
        on_unavailable: OnUnavailable | None = None,
    ) -> AsyncIterator[LineChangeStatus]:
        """Yield the status each time it has changed, until the line change has ended.

        Args:
            interval: The time between two polls.
            on_unavailable: Called once each time that Temporal or its worker does not respond. The
                watch continues when they respond again.
        """

        async def read() -> tuple[LineChangeStatus, bool]:
            ended = (await self.execution()).ended_at is not None
            return await self.status(), ended

        return poll_changes(read, interval, on_unavailable)

    async def resolve(self, resolution: Resolution) -> None:
        """Resolve the escalation of a step.

        Raises:
            MessageRejectedError: The step has no open escalation.
        """
        await update(self._handle(), names.RESOLVE_UPDATE, resolution, None)

    async def cancel(self, *, reason: str = "") -> None:
        """Cancel the line change; this has an effect until the change is sent.

        Args:
            reason: Who cancels and why. Temporal stores it unencrypted: no personal data.
        """
        await self._handle().cancel(reason=reason)

    async def result(self) -> LineChangeResult:
        """Wait until the line change has ended.

        Raises:
            LineChangeFailedError: It failed.
            WorkflowFailureError: It was rejected, cancelled or terminated.
        """
        try:
            return await self._handle().result()
        except WorkflowFailureError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError) and cause.type == names.LINE_CHANGE_FAILURE:
                raise LineChangeFailedError(
                    LineChangeResult.model_validate(cause.details[0])
                ) from error
            raise

    def _handle(self) -> WorkflowHandle[Any, LineChangeResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=LineChangeResult)
