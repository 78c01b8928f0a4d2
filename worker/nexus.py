"""The handlers of the Nexus service: the typed client's operations, for callers in other
namespaces."""

from collections.abc import Sequence
from typing import TypeVar

from nexusrpc import HandlerError, HandlerErrorType, OperationError, OperationErrorState
from nexusrpc.handler import StartOperationContext, service_handler, sync_operation
from pydantic import BaseModel
from temporalio import nexus
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.nexus import (
    TemporalNexusClient,
    TemporalOperationResult,
    TemporalStartOperationContext,
)
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator import names
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client._calls import (
    RequestConflictError,
    check_same_request,
    fingerprints_memo,
)
from telegent_orchestrator.client._startable import (
    LINE_CHANGE,
    ONBOARDING,
    PLAN,
    PORT_IN,
    PORT_OUT,
    RENEWAL_CHANGE,
    RequestT,
    Startable,
)
from telegent_orchestrator.client.executions import ExecutionStatus, describe
from telegent_orchestrator.line_changes import (
    LineChangeRequest,
    LineChangeResult,
)
from telegent_orchestrator.nexus import (
    CancelPortIn,
    CancelPortOut,
    ConfirmPortOut,
    CorrectPortIn,
    RevealPortOutPin,
    TelegentOrchestrator,
)
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.plan import OnboardingPlan
from telegent_orchestrator.port_in import (
    PortInRequest,
    PortInResult,
    PortState,
)
from telegent_orchestrator.port_out import (
    CONFIRM_DEPARTURE_UPDATE,
    REVEAL_PIN_UPDATE,
    PortOutPin,
    PortOutRequest,
    PortOutResult,
    PortOutState,
    port_out_id,
)
from telegent_orchestrator.renewal_changes import (
    RenewalChangeRequest,
)

Result = TypeVar(
    "Result", OnboardingResult, PortInResult, PortOutResult, LineChangeResult, OnboardingPlan
)
Response = TypeVar("Response", PortState, PortOutState, PortOutPin)
OPEN = (ExecutionStatus.RUNNING, ExecutionStatus.PAUSED)
JOINED_STATUSES = (*OPEN, ExecutionStatus.COMPLETED)
"""A workflow that failed is not joined: another one starts."""


@service_handler(service=TelegentOrchestrator)
class NexusOperations:
    """Handles the operations with the worker's Temporal client."""

    def __init__(self, id_key: str) -> None:
        self._id_key = id_key

    @nexus.temporal_operation
    async def onboard(
        self,
        ctx: TemporalStartOperationContext,
        temporal: TemporalNexusClient,
        request: OnboardingRequest,
    ) -> TemporalOperationResult[OnboardingResult]:
        """Start an onboarding, or join the one with the same reference."""
        return await _start_or_join(temporal, ONBOARDING, request, OnboardingResult, self._id_key)

    @nexus.temporal_operation
    async def port_in(
        self,
        ctx: TemporalStartOperationContext,
        temporal: TemporalNexusClient,
        request: PortInRequest,
    ) -> TemporalOperationResult[PortInResult]:
        """Start a port-in, or join the one of the same number, unless that ended without it."""
        workflow_id = PORT_IN.workflow_id(request, self._id_key)
        again = await _ended_without_number(temporal.client, workflow_id)
        if again:
            # Its order may have completed at the vendor since, and nothing polled it.
            request = request.model_copy(update={"check_existing": True})
        return await _start_or_join(
            temporal, PORT_IN, request, PortInResult, self._id_key, again=again
        )

    @sync_operation
    async def correct(self, ctx: StartOperationContext, request: CorrectPortIn) -> PortState:
        """Send a correction to the open port-in of a number."""
        port_in = names.port_in_id(request.phone_number, self._id_key)
        return await _send_update(
            ctx, port_in, names.CORRECT_MESSAGE, request.correction, PortState
        )

    @sync_operation
    async def cancel(self, ctx: StartOperationContext, request: CancelPortIn) -> PortState:
        """Request the cancellation of the open port-in of a number."""
        port_in = names.port_in_id(request.phone_number, self._id_key)
        return await _send_update(ctx, port_in, names.CANCEL_MESSAGE, request.cancel, PortState)

    @nexus.temporal_operation
    async def port_out(
        self,
        ctx: TemporalStartOperationContext,
        temporal: TemporalNexusClient,
        request: PortOutRequest,
    ) -> TemporalOperationResult[PortOutResult]:
        """Start a port-out, or join the open one of the same number."""
        return await self._start_or_join_open(temporal, PORT_OUT, request, PortOutResult)

    @sync_operation
    async def reveal_pin(self, ctx: StartOperationContext, request: RevealPortOutPin) -> PortOutPin:
        """Show the PIN of the open port-out of a number. Its timeline records who asked for it."""
        port_out = port_out_id(request.phone_number, self._id_key)
        return await _send_update(ctx, port_out, REVEAL_PIN_UPDATE, request.reveal, PortOutPin)

    @sync_operation
    async def confirm_departure(
        self, ctx: StartOperationContext, request: ConfirmPortOut
    ) -> PortOutState:
        """Confirm that the number of an open port-out has left."""
        port_out, update = port_out_id(request.phone_number, self._id_key), CONFIRM_DEPARTURE_UPDATE
        return await _send_update(ctx, port_out, update, request.confirmation, PortOutState)

    @sync_operation
    async def cancel_port_out(
        self, ctx: StartOperationContext, request: CancelPortOut
    ) -> PortOutState:
        """Request the cancellation of the open port-out of a number."""
        port_out = port_out_id(request.phone_number, self._id_key)
        return await _send_update(ctx, port_out, names.CANCEL_MESSAGE, request.cancel, PortOutState)

    @nexus.temporal_operation
    async def change_line(
        self,
        ctx: TemporalStartOperationContext,
        temporal: TemporalNexusClient,
        request: LineChangeRequest,
    ) -> TemporalOperationResult[LineChangeResult]:
        """Start a line change, or join the open one of the same number."""
        return await self._start_or_join_open(temporal, LINE_CHANGE, request, LineChangeResult)

    @nexus.temporal_operation
    async def change_at_renewal(
        self,
        ctx: TemporalStartOperationContext,
        temporal: TemporalNexusClient,
        request: RenewalChangeRequest,
    ) -> TemporalOperationResult[LineChangeResult]:
        """Start a change of a plan at the renewal, or join the waiting one of the same number."""
        return await self._start_or_join_open(temporal, RENEWAL_CHANGE, request, LineChangeResult)

    @nexus.temporal_operation
    async def plan(
        self,
        ctx: TemporalStartOperationContext,
        temporal: TemporalNexusClient,
        request: OnboardingRequest,
    ) -> TemporalOperationResult[OnboardingPlan]:
        """Say what `onboard` would do, or join the plan of the same request that is being made."""
        return await self._start_or_join_open(temporal, PLAN, request, OnboardingPlan)

    async def _start_or_join_open(
        self,
        temporal: TemporalNexusClient,
        startable: Startable[RequestT],
        request: RequestT,
        result: type[Result],
    ) -> TemporalOperationResult[Result]:
        """Starts a workflow, or joins an open one with the same request."""
        workflow_id = startable.workflow_id(request, self._id_key)
        await _reject_other_request(temporal.client, workflow_id, request, self._id_key, OPEN)
        return await _start_or_join(temporal, startable, request, result, self._id_key, again=True)


async def _send_update(
    ctx: StartOperationContext,
    workflow_id: str,
    update: str,
    message: BaseModel,
    response: type[Response],
) -> Response:
    """Returns the response of a port-in or port-out to an update."""
    handle = nexus.client().get_workflow_handle(workflow_id)
    try:
        # Temporal retries a request whose response was lost, under the same id.
        said: Response = await handle.execute_update(
            update, message, id=ctx.request_id, result_type=response
        )
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        reason = cause.message if isinstance(cause, ApplicationError) else str(cause)
        raise OperationError(reason, state=OperationErrorState.FAILED) from None
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        what = workflow_id.rpartition("-")[0]
        raise HandlerError(
            f"no {what} of this number is open", type=HandlerErrorType.NOT_FOUND
        ) from None
    return said


async def _start_or_join(
    temporal: TemporalNexusClient,
    startable: Startable[RequestT],
    request: RequestT,
    result: type[Result],
    id_key: str,
    *,
    again: bool = False,
) -> TemporalOperationResult[Result]:
    """Starts a workflow, or joins one that is open or, unless `again`, has completed."""
    workflow_id = startable.workflow_id(request, id_key)
    reuse_policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE
    if not again:
        reuse_policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
        await _reject_other_request(temporal.client, workflow_id, request, id_key)
    try:
        return await temporal.start_workflow(
            startable.workflow_type,
            request,
            id=workflow_id,
            result_type=result,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=reuse_policy,
            static_summary=escape_markdown(startable.summary(request)),
            static_details=startable.details,
            memo=fingerprints_memo(request, id_key),
        )
    except WorkflowAlreadyStartedError:
        # It has completed, so its result is available.
        completed = temporal.client.get_workflow_handle(workflow_id, result_type=result)
        return TemporalOperationResult.sync(await completed.result())


async def _ended_without_number(temporal: Client, workflow_id: str) -> bool:
    """Whether the last port-in with this id has ended, and its number has not arrived."""
    port_in = temporal.get_workflow_handle(workflow_id, result_type=PortInResult)
    try:
        if (await describe(temporal, workflow_id)).status is not ExecutionStatus.COMPLETED:
            return False
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return (await port_in.result()).state is not PortState.COMPLETED


async def _reject_other_request(
    temporal: Client,
    workflow_id: str,
    request: WireModel,
    id_key: str,
    joined: Sequence[ExecutionStatus] = JOINED_STATUSES,
) -> None:
    """Raises HandlerError if the workflow that would be joined has another request."""
    try:
        if (await describe(temporal, workflow_id)).status in joined:
            await check_same_request(temporal, workflow_id, request, id_key)
    except RequestConflictError as error:
        raise HandlerError(str(error), type=HandlerErrorType.CONFLICT) from None
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
