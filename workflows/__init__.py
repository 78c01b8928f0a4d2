"""What happens, in which order, for how long."""

from workflows.line import LineWorkflow
from workflows.onboarding import OnboardingWorkflow
from workflows.port_in import PortInWorkflow

WORKFLOWS = [OnboardingWorkflow, LineWorkflow, PortInWorkflow]

__all__ = ["WORKFLOWS", "LineWorkflow", "OnboardingWorkflow", "PortInWorkflow"]
