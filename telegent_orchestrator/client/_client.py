"""The typed client: start, watch, correct, cancel and resolve from another service."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator import _ui_text, names
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client._polling import OnUnavailable, poll_changes
from telegent_orchestrator.client.executions import Execution, describe
from telegent_orchestrator.lines import LineResult, LineStatus
from telegent_orchestrator.onboarding import (
    OnboardingRequest,
    OnboardingResult,
    OnboardingStatus,
)
from telegent_orchestrator.port_in import (
    AttachOrder,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInRequest,
    PortInResult,
    PortInStatus,
    PortState,
)
from telegent_orchestrator.progress import LineSummary, Resolution, StepState

ResultT = TypeVar("ResultT")
DEFAULT_POLL_INTERVAL = timedelta(seconds=1)
"""Between two looks of who watches."""


class OnboardingIncompleteError(Exception):
    """Not everything could be done: `result` holds what exists, and what went wrong."""

    def __init__(self, result: OnboardingResult) -> None:
        super().__init__("; ".join(result.errors))
        self.result = result


class MessageRejectedError(Exception):
    """A correction, cancel, order id or answer was refused; the message says why."""


class OnboardingProgress(WireModel):
    """An onboarding at one moment: its steps, and those of lines and port-ins by line key.

    A line that has not begun is not in `lines`; of one that ended so long ago that Temporal has
    forgotten it, only the result is there.
    """

    onboarding: OnboardingStatus
    lines: dict[str, LineStatus] = {}
    ports: dict[str, PortInStatus] = {}


class Orchestrator:
    """Starts and finds onboardings and port-ins over a Temporal client.

    The Temporal client needs `temporalio.contrib.pydantic.pydantic_data_converter`, and the
    worker's payload codec when the worker has keys. `id_key` must be the worker's
    `TELEGENT_ID_KEY`: both compute the workflow ids of port-ins with it.
    """

    def __init__(self, temporal: Client, *, id_key: str = "") -> None:
        self._temporal = temporal
        self._id_key = id_key

    async def start_onboarding(self, request: OnboardingRequest) -> "OnboardingHandle":
        """Start an onboarding, or join the one with the same reference, open or completed.

        After one that failed or was cancelled this starts a new run, which looks for what the
        earlier run created before it creates anything.
        """
        joined = await _start_or_join(
            self._temporal,
            names.ONBOARDING_WORKFLOW,
            names.onboarding_id(request.reference),
            request,
            summary=f"Onboarding {request.reference}",
            static_details=_ui_text.ONBOARDING_DETAILS,
        )
        return OnboardingHandle(self._temporal, request.reference, joined=joined)

    async def start_port_in(self, request: PortInRequest) -> "PortInHandle":
        """Start a port-in, or join the one of the same number that is open, or has brought it.

        After one that came to nothing, such as a cancelled one, a new one is started.
        """
        workflow_id = self.port_in(request.details.phone_number).id

        async def start_or_join(
            port_in_request: PortInRequest, reuse: WorkflowIDReusePolicy
        ) -> bool:
            carrier = port_in_request.details.losing_carrier or "a carrier not named yet"
            return await _start_or_join(
                self._temporal,
                names.PORT_IN_WORKFLOW,
                workflow_id,
                port_in_request,
                summary=f"Port-in from {carrier}",
                static_details=_ui_text.PORT_IN_DETAILS,
                reuse_policy=reuse,
            )

        handle = PortInHandle(
            self._temporal,
            workflow_id,
            joined=await start_or_join(request, WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY),
        )
        if handle.joined and await handle.ended_without_number():
            # What the vendor has done since then nobody has followed.
            new_request = request.model_copy(update={"check_existing": True})
            handle.joined = await start_or_join(new_request, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
        return handle

    def onboarding(self, reference: str) -> "OnboardingHandle":
        """The onboarding with this reference."""
        return OnboardingHandle(self._temporal, reference)

    def port_in(self, phone_number: str) -> "PortInHandle":
        """The port-in of this number (E.164)."""
        return self.port_in_by_id(names.port_in_id(phone_number, self._id_key))

    def port_in_by_id(self, workflow_id: str) -> "PortInHandle":
        """The port-in with this workflow id, for who does not know its number."""
        return PortInHandle(self._temporal, workflow_id)


class OnboardingHandle:
    """One onboarding. `joined`: the start met one that was there, whose request is the one used."""

    def __init__(self, temporal: Client, reference: str, *, joined: bool = False) -> None:
        self._temporal = temporal
        self.id = names.onboarding_id(reference)
        self.joined = joined

    async def execution(self) -> Execution:
        """Whether it is running or how it ended, without asking a worker."""
        return await describe(self._temporal, self.id)

    async def status(self) -> OnboardingStatus:
        """How far the onboarding is."""
        return await _query(self._temporal, self.id, OnboardingStatus)

    async def progress(self) -> OnboardingProgress:
        """How far the onboarding and each of its lines and port-ins are."""
        progress = OnboardingProgress(onboarding=await self.status())
        for summary in progress.onboarding.lines:
            if summary.state is StepState.WAITING:
                # A workflow with its id belongs to an earlier run of the onboarding.
                continue
            line = await _query_if_exists(self._temporal, summary.workflow_id, LineStatus)
            if line is None and not summary.state.finished:
                # Not started yet: the steps before it are still running.
                continue
            line = line or _line_status_from_result(summary, progress.onboarding.result)
            progress.lines[summary.key] = line
            if port_in := line.result.port_in_workflow_id:
                port = await _query_if_exists(self._temporal, port_in, PortInStatus)
                if port:
                    progress.ports[summary.key] = port
        return progress

    def watch(
        self,
        interval: timedelta = DEFAULT_POLL_INTERVAL,
        *,
        on_unavailable: OnUnavailable | None = None,
    ) -> AsyncIterator[OnboardingProgress]:
        """Yields the progress whenever it has changed, and ends when the onboarding has ended.

        A restart of worker or server is waited for: `on_unavailable` hears of it. Raises RPCError
        for what does not pass, such as an onboarding that is not there.
        """

        async def read() -> tuple[OnboardingProgress, bool]:
            ended = (await self.execution()).ended_at is not None
            return await self.progress(), ended

        return poll_changes(read, interval, on_unavailable)

    async def result(self) -> OnboardingResult:
        """Waits for the end.

        Raises:
            OnboardingIncompleteError: not everything could be done.
            WorkflowFailureError: it was refused as a whole, cancelled or terminated.
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
        """Answers a step that waits for a person, of the onboarding or of the line with this key.

        Raises MessageRejectedError when that step waits for no answer.
        """
        workflow_id = names.line_id(self.id.removeprefix("onboarding-"), line) if line else self.id
        handle = self._temporal.get_workflow_handle(workflow_id)
        await _update(handle, names.RESOLVE_UPDATE, resolution, None)

    async def cancel(self, *, reason: str = "") -> None:
        """Cancels the onboarding and its lines; port-ins go on, cancel them by themselves.

        `reason`: who and why. It stays in Temporal's history, unencrypted: no personal data.
        """
        await self._handle().cancel(reason=reason)

    def _handle(self) -> WorkflowHandle[Any, OnboardingResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=OnboardingResult)


class PortInHandle:
    """One port-in. `joined`: the start met one that was there, whose details are the ones used."""

    def __init__(self, temporal: Client, workflow_id: str, *, joined: bool = False) -> None:
        self._temporal = temporal
        self.id = workflow_id
        self.joined = joined

    async def execution(self) -> Execution:
        """Whether it is running or how it ended, without asking a worker."""
        return await describe(self._temporal, self.id)

    async def status(self) -> PortInStatus:
        """How far the port-in is, and what to correct when it was rejected."""
        return await _query(self._temporal, self.id, PortInStatus)

    def watch(
        self,
        interval: timedelta = DEFAULT_POLL_INTERVAL,
        *,
        on_unavailable: OnUnavailable | None = None,
    ) -> AsyncIterator[PortInStatus]:
        """Yields the status whenever it has changed, and ends when the port-in has ended.

        Waits for what is away as `OnboardingHandle.watch` does.
        """

        async def read() -> tuple[PortInStatus, bool]:
            ended = (await self.execution()).ended_at is not None
            return await self.status(), ended

        return poll_changes(read, interval, on_unavailable)

    async def ended_without_number(self) -> bool:
        """Whether it has ended without the number, so that another one may be started."""
        if (await self.execution()).ended_at is None:
            return False
        return (await self.result()).state is not PortState.COMPLETED

    async def correct(self, correction: PortInCorrection) -> PortState:
        """Sends a correction; returns the state that it met. Raises MessageRejectedError."""
        return await _update(self._handle(), names.CORRECT_UPDATE, correction, PortState)

    async def signal_correction(self, correction: PortInCorrection) -> None:
        """Sends a correction without waiting; if it cannot be used, the timeline says why."""
        await self._handle().signal(names.CORRECT_SIGNAL, correction)

    async def cancel(self, cancel: PortInCancel) -> PortState:
        """Asks to cancel; returns the state that it met. Completion may still win.

        Raises MessageRejectedError.
        """
        return await _update(self._handle(), names.CANCEL_UPDATE, cancel, PortState)

    async def attach_order(self, order: AttachOrder) -> None:
        """Names the vendor's order of a submit without an answer. Raises MessageRejectedError."""
        await _update(self._handle(), names.ATTACH_ORDER_UPDATE, order, None)

    async def resolve(self, decision: OperatorDecision) -> PortState:
        """Carries out an operator's decision; returns the state it met.

        Raises MessageRejectedError.
        """
        return await _update(self._handle(), names.OPERATOR_RESOLVE_UPDATE, decision, PortState)

    async def next_poll_at(self) -> datetime | None:
        """When the order is looked at next (UTC); None when no look is waited for just now."""
        pending = (await self._handle().describe()).raw_description.pending_activities
        for waiting in pending:
            backing_off = waiting.next_attempt_schedule_time.seconds > 0
            if waiting.activity_type.name == "await_port_change" and backing_off:
                return waiting.next_attempt_schedule_time.ToDatetime(UTC)
        return None

    async def poll_now(self) -> None:
        """Hints that the order may have changed."""
        await self._handle().signal(names.ORDER_EVENT_SIGNAL)

    async def result(self) -> PortInResult:
        """Waits for the end: COMPLETED, CANCELLED, INELIGIBLE or ABANDONED."""
        return await self._handle().result()

    def _handle(self) -> WorkflowHandle[Any, PortInResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=PortInResult)


async def _start_or_join(
    temporal: Client,
    name: str,
    workflow_id: str,
    request: WireModel,
    *,
    summary: str,
    static_details: str,
    reuse_policy: WorkflowIDReusePolicy = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
) -> bool:
    """Whether it was there already: open, or ended in a way after which `reuse` starts no other."""
    try:
        await temporal.start_workflow(
            name,
            request,
            id=workflow_id,
            task_queue=names.TASK_QUEUE,
            # Not "use existing": that would not tell a start from one that was there.
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=reuse_policy,
            static_summary=summary,
            static_details=static_details,
        )
    except WorkflowAlreadyStartedError:
        return True
    return False


async def _query(temporal: Client, workflow_id: str, result_type: type[ResultT]) -> ResultT:
    handle = temporal.get_workflow_handle(workflow_id)
    status: ResultT = await handle.query(names.STATUS_QUERY, result_type=result_type)
    return status


async def _query_if_exists(
    temporal: Client, workflow_id: str, result_type: type[ResultT]
) -> ResultT | None:
    try:
        return await _query(temporal, workflow_id, result_type)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None


def _line_status_from_result(summary: LineSummary, result: OnboardingResult | None) -> LineStatus:
    """What its onboarding knows of a line that has ended, and that Temporal keeps no more."""
    ended = {line.key: line for line in result.lines} if result else {}
    known = LineResult(key=summary.key, state=summary.state, detail=summary.detail)
    return LineStatus(key=summary.key, result=ended.get(summary.key, known))


async def _update(
    handle: WorkflowHandle[Any, Any],
    name: str,
    message: WireModel,
    result_type: type[ResultT] | None,
) -> ResultT:
    try:
        result: ResultT = await handle.execute_update(name, message, result_type=result_type)
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        reason = cause.message if isinstance(cause, ApplicationError) else str(cause)
        raise MessageRejectedError(reason) from error
    return result
