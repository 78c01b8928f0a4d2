"""The Nexus service: what other namespaces can call, without knowing our ids or queues.

See docs/how-to/nexus.md for the endpoint. In a workflow there:

    orchestrator = workflow.create_nexus_client(service=TelegentOrchestrator, endpoint="telegent")
    result = await orchestrator.execute_operation(TelegentOrchestrator.onboard, request)
"""

import nexusrpc

from telegent_orchestrator._models import E164, StrictModel
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.port_in import (
    PortInCancel,
    PortInCorrection,
    PortInRequest,
    PortInResult,
    PortState,
)


class CorrectPortIn(StrictModel):
    """A correction, and of which number's port-in."""

    phone_number: E164
    correction: PortInCorrection


class CancelPortIn(StrictModel):
    """A wish to cancel, and of which number's port-in."""

    phone_number: E164
    cancel: PortInCancel


@nexusrpc.service
class TelegentOrchestrator:
    """Operations.

    `onboard` and `port_in` last as long as their workflow, and join one that is there already, open
    or completed. Cancelling the operation cancels the workflow. `correct` and `cancel` answer the
    state that they met at once, or fail with the reason.
    """

    onboard: nexusrpc.Operation[OnboardingRequest, OnboardingResult]
    port_in: nexusrpc.Operation[PortInRequest, PortInResult]
    correct: nexusrpc.Operation[CorrectPortIn, PortState]
    cancel: nexusrpc.Operation[CancelPortIn, PortState]
