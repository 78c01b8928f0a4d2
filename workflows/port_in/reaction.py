"""Decides whether a message is accepted, what a new fact changes, and what is to be done next.

Pure: no clock, no network, no Temporal. The same port-in, fact and time give the same reaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from telegent_orchestrator.port_in import (
    NEEDS_OPERATOR_STATES,
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortState,
)
from workflows.port_in import changes, facts, following, submitting
from workflows.port_in.deadlines import DeadlineAction
from workflows.port_in.effects import Effect, PollOrder, Task
from workflows.port_in.state import PortIn
from workflows.port_in.transitions import (
    ACCEPTED_IN,
    BRIEF_STATES,
    ORDER_SETTLED,
    MessageKind,
    state_rejection_reason,
)
from workflows.port_in.turn import ORCHESTRATOR_ACTOR, TELEGENT_ACTOR, Turn

TEMPORAL_CANCEL = PortInCancel(by="Temporal", reason="the workflow was cancelled")
MAX_HANDLED_DEADLINES = 50
MAX_WAITING_CORRECTIONS = 20
Message = PortInCorrection | PortInCancel | OperatorDecision
_ARRIVED = (PortState.PORTED, PortState.BINDING)
_KEEPS_CORRECTIONS = ACCEPTED_IN[MessageKind.CORRECTION] | {PortState.CANCEL_REQUESTED}
"""A cancel may be rejected, and then the port-in continues with the correction."""


@dataclass(frozen=True)
class Reaction:
    """The port-in after a fact, and what is to be done, in this order."""

    port: PortIn
    effects: tuple[Effect, ...]


def react(port: PortIn, fact: facts.PortInFact, now: datetime) -> Reaction:
    """Apply a fact to a port-in.

    Whenever no task is running, one is started: for a waiting message first, otherwise as the state
    requires. After the end, only the timeline changes.

    Returns:
        The port-in after the fact, and the effects to perform. The port-in given does not change.
    """
    turn = Turn.of(port, now)
    if port.ended:
        if isinstance(fact, facts.SignalRejected | facts.NoteAdded):
            HANDLERS[type(fact)](turn, fact)
        return Reaction(turn.port, ())
    if isinstance(fact, facts.TaskEnded):
        turn.port.task = None
    HANDLERS[type(fact)](turn, fact)
    _drop_stale_messages(turn)
    if turn.port.task is None:
        _proceed(turn)
    return Reaction(turn.port, tuple(turn.effects))


def rejection_reason(port: PortIn, message: Message) -> str | None:
    """Why this message is rejected; None if it is accepted."""
    if port.failure:
        return f"the port-in has failed: {port.failure}"
    if isinstance(message, PortInCorrection):
        return _correction_rejection(port, message)
    if isinstance(message, PortInCancel):
        return _cancel_rejection(port)
    return _decision_rejection(port, message)


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
    if port.rejections_left <= 0:
        return (
            f"rejected {port.rejections} times: an operator must decide (update decide, or "
            "tgo port-in decide)"
        )
    if rejection.requires_confirmation and not correction.lock_removed:
        return "confirm with lock_removed: true that the number lock is off"
    given, had = correction.changes(port.details), port.details_at_vendor
    same = had and all(getattr(had, name) == value for name, value in given.items())
    if same and not correction.lock_removed:
        return f"{', '.join(sorted(given))}: unchanged since the rejection"
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


def _proceed(turn: Turn) -> None:
    """Acts on waiting messages up to the first that needs a request, and starts the next task."""
    while not turn.port.ended:
        handled = _phase(turn.port).take_message(turn)
        _drop_stale_messages(turn)
        task = _next_task(turn)
        # After a message, only a request is worth starting before the next message is handled.
        if task and not (handled and task.interruptible):
            turn.start(task)
            _ensure_deadline(turn)
            return


def _ensure_deadline(turn: Turn) -> None:
    """A port-in never waits unnoticed: without a deadline ahead, it needs attention."""
    port = turn.port
    noticed = port.attention or port.overdue
    watched = port.state in NEEDS_OPERATOR_STATES | BRIEF_STATES
    if not (noticed or watched) and port.next_deadline is None:
        turn.raise_attention("every deadline of this state has passed")


def _next_task(turn: Turn) -> Task | None:
    return None if turn.port.ended else _phase(turn.port).next_task(turn)


class _Phase(Protocol):
    """What the modules `submitting` (no order yet) and `following` (an order) both offer."""

    def take_message(self, turn: Turn) -> bool:
        """Act on a waiting message.

        Returns:
            Whether there was one that could be acted on.
        """

    def next_task(self, turn: Turn) -> Task:
        """The next task, as the state requires."""


def _phase(port: PortIn) -> _Phase:
    return following if port.order or port.state in _ARRIVED else submitting


def _drop_stale_messages(turn: Turn) -> None:
    """Drops accepted messages that do not apply any more, and records each in the timeline."""
    port = turn.port
    inbox, failed = port.inbox, bool(port.failure)
    if failed or port.state not in _KEEPS_CORRECTIONS:
        for correction in inbox.corrections:
            _log_stale(turn, correction.by, MessageKind.CORRECTION)
        if port.resend:
            _log_stale(turn, ORCHESTRATOR_ACTOR, MessageKind.CORRECTION)
        inbox, port.resend = replace(inbox, corrections=()), False
    if inbox.cancel and (failed or port.state not in ACCEPTED_IN[MessageKind.CANCEL]):
        _log_stale(turn, inbox.cancel.by, MessageKind.CANCEL)
        inbox = replace(inbox, cancel=None)
    if inbox.decision and (failed or not _still_applies(port, inbox.decision)):
        _log_stale(turn, inbox.decision.by, inbox.decision.action)
        inbox = replace(inbox, decision=None, decided_in=None)
    port.inbox = inbox


def _still_applies(port: PortIn, decision: OperatorDecision) -> bool:
    """The meaning of `retry_now` depends on the state in which the operator sent it."""
    state_changed = port.state is not port.inbox.decided_in
    if decision.action is OperatorAction.RETRY_NOW and state_changed:
        return False
    return port.state in ACCEPTED_IN[decision.action]


def _log_stale(turn: Turn, by: str, what: MessageKind | OperatorAction) -> None:
    state = "FAILED" if turn.port.failure else turn.port.state.value
    turn.log(ORCHESTRATOR_ACTOR, f"ignored {what.value} from {by}: the state is already {state}")


def _interrupt(turn: Turn) -> None:
    """Ends a task that only waits or reads, so that a message is acted on at once."""
    if turn.port.task and turn.port.task.interruptible:
        turn.port.task, turn.port.sim_unclaimed = None, False


def _on_started(turn: Turn, _: facts.Started) -> None:
    if not turn.port.timeline:
        turn.log(ORCHESTRATOR_ACTOR, "checking")


def _on_correction(turn: Turn, fact: facts.CorrectionAccepted) -> None:
    fields = ", ".join(sorted(fact.correction.fields))
    turn.log(fact.correction.by, f"corrected {fields}")
    turn.keep_correction(fact.correction)
    _interrupt(turn)


def _on_cancel(turn: Turn, fact: facts.CancelAccepted) -> None:
    turn.log(fact.cancel.by, f"requested a cancel: {fact.cancel.reason}")
    _keep_cancel(turn, fact.cancel)


def _keep_cancel(turn: Turn, cancel: PortInCancel) -> None:
    port = turn.port
    if port.state is PortState.CANCEL_REQUESTED:
        # The port-in ends once the order is cancelled, without a new order.
        port.pending = replace(port.pending, restart=False) if port.pending else None
        return
    port.inbox = replace(port.inbox, cancel=port.inbox.cancel or cancel)
    if port.state is PortState.SUBMIT_UNKNOWN:
        turn.log(ORCHESTRATOR_ACTOR, "will be cancelled once it is known whether an order exists")
    _interrupt(turn)


def _on_workflow_cancelled(turn: Turn, _: facts.WorkflowCancelled) -> None:
    """Cancelling the workflow cancels the port-in, once, so that no open order is left behind."""
    if turn.port.workflow_cancelled or turn.port.state in _ARRIVED:
        return
    turn.port.workflow_cancelled = True
    _keep_cancel(turn, TEMPORAL_CANCEL)


def _on_decision(turn: Turn, fact: facts.DecisionAccepted) -> None:
    port, decision = turn.port, fact.decision
    turn.log(decision.by, f"decided {decision.action.value}: {decision.reason}")
    if decision.action is OperatorAction.REPLACE_DATA and decision.correction:
        # Handled like any correction, except that the limit on rejections does not apply.
        turn.keep_correction(decision.correction)
    else:
        port.inbox = replace(port.inbox, decision=decision, decided_in=port.state)
    _interrupt(turn)


def _on_note(turn: Turn, fact: facts.NoteAdded) -> None:
    turn.log(fact.by, f"note: {fact.note}")


def _on_signal_rejected(turn: Turn, fact: facts.SignalRejected) -> None:
    turn.log(fact.by, f"sent {fact.what} that was rejected: {fact.reason}")


def _on_hint(turn: Turn, _: facts.HintReceived) -> None:
    """All hints that arrive during a poll lead to one more poll."""
    port = turn.port
    if port.order is None or port.state in ORDER_SETTLED | {PortState.BINDING}:
        return
    port.inbox = replace(port.inbox, poll_requested=True)
    if isinstance(port.task, PollOrder) and not port.task.request.once:
        _interrupt(turn)


def _on_deadline(turn: Turn, fact: facts.DeadlinePassed) -> None:
    port, deadline = turn.port, fact.deadline
    handled = sorted({*port.handled_deadlines, deadline}, key=lambda each: each.at)
    port.handled_deadlines = frozenset(handled[-MAX_HANDLED_DEADLINES:])
    if deadline.action is DeadlineAction.REMIND:
        turn.raise_attention(f"{deadline.name}: still waiting for an operator")
    elif deadline.action is DeadlineAction.RAISE_ATTENTION:
        reason = f": {port.retry_reason}" if port.retry_at else ""
        turn.raise_attention(deadline.name + reason)
    elif port.order:
        # After an outage the order may not have been polled for a long time.
        turn.log(ORCHESTRATOR_ACTOR, f"{deadline.name}: reading the order before it is cancelled")
        port.overdue = deadline
        _interrupt(turn)
    else:
        following.cancel_overdue(turn, deadline)
        _interrupt(turn)


def _on_not_sent(turn: Turn, fact: facts.RequestNotSent) -> None:
    port = turn.port
    late_at = port.entered_at + port.policy.progress_timeout
    retry_at = turn.retry_later(fact.reason, fact.retry_after)
    if port.state is PortState.SUBMITTING and retry_at >= late_at and not port.attention:
        turn.raise_attention(f"submit not sent: {fact.reason}")


def _on_stalled(turn: Turn, fact: facts.TaskStalled) -> None:
    turn.raise_attention(f"no progress since {fact.since:%m-%d %H:%M} UTC: {fact.reason}")


def _on_pause_over(turn: Turn, _: facts.PauseOver) -> None:
    turn.port.retry_at = None


def _on_start_refused(turn: Turn, fact: facts.StartRefused) -> None:
    turn.log(ORCHESTRATOR_ACTOR, fact.message)
    turn.fail(fact.message)


def _on_read_rejected(turn: Turn, fact: facts.ReadRejected) -> None:
    turn.log(TELEGENT_ACTOR, "rejected a required read", fact.message)
    turn.fail(fact.message)


def _request_ended(
    on_submit: Callable[[Turn, Any], None] | None, on_change: Callable[[Turn, Any], None] | None
) -> Callable[[Turn, Any], None]:
    """Handle the response to a submit with `on_submit`, to a change with `on_change`."""

    def handle(turn: Turn, fact: facts.TaskEnded) -> None:
        port = turn.port
        if port.not_sent_count:
            turn.set_detail(port.current_step, "")
        port.not_sent_count, port.retry_at = 0, None
        handler = on_submit if port.state is PortState.SUBMITTING else on_change
        assert handler is not None
        handler(turn, fact)

    return handle


HANDLERS: Mapping[type[facts.PortInFact], Callable[[Turn, Any], None]] = {
    facts.Started: _on_started,
    facts.CorrectionAccepted: _on_correction,
    facts.CancelAccepted: _on_cancel,
    facts.DecisionAccepted: _on_decision,
    facts.SignalRejected: _on_signal_rejected,
    facts.NoteAdded: _on_note,
    facts.HintReceived: _on_hint,
    facts.WorkflowCancelled: _on_workflow_cancelled,
    facts.DeadlinePassed: _on_deadline,
    facts.RunReset: submitting.on_reset,
    facts.PauseOver: _on_pause_over,
    facts.TaskStalled: _on_stalled,
    facts.ReadRejected: _on_read_rejected,
    facts.StartRefused: _on_start_refused,
    # Until there is an order.
    facts.Prepared: submitting.on_prepared,
    facts.NumberLookedUp: submitting.on_number_looked_up,
    facts.SimClaimEnded: submitting.on_sim_claimed,
    facts.EligibilityRead: submitting.on_eligibility,
    facts.SubmitAccepted: _request_ended(submitting.on_submitted, None),
    facts.OrderVerified: submitting.on_order_verified,
    facts.OrderRejected: submitting.on_order_rejected,
    # Before a submit, and before each correction of an order.
    facts.DetailsValidated: submitting.on_details_validated,
    # The response to a request, or that there is none.
    facts.RequestNotSent: _on_not_sent,
    facts.RequestLost: _request_ended(submitting.on_submit_lost, changes.on_lost),
    facts.RequestRejected: _request_ended(submitting.on_submit_rejected, changes.on_rejected),
    facts.ChangeAccepted: _request_ended(None, changes.on_accepted),
    # While there is an order.
    facts.OrderSeen: following.on_order_seen,
    facts.OrderNotReadable: following.on_order_not_readable,
    facts.NumberInInventory: following.on_number_in_inventory,
    facts.NumberBound: following.on_number_bound,
    facts.BindingFailed: following.on_binding_failed,
}
"""What each fact changes."""
