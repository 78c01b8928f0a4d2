"""Until there is an order: the checks, the submit, and what is done when its response is lost."""

from dataclasses import replace

from activities.port_in.earlier_runs import EarlierPortIn
from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import is_wireless
from activities.support.write_specs import SUBMIT_PORT
from telegent_orchestrator.port_in import OperatorAction, OperatorDecision, PortState
from workflows.port_in.changes import request_correction, stop_correcting
from workflows.port_in.effects import (
    CheckEligibility,
    CountLostResponse,
    CountLostResponseResolved,
    CountRejection,
    FindNumber,
    Pause,
    Prepare,
    SubmitOrder,
    Task,
    ValidateDetails,
    VerifyOrder,
    WaitForOperator,
)
from workflows.port_in.facts import (
    DetailsValidated,
    EligibilityRead,
    NumberLookedUp,
    OrderRejected,
    OrderVerified,
    Prepared,
    RequestLost,
    RequestRejected,
    RunReset,
    SimClaimEnded,
    SubmitAccepted,
)
from workflows.port_in.following import check_details, classify_for, follow
from workflows.port_in.state import CARRIER, CHECKS, SUBMIT, Attachment, Inbox
from workflows.port_in.transitions import parse_vendor_status
from workflows.port_in.turn import ORCHESTRATOR_ACTOR, Turn
from workflows.support.metrics import LostResponseResolution

EARLIER_RUN = "an earlier run"


def next_task(turn: Turn) -> Task:
    """What a port-in without an order does next."""
    port = turn.port
    number = port.details.phone_number
    if not port.prepared:
        return Prepare(port.details)
    if port.check_existing:
        return FindNumber(number, port.bind.subscriber_id if port.bind else None)
    if port.attachment:
        return VerifyOrder(port.attachment.order_id, number, is_wireless(port.details))
    match port.state:
        case PortState.CHECKING_ELIGIBILITY if port.details_valid:
            wireline = port.details.port_in_date is not None
            return CheckEligibility(number, port.details.classification, wireline)
        case PortState.CHECKING_ELIGIBILITY:
            return check_details(port)
        case PortState.SUBMITTING if not port.details_valid:
            return check_details(port)
        case PortState.SUBMITTING if port.retry_at and turn.now < port.retry_at:
            return Pause(port.retry_at, f"Submit: {port.retry_reason}, then try again")
        case PortState.SUBMITTING:
            return SubmitOrder(port.details)
        case PortState.ACTION_REQUIRED if port.resend:
            return check_details(port)
    return WaitForOperator()


def take_message(turn: Turn) -> bool:
    """Act on a waiting message.

    Returns:
        Whether there was one that could be acted on.
    """
    port = turn.port
    if port.attachment:
        return False
    if port.state is PortState.SUBMIT_UNKNOWN:
        if decision := turn.take_decision(*OperatorAction):
            _decide_unknown(turn, decision)
        return decision is not None
    if port.inbox.cancel and port.submit_lost:
        _enter_unknown(turn, "cancelled before the second submit")
        return True
    if cancel := port.inbox.cancel:
        port.inbox = replace(port.inbox, cancel=None)
        turn.end(PortState.CANCELLED, cancel.by, cancel.reason)
        return True
    if decision := turn.take_decision(*OperatorAction):
        _decide(turn, decision)
        return True
    return _take_corrections(turn)


def _take_corrections(turn: Turn) -> bool:
    port = turn.port
    if not turn.apply_corrections():
        return False
    port.retry_at = None
    if port.state is PortState.INFO_REQUIRED:
        turn.transition(PortState.CHECKING_ELIGIBILITY, "checking again")
    port.resend = port.state is PortState.ACTION_REQUIRED
    return True


def _decide(turn: Turn, decision: OperatorDecision) -> None:
    if decision.action in (OperatorAction.ABANDON, OperatorAction.MARK_DONE):
        _end_by_decision(turn, decision)
    elif decision.action is OperatorAction.ATTACH_ORDER:
        turn.port.attachment = Attachment(decision.order_id or "", decision.by)
    else:
        # retry_now and restart: without an order both submit again.
        turn.apply_corrections()
        turn.port.resend = True


def _decide_unknown(turn: Turn, decision: OperatorDecision) -> None:
    """An operator names the order, or knows that there is none."""
    port = turn.port
    if decision.action is OperatorAction.ATTACH_ORDER:
        port.attachment = Attachment(decision.order_id or "", decision.by)
    elif decision.action is not OperatorAction.RETRY_NOW:
        _end_by_decision(turn, decision)
    else:
        port.submit_lost = False
        if cancel := port.inbox.cancel:
            port.inbox = replace(port.inbox, cancel=None)
            turn.end(PortState.CANCELLED, cancel.by, cancel.reason)
        else:
            turn.transition(PortState.SUBMITTING, "submitting")


def _end_by_decision(turn: Turn, decision: OperatorDecision) -> None:
    """Continues with the number that has arrived, or abandons the port-in."""
    if decision.action is OperatorAction.MARK_DONE:
        turn.transition(PortState.PORTED, decision.reason, by=decision.by)
    else:
        turn.end(PortState.ABANDONED, decision.by, decision.reason)


def on_prepared(turn: Turn, fact: Prepared) -> None:
    """The deadlines and limits are known, and what an earlier run has left open."""
    port = turn.port
    port.policy, port.prepared = fact.policy, True
    if port.event_receivers is None:
        port.event_receivers = fact.event_receivers
        turn.announce()
    if fact.earlier:
        _on_earlier_run(turn, fact.earlier)
    if port.inbox == Inbox() and isinstance(next_task(turn), ValidateDetails):
        # The preparation has done it already.
        on_details_validated(turn, fact.validation)


def _on_earlier_run(turn: Turn, earlier: EarlierPortIn) -> None:
    port = turn.port
    port.check_existing = True
    if earlier.order_id and not (earlier.ended or port.attachment):
        port.attachment = Attachment(earlier.order_id, EARLIER_RUN)
    port.earlier_order_id = earlier.order_id
    if earlier.submitting:
        port.submit_lost = True
        if port.state is PortState.SUBMITTING and not port.policy.resubmit_unknown:
            _enter_unknown(turn, "the response to a submit before the reset is unknown")


def on_reset(turn: Turn, _: RunReset) -> None:
    """The history does not show what was submitted after the reset point.

    The next task therefore prepares again, which also finds the run that was reset.
    """
    if turn.port.order is None:
        turn.port.prepared, turn.port.task = False, None


def on_number_looked_up(turn: Turn, fact: NumberLookedUp) -> None:
    """Nothing is submitted for a number that has arrived."""
    turn.port.check_existing = False
    if fact.ours:
        reason = "the number had arrived in an earlier run"
        turn.transition(PortState.PORTED, reason)
        turn.skip_steps(reason, CHECKS, SUBMIT, CARRIER)


def on_details_validated(turn: Turn, fact: DetailsValidated) -> None:
    """Details are sent only when our own checks find no error."""
    port = turn.port
    port.pin_expires_at, port.warnings = fact.pin_expires_at, fact.warnings
    if port.details.iccid and not fact.errors:
        port.sim_unclaimed = True
    else:
        _on_checked(turn, fact.errors, fact.invalid_fields)


def on_sim_claimed(turn: Turn, fact: SimClaimEnded) -> None:
    """A SIM carries one number, so no other line or port-in may use it."""
    turn.port.sim_unclaimed = False
    _on_checked(turn, (fact.conflict,) if fact.conflict else (), ("iccid",))


def _on_checked(turn: Turn, errors: tuple[str, ...], invalid_fields: tuple[str, ...]) -> None:
    port = turn.port
    port.details_valid = not errors
    if errors:
        port.missing_fields = invalid_fields
        turn.log(ORCHESTRATOR_ACTOR, f"not sent: {'; '.join(errors)}")
    if port.order:
        if errors:
            stop_correcting(turn)
        elif port.resend:
            request_correction(turn)
    elif errors:
        _on_invalid(turn)
    elif port.state is PortState.ACTION_REQUIRED:
        port.rejection, port.resend = None, False
        turn.transition(PortState.SUBMITTING, "submitting")


def _on_invalid(turn: Turn) -> None:
    port = turn.port
    port.resend = False
    if port.state is PortState.ACTION_REQUIRED:
        return
    if port.submit_lost:
        _enter_unknown(turn, "the second submit was not sent: the details are invalid")
    else:
        turn.transition(PortState.INFO_REQUIRED, f"waiting for {', '.join(port.missing_fields)}")


def on_eligibility(turn: Turn, fact: EligibilityRead) -> None:
    """Telegent has said whether the number can be ported."""
    port = turn.port
    turn.set_detail(CHECKS, fact.message)
    may_be_open = port.submit_lost and not port.policy.resubmit_unknown
    if fact.eligible and not may_be_open:
        turn.transition(PortState.SUBMITTING, "submitting")
    elif may_be_open or "already active" in fact.message.casefold():
        hint = f": attach {port.earlier_order_id}" if port.earlier_order_id else ""
        _enter_unknown(turn, f"an earlier order may be open{hint}", fact.message)
    else:
        port.reason = fact.message or "Telegent gave no reason"
        turn.transition(PortState.INELIGIBLE, "not eligible", fact.message)


def on_submitted(turn: Turn, fact: SubmitAccepted) -> None:
    """There is an order, and its id is known."""
    turn.port.details_at_vendor = turn.port.details
    follow(turn, fact.order, fact.response_deadline, "submitted")


def on_submit_lost(turn: Turn, fact: RequestLost) -> None:
    """There is no lookup by number, and the order's id was in the response.

    The submit is sent once more before an operator must decide only if Telegent is known to reject
    a second active port-in of a number (a setting): the rejection shows that the first has arrived.
    """
    port = turn.port
    turn.effects.append(CountLostResponse(SUBMIT_PORT.activity))
    if port.submit_lost:
        _enter_unknown(turn, "the response to the second submit was lost", fact.message)
        return
    port.submit_lost = True
    turn.transition(PortState.SUBMIT_UNKNOWN, "the response to the submit was lost", fact.message)
    if port.policy.resubmit_unknown and not port.inbox.cancel:
        turn.transition(PortState.SUBMITTING, "submitting")
    else:
        _count_escalated(turn)


def on_submit_rejected(turn: Turn, fact: RequestRejected) -> None:
    """There is no order, unless the response to an earlier submit was lost."""
    port = turn.port
    if port.submit_lost:
        _enter_unknown(turn, "the second submit was rejected", fact.message)
        return
    if not fact.stale:
        port.details_at_vendor = port.details
    port.rejection = classify_for(turn, fact.message)
    turn.effects.append(CountRejection(port.rejection.reason))
    turn.transition(PortState.ACTION_REQUIRED, "the submit was rejected", fact.message)


def _enter_unknown(turn: Turn, what: str, vendor_message: str = "") -> None:
    """Whether an order is open cannot be determined: an operator decides."""
    turn.transition(PortState.SUBMIT_UNKNOWN, what, vendor_message)
    _count_escalated(turn)


def _count_escalated(turn: Turn) -> None:
    turn.effects.append(
        CountLostResponseResolved(SUBMIT_PORT.activity, LostResponseResolution.ESCALATED)
    )


def on_order_verified(turn: Turn, fact: OrderVerified) -> None:
    """The order that was named is this number's, or names no number."""
    attachment = turn.port.attachment
    assert attachment is not None
    shown = parse_vendor_status(fact.order.status)
    if attachment.by == EARLIER_RUN and shown is PortState.CANCELLED:
        turn.port.attachment = None
        turn.log(ORCHESTRATOR_ACTOR, f"order {attachment.order_id} of {EARLIER_RUN} is cancelled")
        return
    order = OrderSnapshot(order_id=attachment.order_id, status="")
    if attachment.by == EARLIER_RUN:
        what = f"following the order of {EARLIER_RUN}"
    else:
        what = f"order attached by {attachment.by}"
    follow(turn, order, fact.response_deadline, what)


def on_order_rejected(turn: Turn, fact: OrderRejected) -> None:
    """The order that was named is not this number's: it is not followed."""
    attachment = turn.port.attachment
    assert attachment is not None
    turn.port.attachment = None
    reason = f"order {attachment.order_id} is not followed: {fact.message}"
    turn.log(ORCHESTRATOR_ACTOR, reason)
    if turn.port.state is PortState.CHECKING_ELIGIBILITY and attachment.by != EARLIER_RUN:
        # The caller says that there is an order, so another one must not be submitted.
        turn.fail(reason)
