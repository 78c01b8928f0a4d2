"""What others see of a port-in, derived from its state: status, result, search attributes."""

from datetime import datetime

from telegent_orchestrator.names import (
    ACCOUNT_ATTRIBUTE,
    NEEDS_OPERATOR_ATTRIBUTE,
    ORDER_ATTRIBUTE,
    PORT_STATE_ATTRIBUTE,
    PORT_STATE_ENTERED_AT_ATTRIBUTE,
    STEP_ATTRIBUTE,
    format_needs_operator_since,
)
from telegent_orchestrator.port_in import (
    NEEDS_OPERATOR_STATES,
    PortInResult,
    PortInStatus,
    PortState,
)
from telegent_orchestrator.progress import ExecutionSummary
from workflows.port_in.state import PortIn
from workflows.port_in.transitions import STATE_DESCRIPTIONS


def to_status(port: PortIn) -> PortInStatus:
    """Everything that may be shown while it runs."""
    rejection, order = port.rejection, port.redacted_order
    deadline = port.next_deadline
    return PortInStatus(
        phone_number=port.details.phone_number,
        state=port.state,
        order_id=order.order_id if order else None,
        vendor_message=order.status_text if order else "",
        reason=rejection.reason if rejection else "",
        remedy=rejection.remedy if rejection else "",
        fields_to_correct=port.fields_to_correct,
        needs_decision=port.needs_decision,
        attention=port.attention,
        warnings=list(port.warnings),
        next_deadline=deadline.at if deadline else None,
        next_deadline_name=deadline.name if deadline else "",
        rejections=port.rejections,
        unknown_statuses=port.unknown_statuses,
        activation_code=port.activation_code,
        steps=list(port.steps),
        timeline=list(port.timeline),
    )


def to_summary(port: PortIn) -> ExecutionSummary:
    """What lists show of it."""
    number = port.details.phone_number
    if port.state not in NEEDS_OPERATOR_STATES or not port.timeline:
        return ExecutionSummary(phone_number=number)
    rejection = port.rejection
    return ExecutionSummary(
        phone_number=number,
        reason=f"{rejection.reason}: {rejection.remedy}" if rejection else _why_waiting(port),
        fields_to_correct=[] if port.needs_decision else port.fields_to_correct,
    )


def _why_waiting(port: PortIn) -> str:
    if port.state is PortState.INFO_REQUIRED:
        return f"waiting for {', '.join(port.missing_fields)}"
    return STATE_DESCRIPTIONS[port.state]


def to_result(port: PortIn) -> PortInResult:
    """How it ended."""
    return PortInResult(
        phone_number=port.details.phone_number,
        state=port.state,
        order_id=port.last_order_id,
        number_id=port.number_id,
        iccid=port.iccid,
        activation_code=port.activation_code,
        subscriber_id=port.subscriber_id,
        reason=port.reason,
        warnings=list(port.warnings),
        timeline=list(port.timeline),
    )


def to_search_attributes(port: PortIn) -> dict[str, str | datetime | None]:
    """The value of each search attribute by its name; None takes it away."""
    return {
        ACCOUNT_ATTRIBUTE: port.bind.account_id if port.bind else None,
        ORDER_ATTRIBUTE: port.last_order_id,
        PORT_STATE_ATTRIBUTE: port.state.value,
        PORT_STATE_ENTERED_AT_ATTRIBUTE: port.entered_at,
        STEP_ATTRIBUTE: port.current_step,
        NEEDS_OPERATOR_ATTRIBUTE: (
            format_needs_operator_since(port.entered_at) if port.waiting_step else None
        ),
    }
