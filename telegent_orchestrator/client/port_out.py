"""Port-outs: start, watch, reveal the PIN, cancel."""

from typing import Any

from temporalio.client import Client, WorkflowHandle

from telegent_orchestrator import names
from telegent_orchestrator.client._calls import query, start_again_or_join, update
from telegent_orchestrator.client._failing_calls import FailingCall, find_failing_calls
from telegent_orchestrator.client._startable import PORT_OUT
from telegent_orchestrator.client.executions import Execution, describe
from telegent_orchestrator.port_out import (
    CONFIRM_DEPARTURE_UPDATE,
    REVEAL_PIN_UPDATE,
    ConfirmDeparture,
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

        After a port-out that has ended this starts a new one: a subscriber who cancelled may want
        to leave later, and a number that was ported out may return.

        Raises:
            RequestConflictError: The open port-out of this number has another request.
        """
        handle = self.get(request.phone_number)
        handle.joined = await start_again_or_join(self._temporal, PORT_OUT, request, self._id_key)
        return handle

    def get(self, phone_number: str) -> "PortOutHandle":
        """The latest port-out of this number (E.164)."""
        return self.get_by_id(port_out_id(phone_number, self._id_key))

    def get_by_id(self, workflow_id: str) -> "PortOutHandle":
        """The latest port-out with this workflow id, for callers that do not know its number."""
        return PortOutHandle(self._temporal, workflow_id)


class PortOutHandle:
    """One port-out.

    Attributes:
        id: The workflow id.
        joined: Whether the start found an open port-out with the same request.
    """

    def __init__(self, temporal: Client, workflow_id: str) -> None:
        self._temporal = temporal
        self.id = workflow_id
        self.joined = False

    async def execution(self) -> Execution:
        """Whether it is running or how it ended. Needs no worker."""
        return await describe(self._temporal, self.id)

    async def failing_calls(self) -> list[FailingCall]:
        """The calls that fail and are repeated, and why. Needs no worker."""
        return await find_failing_calls(self._temporal, self.id)

    async def status(self) -> PortOutStatus:
        """The state of the port-out, without its PIN."""
        return await query(self._temporal, self.id, PortOutStatus)

    async def reveal_pin(self, request: RevealPin) -> PortOutPin:
        """The PIN that the gaining carrier must quote. The timeline records who asked for it.

        Raises:
            MessageRejectedError: The PIN has not been issued, or the port-out is being cancelled.
        """
        return await update(self._handle(), REVEAL_PIN_UPDATE, request, PortOutPin)

    async def confirm_departure(self, confirmation: ConfirmDeparture) -> PortOutState:
        """Confirm that the number has left, when Telegent's status of it does not show that.

        Its subscription is then closed, which cannot be undone.

        Returns:
            The state of the port-out when it accepted the confirmation.

        Raises:
            MessageRejectedError: The PIN has not been issued, or the port-out is being cancelled.
        """
        return await update(self._handle(), CONFIRM_DEPARTURE_UPDATE, confirmation, PortOutState)

    async def cancel(self, cancel: PortOutCancel) -> PortOutState:
        """Request to keep the number. The number may still leave before the PIN is removed.

        Returns:
            The state of the port-out when it accepted the cancel.

        Raises:
            MessageRejectedError: The port-out cannot be cancelled in its state.
        """
        return await update(self._handle(), names.CANCEL_MESSAGE, cancel, PortOutState)

    async def result(self) -> PortOutResult:
        """Wait until the port-out has ended: COMPLETED or CANCELLED."""
        return await self._handle().result()

    def _handle(self) -> WorkflowHandle[Any, PortOutResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=PortOutResult)
