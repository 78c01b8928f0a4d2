"""What other services may send and receive: workflows, messages, events."""

from dataclasses import dataclass, field

from pydantic import BaseModel

from telegent_orchestrator import bulk, names, port_out
from telegent_orchestrator.events import Event
from telegent_orchestrator.line_change_sets import (
    LINE_CHANGE_SET_WORKFLOW,
    LineChangeSetRequest,
    LineChangeSetResult,
)
from telegent_orchestrator.line_changes import (
    LINE_CHANGE_WORKFLOW,
    LineChangeRequest,
    LineChangeResult,
    LineChangeStatus,
)
from telegent_orchestrator.lines import LineResult, LineStatus
from telegent_orchestrator.nexus import (
    CancelPortIn,
    CancelPortOut,
    ConfirmPortOut,
    CorrectPortIn,
    RevealPortOutPin,
    TelegentOrchestrator,
)
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult, OnboardingStatus
from telegent_orchestrator.plan import PLAN_WORKFLOW, OnboardingPlan, PlanStatus, plan_id
from telegent_orchestrator.port_in import (
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInNote,
    PortInRequest,
    PortInResult,
    PortInStatus,
    PortState,
)
from telegent_orchestrator.progress import Resolution
from telegent_orchestrator.reconcile import RECONCILE_ID, RECONCILE_WORKFLOW, ReconcileReport
from telegent_orchestrator.renewal_changes import RENEWAL_CHANGE_WORKFLOW, RenewalChangeRequest
from telegent_orchestrator.usage import USAGE_ID, USAGE_WORKFLOW, UsageReport

Shape = type[BaseModel] | type[PortState] | type[port_out.PortOutState]


@dataclass(frozen=True)
class Operation:
    """An update or operation, which is accepted or rejected with a reason.

    Attributes:
        response: The model of the response, or None if it has none.
    """

    argument: Shape
    response: Shape | None = None


@dataclass(frozen=True)
class WorkflowContract:
    """One type of workflow.

    Attributes:
        start: The model of the request, or None if it takes none, or only our own workflows start
            it.
        signals: The model of each signal, or None if it has no payload.
    """

    workflow_id: str
    start: Shape | None
    result: Shape
    queries: dict[str, Shape]
    updates: dict[str, Operation]
    signals: dict[str, Shape | None] = field(default_factory=dict)


WORKFLOWS = {
    names.ONBOARDING_WORKFLOW: WorkflowContract(
        workflow_id=names.onboarding_id("{reference}"),
        start=OnboardingRequest,
        result=OnboardingResult,
        queries={names.STATUS_QUERY: OnboardingStatus},
        updates={names.RESOLVE_UPDATE: Operation(Resolution)},
    ),
    names.LINE_WORKFLOW: WorkflowContract(
        workflow_id=names.line_id("{reference}", "{key}"),
        start=None,
        result=LineResult,
        queries={names.STATUS_QUERY: LineStatus},
        updates={names.RESOLVE_UPDATE: Operation(Resolution)},
    ),
    PLAN_WORKFLOW: WorkflowContract(
        workflow_id=plan_id("{reference}"),
        start=OnboardingRequest,
        result=OnboardingPlan,
        queries={names.STATUS_QUERY: PlanStatus},
        updates={},
    ),
    names.PORT_IN_WORKFLOW: WorkflowContract(
        workflow_id="port-in-{first 24 hex digits of HMAC-SHA256(id key, phone number)}",
        start=PortInRequest,
        result=PortInResult,
        queries={names.STATUS_QUERY: PortInStatus},
        updates={
            names.CORRECT_MESSAGE: Operation(PortInCorrection, PortState),
            names.CANCEL_MESSAGE: Operation(PortInCancel, PortState),
            names.NOTE_UPDATE: Operation(PortInNote),
            names.DECIDE_UPDATE: Operation(OperatorDecision, PortState),
        },
        signals={
            names.CORRECT_MESSAGE: PortInCorrection,
            names.CANCEL_MESSAGE: PortInCancel,
            names.POLL_NOW_SIGNAL: None,
        },
    ),
    port_out.PORT_OUT_WORKFLOW: WorkflowContract(
        workflow_id="port-out-{first 24 hex digits of HMAC-SHA256(id key, phone number)}",
        start=port_out.PortOutRequest,
        result=port_out.PortOutResult,
        queries={names.STATUS_QUERY: port_out.PortOutStatus},
        updates={
            port_out.REVEAL_PIN_UPDATE: Operation(port_out.RevealPin, port_out.PortOutPin),
            port_out.CONFIRM_DEPARTURE_UPDATE: Operation(
                port_out.ConfirmDeparture, port_out.PortOutState
            ),
            names.CANCEL_MESSAGE: Operation(port_out.PortOutCancel, port_out.PortOutState),
        },
        signals={names.CANCEL_MESSAGE: port_out.PortOutCancel},
    ),
    LINE_CHANGE_WORKFLOW: WorkflowContract(
        workflow_id="line-change-{first 24 hex digits of HMAC-SHA256(id key, phone number)}",
        start=LineChangeRequest,
        result=LineChangeResult,
        queries={names.STATUS_QUERY: LineChangeStatus},
        updates={names.RESOLVE_UPDATE: Operation(Resolution)},
    ),
    RENEWAL_CHANGE_WORKFLOW: WorkflowContract(
        workflow_id="renewal-change-{first 24 hex digits of HMAC-SHA256(id key, phone number)}",
        start=RenewalChangeRequest,
        result=LineChangeResult,
        queries={names.STATUS_QUERY: LineChangeStatus},
        updates={},
    ),
    LINE_CHANGE_SET_WORKFLOW: WorkflowContract(
        workflow_id="line-changes-{reference}",
        start=LineChangeSetRequest,
        result=LineChangeSetResult,
        queries={names.STATUS_QUERY: LineChangeSetResult},
        updates={},
    ),
    RECONCILE_WORKFLOW: WorkflowContract(
        workflow_id=RECONCILE_ID,
        start=None,
        result=ReconcileReport,
        queries={names.STATUS_QUERY: ReconcileReport},
        updates={},
    ),
    USAGE_WORKFLOW: WorkflowContract(
        workflow_id=USAGE_ID,
        start=None,
        result=UsageReport,
        queries={names.STATUS_QUERY: UsageReport},
        updates={},
    ),
    bulk.BULK_WORKFLOW: WorkflowContract(
        workflow_id=bulk.bulk_id("{reference}"),
        start=bulk.BulkRequest,
        result=bulk.BulkResult,
        queries={names.STATUS_QUERY: bulk.BulkStatus},
        updates={
            bulk.PAUSE_UPDATE: Operation(bulk.BulkCommand),
            bulk.RESUME_UPDATE: Operation(bulk.BulkCommand),
            bulk.RETRY_UPDATE: Operation(bulk.BulkCommand, bulk.BulkRetryResult),
            names.CANCEL_MESSAGE: Operation(bulk.BulkCancel),
        },
    ),
    bulk.BULK_BATCH_WORKFLOW: WorkflowContract(
        workflow_id=bulk.bulk_id("{bulk}") + ":batch-{batch}",
        start=bulk.BulkBatchRequest,
        result=bulk.BulkBatchStatus,
        queries={names.STATUS_QUERY: bulk.BulkBatchStatus},
        updates={},
    ),
}
EVENT = Event
NEXUS_SERVICE = TelegentOrchestrator.__name__
NEXUS_OPERATIONS = {
    "onboard": Operation(OnboardingRequest, OnboardingResult),
    "port_in": Operation(PortInRequest, PortInResult),
    "correct": Operation(CorrectPortIn, PortState),
    "cancel": Operation(CancelPortIn, PortState),
    "change_line": Operation(LineChangeRequest, LineChangeResult),
    "change_at_renewal": Operation(RenewalChangeRequest, LineChangeResult),
    "port_out": Operation(port_out.PortOutRequest, port_out.PortOutResult),
    "reveal_pin": Operation(RevealPortOutPin, port_out.PortOutPin),
    "confirm_departure": Operation(ConfirmPortOut, port_out.PortOutState),
    "cancel_port_out": Operation(CancelPortOut, port_out.PortOutState),
    "plan": Operation(OnboardingRequest, OnboardingPlan),
}


def sent_models() -> set[Shape]:
    """What callers write."""
    shapes: set[Shape | None] = {operation.argument for operation in NEXUS_OPERATIONS.values()}
    for one in WORKFLOWS.values():
        shapes |= {one.start, *one.signals.values()}
        shapes |= {update.argument for update in one.updates.values()}
    return {shape for shape in shapes if shape is not None}


def received_models() -> set[Shape]:
    """What callers read."""
    shapes: set[Shape | None] = {operation.response for operation in NEXUS_OPERATIONS.values()}
    shapes.add(EVENT)
    for one in WORKFLOWS.values():
        shapes |= {one.result, *one.queries.values()}
        shapes |= {update.response for update in one.updates.values()}
    return {shape for shape in shapes if shape is not None}
