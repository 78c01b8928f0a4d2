"""A port-in with an order: polling it, interpreting its status, and binding the ported number."""

from dataclasses import replace
from datetime import datetime, timedelta

from activities.port_in.orders import AwaitChange, OrderSnapshot
from activities.port_in.policy import is_wireless
from telegent_orchestrator.port_in import OperatorAction, OperatorDecision, PortInCancel, PortState
from workflows.port_in import changes
from workflows.port_in.deadlines import Deadline, deadlines
from workflows.port_in.effects import (
    AwaitNumber,
    BindNumber,
    ClaimSim,
    CountRejection,
    CountUnknownStatus,
    Pause,
    PollOrder,
    Task,
    ValidateDetails,
)
from workflows.port_in.facts import (
    BindingFailed,
    NumberBound,
    NumberInInventory,
    OrderNotReadable,
    OrderSeen,
)
from workflows.port_in.rejections import (
    PIN_EXPIRED,
    PIN_INVALID,
    PIN_REQUIRED,
    Rejection,
    classify,
)
from workflows.port_in.state import PortIn
from workflows.port_in.transitions import (
    ORDER_SETTLED,
    STATE_DESCRIPTIONS,
    WAITING_FOR_CARRIER,
    StatusInterpretation,
    interpret_status,
)
from workflows.port_in.turn import ORCHESTRATOR_ACTOR, TELEGENT_ACTOR, Turn

NOT_FOUND_DELAY = timedelta(minutes=10)
"""How long to wait before asking again for an order that Telegent suddenly does not show."""


def follow(turn: Turn, order: OrderSnapshot, response_deadline: datetime | None, what: str) -> None:
    """Start to follow this order."""
    port = turn.port
    port.order, port.last_order_id = order, order.order_id
    port.sent_at, port.polled_at, port.unconfirmed_state = None, None, None
    port.attachment, port.submit_lost, port.rejection = None, False, None
    if port.inbox.cancel and port.inbox.cancel.by == ORCHESTRATOR_ACTOR:
        # It was for a port-in without an order, which waited too long.
        port.inbox = replace(port.inbox, cancel=None)
    changes.restart_carrier_clock(turn, response_deadline)
    turn.transition(PortState.SUBMITTED, what, order.status_text)


def next_task(turn: Turn) -> Task:
    """What a port-in with an order does next."""
    port = turn.port
    number, pending = port.details.phone_number, port.pending
    if port.state is PortState.PORTED:
        return AwaitNumber(number)
    if port.state is PortState.BINDING and port.bind:
        return BindNumber(number, port.bind, port.details.iccid, port.details.classification)
    if port.resend and port.state is not PortState.CANCEL_REQUESTED:
        return check_details(port)
    if port.retry_at and turn.now < port.retry_at:
        return Pause(port.retry_at, f"{port.retry_reason}, then try again")
    if pending and pending.unsent:
        return changes.send(port, pending)
    return _poll(port)


def check_details(port: PortIn) -> Task:
    """The next check of the details: our own first, then whether the SIM is free."""
    details = port.details
    if port.sim_unclaimed and details.iccid:
        return ClaimSim(details.iccid, details.phone_number)
    return ValidateDetails(details)


def _poll(port: PortIn) -> Task:
    assert port.order is not None
    once = bool(port.inbox.poll_requested or port.overdue or port.unconfirmed_state)
    return PollOrder(
        AwaitChange(
            last_snapshot=port.order,
            carrier_clock_started_at=port.carrier_clock_started_at,
            unchanged_counts_at=port.unchanged_counts_at,
            last_polled_at=port.polled_at,
            once=once,
            phone_number=port.details.phone_number,
            requested_date=port.details.port_in_date,
            wireless=is_wireless(port.details),
            needs_operator=port.state is PortState.ACTION_REQUIRED,
            urgent=port.state in (PortState.UPDATE_REQUESTED, PortState.CANCEL_REQUESTED),
        )
    )


def take_message(turn: Turn) -> bool:
    """Act on a waiting message.

    Returns:
        Whether there was one that could be acted on.
    """
    port = turn.port
    if cancel := port.inbox.cancel:
        port.inbox = replace(port.inbox, cancel=None)
        changes.request_cancel(turn, cancel)
    elif decision := turn.take_decision(*OperatorAction):
        _decide(turn, decision)
    elif turn.port.state is not PortState.CANCEL_REQUESTED and turn.apply_corrections():
        port.resend = True
    else:
        return False
    port.retry_at = None
    return True


def _decide(turn: Turn, decision: OperatorDecision) -> None:
    port, cancel = turn.port, PortInCancel(by=decision.by, reason=decision.reason)
    match decision.action:
        case OperatorAction.MARK_DONE:
            turn.transition(PortState.PORTED, decision.reason, by=decision.by)
        case OperatorAction.ABANDON:
            turn.end(PortState.ABANDONED, decision.by, decision.reason)
        case OperatorAction.RESTART:
            changes.request_cancel(turn, cancel, restart=True)
        case OperatorAction.RETRY_NOW if port.state is PortState.CANCEL_REQUESTED:
            changes.request_cancel(turn, cancel)
        case OperatorAction.RETRY_NOW if port.state is PortState.ACTION_REQUIRED:
            turn.apply_corrections()
            port.resend = True
        case _:
            port.inbox = replace(port.inbox, poll_requested=True)


def on_order_seen(turn: Turn, fact: OrderSeen) -> None:
    """Interpret the order; a deadline that was waiting for this read acts if it still applies."""
    port = turn.port
    overdue, port.overdue, port.polled_at = port.overdue, None, turn.now
    _apply_order(turn, fact)
    if overdue and overdue in deadlines(port.state, port.milestones, port.policy):
        cancel_overdue(turn, overdue)
    elif overdue:
        # It applies again, should the order return to its previous state.
        port.handled_deadlines -= {overdue}


def on_order_not_readable(turn: Turn, fact: OrderNotReadable) -> None:
    """A 404 for a known order is not an end: it is shown, and polling continues."""
    port = turn.port
    turn.log(TELEGENT_ACTOR, "did not show the order", fact.message)
    port.polled_at = turn.now
    port.retry_at = turn.now + NOT_FOUND_DELAY
    port.retry_reason = "Telegent does not show the order"
    port.inbox = replace(port.inbox, poll_requested=True)
    if port.overdue:
        overdue, port.overdue = port.overdue, None
        cancel_overdue(turn, overdue)


def cancel_overdue(turn: Turn, deadline: Deadline) -> None:
    """Request a cancel because of a deadline, unless an operator has requested one."""
    turn.log(ORCHESTRATOR_ACTOR, f"{deadline.name}: cancelling")
    inbox = turn.port.inbox
    cancel = inbox.cancel or PortInCancel(by=ORCHESTRATOR_ACTOR, reason=deadline.name)
    turn.port.inbox = replace(inbox, cancel=cancel)


def _apply_order(turn: Turn, fact: OrderSeen) -> None:
    port, seen, before = turn.port, fact.order, turn.port.order
    assert before is not None
    due = port.unchanged_counts_at
    if seen == before and not (due and turn.now >= due):
        port.unconfirmed_state = None
        return
    interpretation = interpret_status(port.state, seen.status)
    if interpretation.needs_confirmation and interpretation.state is not port.unconfirmed_state:
        port.unconfirmed_state = interpretation.state
        what = (
            "returned to an earlier status"
            if interpretation.state in WAITING_FOR_CARRIER
            else "shows a cancel that was not requested"
        )
        turn.log(TELEGENT_ACTOR, f"{what}; polling again to confirm", seen.status_text)
        return
    port.order, port.unconfirmed_state = seen, None
    if not interpretation.known:
        port.unknown_statuses += 1
        turn.effects.append(CountUnknownStatus())
        turn.log(TELEGENT_ACTOR, "returned an unknown status", seen.status_text)
    if changes.resolve_lost(turn, fact, before):
        port.sent_at = None
        _apply_status(turn, seen, interpretation)


def _apply_status(turn: Turn, seen: OrderSnapshot, interpretation: StatusInterpretation) -> None:
    """Move to the state that the order shows."""
    port, pending = turn.port, turn.port.pending
    if pending and (pending.cancel is None or interpretation.state in ORDER_SETTLED):
        port.pending = None
    if not interpretation.known:
        return
    if interpretation.state is PortState.ACTION_REQUIRED:
        _on_rejection(turn, seen)
    elif interpretation.state is PortState.CANCELLED and pending and pending.restart:
        _restart(turn, seen)
    elif interpretation.state is not port.state:
        port.rejection = None
        if interpretation.state is PortState.CANCELLED:
            port.reason = "Telegent shows the order as cancelled"
        turn.transition(
            interpretation.state, STATE_DESCRIPTIONS[interpretation.state], seen.status_text
        )


def _on_rejection(turn: Turn, seen: OrderSnapshot) -> None:
    port = turn.port
    rejection = classify_for(turn, seen.message)
    if port.state is PortState.ACTION_REQUIRED:
        # Nothing was sent since, so this is a different message for the same rejection.
        if rejection != port.rejection:
            port.rejection = rejection
            turn.log(TELEGENT_ACTOR, "gave another reason", seen.status_text)
        return
    port.rejection = rejection
    port.rejections += 1
    turn.effects.append(CountRejection(rejection.reason))
    turn.transition(
        PortState.ACTION_REQUIRED, "the losing carrier rejected the port-in", seen.status_text
    )
    if rejection.not_correctable:
        turn.raise_attention(
            f"no correction can fix {rejection.reason}: an operator decides (restart, or cancel)"
        )
    elif port.rejections_left <= 0:
        turn.raise_attention(f"rejected {port.rejections} times: an operator decides")


def classify_for(turn: Turn, message: str) -> Rejection:
    """The rejection that a message stands for, given the PIN that was sent."""
    port, rejection = turn.port, classify(message)
    if rejection != PIN_INVALID:
        return rejection
    if port.details.account_pin is None:
        return PIN_REQUIRED
    expired = port.pin_expires_at and port.pin_expires_at <= turn.now
    return PIN_EXPIRED if expired else PIN_INVALID


def _restart(turn: Turn, cancelled: OrderSnapshot) -> None:
    """Start again with a new order; the old one is certainly cancelled."""
    port = turn.port
    port.rejection, port.rejections, port.order = None, 0, None
    port.details_valid, port.resend, port.sent_at = False, False, None
    turn.transition(PortState.CHECKING_ELIGIBILITY, "cancelled; restarting", cancelled.status_text)


def on_number_in_inventory(turn: Turn, fact: NumberInInventory) -> None:
    """The number has arrived, and is bound if that was requested."""
    port = turn.port
    port.number_id, port.iccid = fact.number_id, fact.iccid or port.details.iccid
    port.activation_code = fact.activation_code
    if port.bind:
        turn.transition(PortState.BINDING, "binding the number to its subscriber")
    else:
        turn.transition(PortState.COMPLETED, "nothing to bind: the request names no subscriber")


def on_number_bound(turn: Turn, fact: NumberBound) -> None:
    """The number is bound; differences from the requested binding need an operator."""
    port = turn.port
    port.subscriber_id = port.bind.subscriber_id if port.bind else None
    if fact.differences:
        port.warnings = (*port.warnings, *fact.differences)
        turn.raise_attention(f"the number is bound differently: {'; '.join(fact.differences)}")
    turn.transition(PortState.COMPLETED, "the number is bound to its subscriber")


def on_binding_failed(turn: Turn, fact: BindingFailed) -> None:
    """The number has arrived, and Telegent rejected the request to bind it."""
    turn.raise_attention(f"the number is not bound: {fact.message}")
    turn.log(TELEGENT_ACTOR, "rejected the request to bind the number", fact.message)
    turn.fail(fact.message)
