"""What happens, in which order, for how long."""

from workflows.line import LineWorkflow
from workflows.onboarding import OnboardingWorkflow
from workflows.port_in import PortInWorkflow
from workflows.port_out import PortOutWorkflow

WORKFLOWS = [OnboardingWorkflow, LineWorkflow, PortInWorkflow, PortOutWorkflow]

__all__ = ["WORKFLOWS", "LineWorkflow", "OnboardingWorkflow", "PortInWorkflow", "PortOutWorkflow"]
