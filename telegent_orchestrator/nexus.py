"""The Nexus service: operations for other namespaces, without our workflow ids or task queues.

See docs/how-to/nexus.md for the endpoint. In a workflow of the caller:

    orchestrator = workflow.create_nexus_client(service=TelegentOrchestrator, endpoint="telegent")
    result = await orchestrator.execute_operation(TelegentOrchestrator.onboard, request)
"""

import nexusrpc

from telegent_orchestrator._models import E164, StrictModel
from telegent_orchestrator.line_changes import LineChangeRequest, LineChangeResult
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.plan import OnboardingPlan
from telegent_orchestrator.port_in import (
    PortInCancel,
    PortInCorrection,
    PortInRequest,
    PortInResult,
    PortState,
)
from telegent_orchestrator.port_out import (
    ConfirmDeparture,
    PortOutCancel,
    PortOutPin,
    PortOutRequest,
    PortOutResult,
    PortOutState,
    RevealPin,
)
from telegent_orchestrator.renewal_changes import RenewalChangeRequest


class CorrectPortIn(StrictModel):
    """A correction of the port-in of a number."""

    phone_number: E164
    correction: PortInCorrection


class CancelPortIn(StrictModel):
    """A cancel of the port-in of a number."""

    phone_number: E164
    cancel: PortInCancel


class RevealPortOutPin(StrictModel):
    """A request to see the PIN of the port-out of a number."""

    phone_number: E164
    reveal: RevealPin


class ConfirmPortOut(StrictModel):
    """An operator's word that the number of a port-out has left."""

    phone_number: E164
    confirmation: ConfirmDeparture


class CancelPortOut(StrictModel):
    """A cancel of the port-out of a number."""

    phone_number: E164
    cancel: PortOutCancel


@nexusrpc.service
class TelegentOrchestrator:
    """The operations.

    `onboard` and `port_in` last as long as their workflow, and join an existing one that is open or
    has completed. After a port-in that ended without the number, such as a cancelled one, `port_in`
    starts another. Cancelling the operation cancels the workflow. `correct` and `cancel` return the
    state of the port-in when it accepted the message, or fail with the reason. `change_line`
    lasts as long as the line change, and joins an open one of the same number and the same request;
    so do `change_at_renewal` and `port_out`. `reveal_pin`, `confirm_departure` and
    `cancel_port_out` go to the open port-out of a number, or fail with the reason.
    `plan` says what `onboard` would do, and sends only reads to Telegent.
    """

    onboard: nexusrpc.Operation[OnboardingRequest, OnboardingResult]
    port_in: nexusrpc.Operation[PortInRequest, PortInResult]
    correct: nexusrpc.Operation[CorrectPortIn, PortState]
    cancel: nexusrpc.Operation[CancelPortIn, PortState]
    change_line: nexusrpc.Operation[LineChangeRequest, LineChangeResult]
    change_at_renewal: nexusrpc.Operation[RenewalChangeRequest, LineChangeResult]
    port_out: nexusrpc.Operation[PortOutRequest, PortOutResult]
    reveal_pin: nexusrpc.Operation[RevealPortOutPin, PortOutPin]
    confirm_departure: nexusrpc.Operation[ConfirmPortOut, PortOutState]
    cancel_port_out: nexusrpc.Operation[CancelPortOut, PortOutState]
    plan: nexusrpc.Operation[OnboardingRequest, OnboardingPlan]
