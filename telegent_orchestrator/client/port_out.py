"""The typed client for port-outs: start, watch, show the PIN, cancel."""

from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from telegent_orchestrator import names
from telegent_orchestrator.client._client import _query, _update
from telegent_orchestrator.port_out import (
    PORT_OUT_WORKFLOW,
    REVEAL_PIN_UPDATE,
    PortOutCancel,
    PortOutPin,
    PortOutRequest,
    PortOutResult,
    PortOutState,
    PortOutStatus,
    RevealPin,
    port_out_id,
)


class PortOutClient:
    """Starts and finds port-outs over a Temporal client, which is set up as for `Orchestrator`."""

    def __init__(self, temporal: Client, *, id_key: str = "") -> None:
        self._temporal = temporal
        self._id_key = id_key

    async def start(self, request: PortOutRequest) -> "PortOutHandle":
        """Start a port-out, or join the open one of the same number.

        After one that has ended this starts another: who cancelled may want to leave later, and a
        number that has left may come back.
        """
        await self._temporal.start_workflow(
            PORT_OUT_WORKFLOW,
            request,
            id=port_out_id(request.phone_number, self._id_key),
            task_queue=names.TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary="Port-out",
        )
        return self.get(request.phone_number)

    def get(self, phone_number: str) -> "PortOutHandle":
        """The latest port-out of this number (E.164)."""
        return PortOutHandle(self._temporal, port_out_id(phone_number, self._id_key))


class PortOutHandle:
    """One port-out."""

    def __init__(self, temporal: Client, workflow_id: str) -> None:
        self._temporal = temporal
        self.id = workflow_id

    async def status(self) -> PortOutStatus:
        """How far the port-out is, without its PIN."""
        return await _query(self._temporal, self.id, PortOutStatus)

    async def reveal_pin(self, request: RevealPin) -> PortOutPin:
        """The PIN, once it is issued; the timeline keeps who asked. Raises MessageRejectedError."""
        return await _update(self._handle(), REVEAL_PIN_UPDATE, request, PortOutPin)

    async def cancel(self, cancel: PortOutCancel) -> PortOutState:
        """Asks to keep the number; returns the state that it met. Leaving may still win.

        Raises MessageRejectedError.
        """
        return await _update(self._handle(), names.CANCEL_UPDATE, cancel, PortOutState)

    async def result(self) -> PortOutResult:
        """Waits for the end: COMPLETED or CANCELLED."""
        return await self._handle().result()

    def _handle(self) -> WorkflowHandle[Any, PortOutResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=PortOutResult)
