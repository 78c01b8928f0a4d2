"""The workflows that callers start: their ids, and what the Temporal UI shows of them.

The worker's schedules start those that have no request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from telegent_orchestrator import _ui_text, names
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import (
    BULK_BATCH_WORKFLOW,
    BULK_WORKFLOW,
    BulkBatchRequest,
    BulkRequest,
    bulk_batch_id,
    bulk_id,
)
from telegent_orchestrator.line_change_sets import (
    LINE_CHANGE_SET_WORKFLOW,
    LineChangeSetRequest,
    line_change_set_id,
)
from telegent_orchestrator.line_changes import (
    LINE_CHANGE_WORKFLOW,
    LineChangeRequest,
    line_change_id,
)
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.plan import PLAN_WORKFLOW, plan_id
from telegent_orchestrator.port_in import PortInRequest
from telegent_orchestrator.port_out import PORT_OUT_WORKFLOW, PortOutRequest, port_out_id
from telegent_orchestrator.portability import (
    PORTABILITY_WORKFLOW,
    PortabilityRequest,
    portability_id,
)
from telegent_orchestrator.reconcile import RECONCILE_ID, RECONCILE_WORKFLOW
from telegent_orchestrator.renewal_changes import (
    RENEWAL_CHANGE_WORKFLOW,
    RenewalChangeRequest,
    renewal_change_id,
)
from telegent_orchestrator.usage import USAGE_ID, USAGE_WORKFLOW

RequestT = TypeVar("RequestT", bound=WireModel)


@dataclass(frozen=True)
class Startable(Generic[RequestT]):
    """A workflow that callers start with a request.

    Attributes:
        workflow_type: Its registered name.
        workflow_id: From the request and the key of ids.
        summary: The title in the Temporal UI.
        details: The description in the Temporal UI.
        compared: Whether its memo keeps what `check_same_request` compares with a later request.
    """

    workflow_type: str
    workflow_id: Callable[[RequestT, str], str]
    summary: Callable[[RequestT], str]
    details: str
    compared: bool = True


@dataclass(frozen=True)
class ReportWorkflow:
    """A workflow without a request, which reads Telegent and returns a report.

    Attributes:
        workflow_type: Its registered name.
        workflow_id: Of a run that an operator starts; a schedule adds the time.
        summary: The title in the Temporal UI.
        details: The description in the Temporal UI.
    """

    workflow_type: str
    workflow_id: str
    summary: str
    details: str


RECONCILIATION = ReportWorkflow(
    RECONCILE_WORKFLOW, RECONCILE_ID, "Reconciliation", _ui_text.RECONCILE_DETAILS
)
DATA_USAGE = ReportWorkflow(USAGE_WORKFLOW, USAGE_ID, "Data usage", _ui_text.USAGE_DETAILS)
ONBOARDING = Startable[OnboardingRequest](
    names.ONBOARDING_WORKFLOW,
    lambda request, _: names.onboarding_id(request.reference),
    lambda request: f"Onboarding {request.reference}",
    _ui_text.ONBOARDING_DETAILS,
)
PLAN = Startable[OnboardingRequest](
    PLAN_WORKFLOW,
    lambda request, _: plan_id(request.reference),
    lambda request: f"Plan of onboarding {request.reference}",
    _ui_text.PLAN_DETAILS,
)
PORT_IN = Startable[PortInRequest](
    names.PORT_IN_WORKFLOW,
    lambda request, id_key: names.port_in_id(request.details.phone_number, id_key),
    lambda request: f"Port-in from {request.details.losing_carrier or 'a carrier not named yet'}",
    _ui_text.PORT_IN_DETAILS,
)
PORT_OUT = Startable[PortOutRequest](
    PORT_OUT_WORKFLOW,
    lambda request, id_key: port_out_id(request.phone_number, id_key),
    lambda _: "Port-out",
    _ui_text.PORT_OUT_DETAILS,
)
LINE_CHANGE = Startable[LineChangeRequest](
    LINE_CHANGE_WORKFLOW,
    lambda request, id_key: line_change_id(request.phone_number, id_key),
    lambda request: f"Line change: {request.change.kind}",
    _ui_text.LINE_CHANGE_DETAILS,
)
RENEWAL_CHANGE = Startable[RenewalChangeRequest](
    RENEWAL_CHANGE_WORKFLOW,
    lambda request, id_key: renewal_change_id(request.phone_number, id_key),
    lambda request: f"At the renewal: {request.change.kind}",
    _ui_text.RENEWAL_CHANGE_DETAILS,
)
LINE_CHANGE_SET = Startable[LineChangeSetRequest](
    LINE_CHANGE_SET_WORKFLOW,
    lambda request, _: line_change_set_id(request.reference),
    lambda request: f"Line changes {request.reference}",
    _ui_text.LINE_CHANGE_SET_DETAILS,
)
BULK = Startable[BulkRequest](
    BULK_WORKFLOW,
    lambda request, _: bulk_id(request.reference),
    lambda request: f"Bulk {request.reference}",
    _ui_text.BULK_DETAILS,
    compared=False,
)
BULK_BATCH = Startable[BulkBatchRequest](
    BULK_BATCH_WORKFLOW,
    lambda request, _: bulk_batch_id(request.bulk, request.batch),
    lambda request: f"Rows {request.rows[0].number} to {request.rows[-1].number}",
    _ui_text.BULK_BATCH_DETAILS,
    compared=False,
)
PORTABILITY = Startable[PortabilityRequest](
    PORTABILITY_WORKFLOW,
    lambda request, id_key: portability_id(request.numbers, id_key),
    lambda request: f"Portability of {len(request.numbers)} numbers",
    _ui_text.PORTABILITY_DETAILS,
    compared=False,
)
