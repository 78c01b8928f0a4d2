"""A correction or a cancel of the order: each is sent once, and the order shows its outcome.

When Telegent rejects the change, the port-in returns to its previous state. A change whose response
is lost counts as executed when the order shows what only this change causes. Otherwise it is sent
again after the read lag, with a delay that doubles each time.
"""

from dataclasses import replace
from datetime import datetime

from activities.port_in.orders import OrderSnapshot, UpdatePort
from activities.support.write_specs import CANCEL_PORT, UPDATE_PORT
from telegent_orchestrator.port_in import PortInCancel, PortState
from workflows.port_in.effects import (
    CountLostResponse,
    CountLostResponseResolved,
    SendCancel,
    SendCorrection,
    Task,
)
from workflows.port_in.facts import ChangeAccepted, OrderSeen, RequestLost, RequestRejected
from workflows.port_in.state import PendingChange, PortIn
from workflows.port_in.transitions import (
    ORDER_SETTLED,
    STATE_DESCRIPTIONS,
    WAITING_FOR_CARRIER,
    interpret_status,
    parse_vendor_status,
)
from workflows.port_in.turn import ORCHESTRATOR_ACTOR, TELEGENT_ACTOR, Turn
from workflows.support.metrics import LostResponseResolution


def request_correction(turn: Turn) -> None:
    """Send the details, which have passed our own checks, as a correction."""
    port = turn.port
    port.resend = False
    pending = port.pending
    if pending and pending.cancel is None:
        port.pending = replace(pending, unsent=True)
    else:
        port.pending = PendingChange(
            None, port.state, port.entered_at, port.attention, superseded=pending
        )
    turn.transition(PortState.UPDATE_REQUESTED, "sending the correction")


def request_cancel(turn: Turn, cancel: PortInCancel, *, restart: bool = False) -> None:
    """Send a cancel. The port-in counts as cancelled only when the order shows it."""
    port = turn.port
    pending = port.pending
    if pending and pending.cancel:
        port.pending = replace(pending, cancel=cancel, unsent=True)
    else:
        port.pending = PendingChange(
            cancel,
            port.state,
            port.entered_at,
            port.attention,
            superseded=pending,
            restart=restart,
        )
    turn.transition(PortState.CANCEL_REQUESTED, f"cancelling for {cancel.by}")


def send(port: PortIn, pending: PendingChange) -> Task:
    """The request for a change that is not sent yet."""
    assert port.order is not None
    if pending.cancel:
        return SendCancel(port.order.order_id)
    return SendCorrection(
        UpdatePort(last_snapshot=port.order, details=port.details, order_read_at=port.polled_at)
    )


def on_accepted(turn: Turn, fact: ChangeAccepted) -> None:
    """Telegent has accepted it; a cancel stays pending until the order shows it."""
    port, pending = turn.port, _pending(turn)
    port.sent_at = turn.now
    if pending.cancel:
        port.pending = replace(pending, superseded=None, unsent=False, lost_responses=0)
        return
    port.pending, port.rejection, port.details_at_vendor = None, None, port.details
    restart_carrier_clock(turn, fact.response_deadline)
    turn.transition(PortState.SUBMITTED, "Telegent accepted the correction")


def on_lost(turn: Turn, fact: RequestLost) -> None:
    """The response is lost: the order is polled to determine the outcome."""
    pending = _pending(turn)
    turn.port.sent_at = turn.now
    turn.port.pending = replace(pending, unsent=False, lost_responses=pending.lost_responses + 1)
    turn.effects.append(CountLostResponse(_write(pending)))
    turn.log(TELEGENT_ACTOR, f"returned no response to {pending.label}", fact.message)


def on_rejected(turn: Turn, fact: RequestRejected) -> None:
    """Telegent rejected the change, or it was not sent because the order has changed."""
    port, pending = turn.port, _pending(turn)
    if fact.unknown_id and turn.now < port.carrier_clock_started_at + port.policy.read_lag:
        turn.retry_later("Telegent does not know the order yet")
        return
    if fact.stale:
        # The message begins with "not sent".
        turn.log(ORCHESTRATOR_ACTOR, f"{pending.label} was {fact.message}")
    else:
        turn.log(TELEGENT_ACTOR, f"rejected {pending.label}", fact.message)
        # The order may have changed meanwhile, which its next poll would show only hours later.
        port.inbox = replace(port.inbox, poll_requested=True)
    _return_to_previous_state(turn, pending)
    if pending.cancel:
        turn.raise_attention(f"the cancel for {pending.cancel.by} was rejected")


def stop_correcting(turn: Turn) -> None:
    """The details are invalid, for example because a PIN expired after its response was lost."""
    port = turn.port
    port.resend = False
    if port.pending and port.state is PortState.UPDATE_REQUESTED:
        _return_to_previous_state(turn, port.pending)


def resolve_lost(turn: Turn, fact: OrderSeen, before: OrderSnapshot) -> bool:
    """Whether the order shows the outcome of the pending change.

    If it does not, and the time for it has passed, the change is sent again.
    """
    port, pending, seen = turn.port, turn.port.pending, fact.order
    if pending is None or not pending.lost_responses:
        return True
    if _is_resolved(port, pending, seen, before):
        turn.effects.append(_resolved(pending, LostResponseResolution.FOUND))
        if pending.cancel is None:
            restart_carrier_clock(turn, fact.response_deadline)
            if parse_vendor_status(seen.status) is not PortState.ACTION_REQUIRED:
                port.details_at_vendor = port.details
        return True
    due = port.unchanged_counts_at
    if due and turn.now >= due:
        turn.effects.append(_resolved(pending, LostResponseResolution.SENT_AGAIN))
        what = f"the order shows no sign of {pending.label}; sending it again"
        turn.log(ORCHESTRATOR_ACTOR, what, seen.status_text)
        if pending.cancel:
            request_cancel(turn, pending.cancel)
        else:
            # Validated again first, because a PIN may have expired meanwhile.
            port.resend, port.details_valid = True, False
    return False


def restart_carrier_clock(turn: Turn, response_deadline: datetime | None) -> None:
    """Count the carrier's deadlines from now, because it has received a request."""
    turn.port.carrier_clock_started_at = turn.now
    turn.port.carrier_response_deadline = response_deadline


def _is_resolved(
    port: PortIn, pending: PendingChange, seen: OrderSnapshot, before: OrderSnapshot
) -> bool:
    """Whether the order shows the outcome of the change.

    A carrier also changes orders on its own, so only a final status resolves a cancel. A correction
    is resolved when the order shows a rejection, or when an order that was rejected changes.
    """
    shown = parse_vendor_status(seen.status)
    if shown in ORDER_SETTLED:
        return True
    rejected = port.rejection is not None or shown is PortState.ACTION_REQUIRED
    return seen != before and rejected and pending.cancel is None


def _return_to_previous_state(turn: Turn, pending: PendingChange) -> None:
    """Reminders and deadlines keep counting from when that state was entered."""
    port = turn.port
    port.pending = pending.superseded
    port.sent_at = turn.now if port.pending else None
    then = "the port-in continues" if pending.cancel else "waiting for another correction"
    turn.transition(pending.previous_state, then, entered_at=pending.previous_entered_at)
    port.attention = pending.previous_attention
    # The carrier may have changed the order while the request was retried.
    assert port.order is not None
    shown = interpret_status(pending.previous_state, port.order.status)
    if (
        shown.state in WAITING_FOR_CARRIER
        and not shown.needs_confirmation
        and shown.state is not pending.previous_state
    ):
        turn.transition(shown.state, STATE_DESCRIPTIONS[shown.state], port.order.status_text)


def _pending(turn: Turn) -> PendingChange:
    """The change that the response belongs to."""
    assert turn.port.pending is not None
    return turn.port.pending


def _write(pending: PendingChange) -> str:
    return (CANCEL_PORT if pending.cancel else UPDATE_PORT).activity


def _resolved(
    pending: PendingChange, resolution: LostResponseResolution
) -> CountLostResponseResolved:
    return CountLostResponseResolved(_write(pending), resolution)
