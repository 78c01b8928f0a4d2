"""What happens, in which order, for how long."""

from workflows.event_delivery import EventDeliveryWorkflow
from workflows.line import LineWorkflow
from workflows.onboarding import OnboardingWorkflow
from workflows.port_in import PortInWorkflow
from workflows.port_out import PortOutWorkflow

WORKFLOWS = [
    OnboardingWorkflow,
    LineWorkflow,
    PortInWorkflow,
    PortOutWorkflow,
    EventDeliveryWorkflow,
]

__all__ = [
    "WORKFLOWS",
    "EventDeliveryWorkflow",
    "LineWorkflow",
    "OnboardingWorkflow",
    "PortInWorkflow",
    "PortOutWorkflow",
]
