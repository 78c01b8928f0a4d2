"""All workflows that a worker runs.

Not in the package itself: the sandbox loads a workflow's modules anew for every open workflow, and
the delivery of an event must not load a whole onboarding.
"""

from workflows.bulk import BulkWorkflow
from workflows.bulk_part import BulkPartWorkflow
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
    BulkWorkflow,
    BulkPartWorkflow,
]
