"""Whether a port-in accepts a message. Signals and updates follow the same rules."""

from telegent_orchestrator.port_in import (
    AttachOrder,
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortState,
)
from workflows.port_in.state import PortIn
from workflows.port_in.transitions import MessageKind, state_rejection_reason

MAX_WAITING_CORRECTIONS = 20
Message = PortInCorrection | PortInCancel | OperatorDecision


def rejection_reason(port: PortIn, message: Message) -> str | None:
    """Why this message is rejected; None if it is accepted."""
    if port.failure:
        return f"the port-in has failed: {port.failure}"
    if isinstance(message, PortInCorrection):
        return _correction_rejection(port, message)
    if isinstance(message, PortInCancel):
        return _cancel_rejection(port)
    return _decision_rejection(port, message)


def as_decision(order: AttachOrder) -> OperatorDecision:
    """Convert the message of the update `attach_order` to an operator's decision."""
    return OperatorDecision(
        action=OperatorAction.ATTACH_ORDER,
        order_id=order.order_id,
        by=order.by,
        reason=order.reason,
    )


def rejections_left(port: PortIn) -> int:
    """How many more corrections may be sent before an operator must decide."""
    most = port.policy.max_rejections
    if port.rejection:
        most = min(most, port.rejection.max_rejections)
    return most - port.rejections


def _cancel_rejection(port: PortIn) -> str | None:
    if port.state is PortState.CANCEL_REQUESTED and port.pending and port.pending.restart:
        # The order is being cancelled to submit a new one, which a cancel still prevents.
        return None
    return state_rejection_reason(MessageKind.CANCEL, port.state)


def _correction_rejection(port: PortIn, correction: PortInCorrection) -> str | None:
    if reason := state_rejection_reason(MessageKind.CORRECTION, port.state):
        return reason
    if reason := _data_rejection(port, correction):
        return reason
    rejection = port.rejection
    if port.state is not PortState.ACTION_REQUIRED or rejection is None:
        return None
    if rejection.not_correctable:
        return f"no correction can fix {rejection.reason}: {rejection.remedy}"
    if rejections_left(port) <= 0:
        return (
            f"rejected {port.rejections} times: an operator must decide, with the update "
            "operator_resolve"
        )
    if rejection.requires_confirmation and not correction.lock_removed:
        return "confirm with lock_removed: true that the number lock is off"
    changes, had = correction.changes(port.details), port.details_at_vendor
    same = had and all(getattr(had, name) == value for name, value in changes.items())
    if same and not correction.lock_removed:
        return f"{', '.join(sorted(changes))}: unchanged since the rejection"
    return None


def _data_rejection(port: PortIn, correction: PortInCorrection) -> str | None:
    if len(port.inbox.corrections) >= MAX_WAITING_CORRECTIONS:
        return f"{MAX_WAITING_CORRECTIONS} corrections are already waiting to be sent"
    if missing := correction.missing_parts(port.details):
        return f"also give {', '.join(missing)}: there is no value yet"
    return None


def _decision_rejection(port: PortIn, decision: OperatorDecision) -> str | None:
    if waiting := port.inbox.decision:
        return f"{waiting.action.value} is being carried out"
    if decision.action is OperatorAction.ATTACH_ORDER:
        if port.order:
            return f"order {port.order.order_id} is followed already"
        if port.attachment:
            return f"order {port.attachment.order_id} is being verified"
    if decision.correction and (reason := _data_rejection(port, decision.correction)):
        return reason
    return state_rejection_reason(decision.action, port.state)
