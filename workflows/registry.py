"""All workflows that a worker runs.

Not in the package itself: the sandbox loads a workflow's modules again for every open workflow, and
the delivery of an event must not load a whole onboarding.
"""

from workflows.bulk.batch_workflow import BulkBatchWorkflow
from workflows.bulk.portability_workflow import PortabilityWorkflow
from workflows.bulk.workflow import BulkWorkflow
from workflows.events.delivery_workflow import EventDeliveryWorkflow
from workflows.line_changes.renewal_workflow import RenewalChangeWorkflow
from workflows.line_changes.set_workflow import LineChangeSetWorkflow
from workflows.line_changes.workflow import LineChangeWorkflow
from workflows.onboarding.catalogue_item import CatalogueItemWorkflow
from workflows.onboarding.line_workflow import LineWorkflow
from workflows.onboarding.plan_workflow import PlanWorkflow
from workflows.onboarding.workflow import OnboardingWorkflow
from workflows.port_in.workflow import PortInWorkflow
from workflows.port_out.workflow import PortOutWorkflow
from workflows.reconcile.workflow import ReconcileWorkflow
from workflows.request_allowance.workflow import AllowanceWorkflow
from workflows.sims.claim_workflow import SimClaimWorkflow
from workflows.usage.events_workflow import UsageEventsWorkflow
from workflows.usage.workflow import UsageWorkflow

WORKFLOWS = [
    OnboardingWorkflow,
    LineWorkflow,
    CatalogueItemWorkflow,
    SimClaimWorkflow,
    PlanWorkflow,
    PortInWorkflow,
    PortOutWorkflow,
    LineChangeWorkflow,
    LineChangeSetWorkflow,
    RenewalChangeWorkflow,
    ReconcileWorkflow,
    UsageWorkflow,
    UsageEventsWorkflow,
    EventDeliveryWorkflow,
    BulkWorkflow,
    BulkBatchWorkflow,
    PortabilityWorkflow,
    AllowanceWorkflow,
]
