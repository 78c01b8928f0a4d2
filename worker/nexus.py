"""The handlers of the Nexus service: the typed client's operations, for callers in other
namespaces."""

from collections.abc import Sequence
from typing import TypeVar

from nexusrpc import HandlerError, HandlerErrorType, OperationError, OperationErrorState
from nexusrpc.handler import StartOperationContext, service_handler, sync_operation
from temporalio import nexus
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.nexus import (
    TemporalNexusClient,
    TemporalOperationResult,
    TemporalStartOperationContext,
)
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator import _ui_text, names
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator.client._calls import (
    RequestConflictError,
    check_same_request,
    fingerprints_memo,
)
from telegent_orchestrator.line_changes import (
    LINE_CHANGE_WORKFLOW,
    LineChangeRequest,
    LineChangeResult,
    line_change_id,
)
from telegent_orchestrator.nexus import CancelPortIn, CorrectPortIn, TelegentOrchestrator
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.plan import PLAN_WORKFLOW, OnboardingPlan, plan_id
from telegent_orchestrator.port_in import (
    PortInCancel,
    PortInCorrection,
    PortInRequest,
    PortInResult,
    PortState,
)

Request = OnboardingRequest | PortInRequest | LineChangeRequest
Result = TypeVar("Result", OnboardingResult, PortInResult, LineChangeResult, OnboardingPlan)
JOINED_STATUSES = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED)
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
        return await _start_or_join(
            temporal,
            names.ONBOARDING_WORKFLOW,
            names.onboarding_id(request.reference),
            request,
            OnboardingResult,
            summary=f"Onboarding {request.reference}",
            details=_ui_text.ONBOARDING_DETAILS,
            id_key=self._id_key,
        )

    @nexus.temporal_operation
    async def port_in(
        self,
        ctx: TemporalStartOperationContext,
        temporal: TemporalNexusClient,
        request: PortInRequest,
    ) -> TemporalOperationResult[PortInResult]:
        """Start a port-in, or join the one of the same number, unless that ended without it."""
        details = request.details
        workflow_id = names.port_in_id(details.phone_number, self._id_key)
        again = await _ended_without_number(temporal.client, workflow_id)
        if again:
            # Its order may have completed at the vendor since, and nothing polled it.
            request = request.model_copy(update={"check_existing": True})
        return await _start_or_join(
            temporal,
            names.PORT_IN_WORKFLOW,
            workflow_id,
            request,
            PortInResult,
            again=again,
            summary=f"Port-in from {details.losing_carrier or 'a carrier not named yet'}",
            details=_ui_text.PORT_IN_DETAILS,
            id_key=self._id_key,
        )

    @sync_operation
    async def correct(self, ctx: StartOperationContext, request: CorrectPortIn) -> PortState:
        """Send a correction to the open port-in of a number."""
        return await self._send_update(
            ctx, request.phone_number, names.CORRECT_MESSAGE, request.correction
        )

    @sync_operation
    async def cancel(self, ctx: StartOperationContext, request: CancelPortIn) -> PortState:
        """Request the cancellation of the open port-in of a number."""
        return await self._send_update(
            ctx, request.phone_number, names.CANCEL_MESSAGE, request.cancel
        )

    @nexus.temporal_operation
    async def change_line(
        self,
        ctx: TemporalStartOperationContext,
        temporal: TemporalNexusClient,
        request: LineChangeRequest,
    ) -> TemporalOperationResult[LineChangeResult]:
        """Start a line change, or join the open one of the same number."""
        workflow_id = line_change_id(request.phone_number, self._id_key)
        running = (WorkflowExecutionStatus.RUNNING,)
        await _reject_other_request(temporal.client, workflow_id, request, self._id_key, running)
        return await _start_or_join(
            temporal,
            LINE_CHANGE_WORKFLOW,
            workflow_id,
            request,
            LineChangeResult,
            summary=f"Line change: {request.change.kind}",
            details=_ui_text.LINE_CHANGE_DETAILS,
            id_key=self._id_key,
            again=True,
        )

    @nexus.temporal_operation
    async def plan(
        self,
        ctx: TemporalStartOperationContext,
        temporal: TemporalNexusClient,
        request: OnboardingRequest,
    ) -> TemporalOperationResult[OnboardingPlan]:
        """Say what `onboard` would do, or join the plan of the same request that is being made."""
        workflow_id = plan_id(request.reference)
        running = (WorkflowExecutionStatus.RUNNING,)
        await _reject_other_request(temporal.client, workflow_id, request, self._id_key, running)
        return await _start_or_join(
            temporal,
            PLAN_WORKFLOW,
            workflow_id,
            request,
            OnboardingPlan,
            summary=f"Plan of onboarding {request.reference}",
            details=_ui_text.PLAN_DETAILS,
            id_key=self._id_key,
            again=True,
        )

    async def _send_update(
        self,
        ctx: StartOperationContext,
        phone_number: str,
        update: str,
        message: PortInCorrection | PortInCancel,
    ) -> PortState:
        port_in = nexus.client().get_workflow_handle(names.port_in_id(phone_number, self._id_key))
        try:
            # Temporal retries a request whose response was lost, under the same id.
            state: PortState = await port_in.execute_update(
                update, message, id=ctx.request_id, result_type=PortState
            )
        except WorkflowUpdateFailedError as error:
            cause = error.cause
            reason = cause.message if isinstance(cause, ApplicationError) else str(cause)
            raise OperationError(reason, state=OperationErrorState.FAILED) from None
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            raise HandlerError(
                "no port-in of this number is open", type=HandlerErrorType.NOT_FOUND
            ) from None
        return state


async def _start_or_join(
    temporal: TemporalNexusClient,
    workflow: str,
    workflow_id: str,
    request: Request,
    result: type[Result],
    *,
    summary: str,
    details: str,
    id_key: str,
    again: bool = False,
) -> TemporalOperationResult[Result]:
    """Starts a workflow, or joins one that is open or, unless `again`, has completed."""
    reuse_policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE
    if not again:
        reuse_policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
        await _reject_other_request(temporal.client, workflow_id, request, id_key)
    try:
        return await temporal.start_workflow(
            workflow,
            request,
            id=workflow_id,
            result_type=result,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=reuse_policy,
            static_summary=escape_markdown(summary),
            static_details=details,
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
        if (await port_in.describe()).status is not WorkflowExecutionStatus.COMPLETED:
            return False
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return (await port_in.result()).state is not PortState.COMPLETED


async def _reject_other_request(
    temporal: Client,
    workflow_id: str,
    request: Request,
    id_key: str,
    joined: Sequence[WorkflowExecutionStatus] = JOINED_STATUSES,
) -> None:
    """Raises HandlerError if the workflow that would be joined has another request."""
    try:
        existing = await temporal.get_workflow_handle(workflow_id).describe()
        if existing.status in joined:
            await check_same_request(temporal, workflow_id, request, id_key)
    except RequestConflictError as error:
        raise HandlerError(str(error), type=HandlerErrorType.CONFLICT) from None
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
