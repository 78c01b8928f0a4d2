"""One port-in in memory, and what must hold after each of its decisions."""

import copy
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from activities.port_in.orders import OrderSnapshot
from telegent_orchestrator.port_in import (
    NEEDS_OPERATOR_STATES,
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortState,
)
from workflows.port_in import effects, facts
from workflows.port_in.deadlines import DeadlineAction
from workflows.port_in.reaction import MAX_WAITING_CORRECTIONS, Message, react, rejection_reason
from workflows.port_in.state import Inbox, PortIn, for_next_run
from workflows.port_in.transitions import TRANSITIONS, parse_vendor_status
from workflows.port_in.turn import MAX_SECRETS, ORCHESTRATOR_ACTOR
from workflows.port_in.views import render_details_page, to_result, to_status
from workflows.support.timeline import MAX_TIMELINE_ENTRIES

MAX_EFFECTS = 20
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REQUESTS = (effects.SubmitOrder, effects.SendCorrection, effects.SendCancel)
ENDS_QUICKLY = (
    *REQUESTS,
    effects.Prepare,
    effects.ValidateDetails,
    effects.VerifyOrder,
)
REPORTS_STALLS = (
    effects.FindNumber,
    effects.ClaimSim,
    effects.CheckEligibility,
    effects.AwaitNumber,
    effects.BindNumber,
)
NOT_SENT = facts.RequestNotSent
CHECKPOINT = TypeAdapter(PortIn)


@dataclass
class Wish:
    """A message that was accepted, and whether it has had an effect or was refused in words."""

    message: Message
    by: str
    settled: bool = False


@dataclass
class Life:
    """One port-in, driven by chance; what an observer outside of it has noted."""

    chance: random.Random
    port: PortIn
    now: datetime = NOW
    wishes: list[Wish] = field(default_factory=list)
    may_submit: bool = True
    may_correct: bool = False
    may_cancel: bool = False
    cancel_wished: bool = False
    unasked_ends: int = 0
    polled_since_deadline: bool = True
    sim: str | None = None
    history: list[tuple[PortState, effects.Task | None, facts.PortInFact]] = field(
        default_factory=list
    )

    # What happens.

    def feed(self, event: facts.PortInFact) -> None:
        """One decision, with everything that must hold before and after it."""
        before, shown = self.port, len(self.port.timeline)
        self.history.append((before.state, before.task, event))
        self.note_evidence(event)
        decision = react(before, event, self.now)
        self.port = decision.port
        self.the_same_decision_is_made_again(before, event, decision)
        self.nothing_changes_after_the_end(before, decision.effects)
        self.every_transition_is_legal(before, shown)
        for effect in decision.effects:
            if isinstance(effect, effects.Task):
                self.a_request_is_sent_only_with_evidence(effect)
        self.a_task_is_under_way_until_the_end()
        self.a_wait_has_a_deadline_or_a_reason()
        self.a_message_waits_only_for_what_is_under_way()
        self.an_unasked_end_is_seen_twice(before, event)
        self.everything_is_bounded(decision.effects)
        self.settle_wishes(before, decision.effects, shown)

    def send(self, message: Message) -> None:
        """A message by signal: accepted, or refused in words that are shown."""
        by = f"sender-{len(self.history)}"
        message = message.model_copy(update={"by": by})
        state = self.port.state
        reason = rejection_reason(self.port, message)
        if reason:
            self.feed(facts.SignalRejected(by, "a message", reason))
            assert self.port.timeline[-1].by == by, "a refused message is not shown"
            assert reason in self.port.timeline[-1].event
            assert self.port.state is state
            return
        assert not self.port.ended, "a message is accepted after the end"
        if not self.waits_already(message):
            self.wishes.append(Wish(message, by))
        if isinstance(message, PortInCorrection):
            self.feed(facts.CorrectionAccepted(message))
        elif isinstance(message, PortInCancel):
            self.feed(facts.CancelAccepted(message))
        else:
            self.feed(facts.DecisionAccepted(message))

    def waits_already(self, message: Message) -> bool:
        """A second cancel while one waits is the same wish."""
        return isinstance(message, PortInCancel) and self.port.inbox.cancel is not None

    def note_evidence(self, event: facts.PortInFact) -> None:
        """Note what permits a request, judged from the events alone."""
        port, task = self.port, self.port.task
        if isinstance(task, effects.ClaimSim) and isinstance(event, facts.SimClaimEnded):
            self.sim = None if event.conflict else task.iccid
        match event:
            case facts.CorrectionAccepted():
                self.may_correct = True
                self.may_submit |= port.state is not PortState.SUBMIT_UNKNOWN and not (
                    isinstance(task, effects.SubmitOrder) or port.order or port.submit_lost
                )
            case facts.DecisionAccepted(decision):
                action = decision.action
                self.may_correct |= action in (
                    OperatorAction.RETRY_NOW,
                    OperatorAction.REPLACE_DATA,
                )
                self.may_cancel |= action in (OperatorAction.RETRY_NOW, OperatorAction.RESTART)
                self.may_submit |= port.order is None and action in (
                    OperatorAction.RETRY_NOW,
                    OperatorAction.RESTART,
                    OperatorAction.REPLACE_DATA,
                )
            case facts.CancelAccepted() | facts.WorkflowCancelled():
                self.may_cancel = self.cancel_wished = True
            case facts.DeadlinePassed(deadline) if deadline.action is DeadlineAction.CANCEL:
                self.may_cancel = True
                self.polled_since_deadline = port.order is None
            case facts.RequestNotSent() | facts.RequestRejected(unknown_id=True) if not isinstance(
                task, effects.SubmitOrder
            ) or isinstance(event, NOT_SENT):
                self.allow(task)
            case facts.RequestRejected() if isinstance(task, effects.SubmitOrder):
                # There is no order, and what was sent meanwhile asks for another try.
                self.may_submit |= bool(port.inbox.corrections) and not port.submit_lost
            case facts.RequestLost() if isinstance(task, effects.SubmitOrder):
                # Only where Telegent refuses a second one, and once.
                self.may_submit = port.policy.resubmit_unknown and not port.submit_lost
            case facts.OrderSeen(order):
                self.polled_since_deadline = True
                self.may_cancel |= port.overdue is not None
                self.note_order(order)
            case facts.OrderNotReadable():
                self.polled_since_deadline = True
                self.may_cancel |= port.overdue is not None

    def note_order(self, order: OrderSnapshot) -> None:
        port = self.port
        due = port.unchanged_counts_at
        lost = port.pending and port.pending.lost_responses
        settled = (PortState.PORTED, PortState.CANCELLED)
        if lost and due and self.now >= due and parse_vendor_status(order.status) not in settled:
            # The read lag has passed, and the order does not show the end.
            self.may_correct, self.may_cancel = True, True
        if parse_vendor_status(order.status) is PortState.CANCELLED:
            self.may_submit |= bool(port.pending and port.pending.restart)

    def allow(self, task: effects.Task | None) -> None:
        self.may_submit |= isinstance(task, effects.SubmitOrder)
        self.may_correct |= isinstance(task, effects.SendCorrection)
        self.may_cancel |= isinstance(task, effects.SendCancel)

    # What must hold.

    def the_same_decision_is_made_again(
        self, before: PortIn, event: facts.PortInFact, decision: object
    ) -> None:
        if self.chance.random() < 0.01:
            untouched = copy.deepcopy(before)
            assert react(before, event, self.now) == decision
            assert before == untouched
            to_status(self.port)
            text = "\n".join(render_details_page(self.port))
            if "482913" in self.port.secrets:
                assert "482913" not in text + to_result(self.port).model_dump_json()
            carried = for_next_run(self.port)
            stored = CHECKPOINT.dump_json(carried)
            assert CHECKPOINT.validate_json(stored) == carried

    def nothing_changes_after_the_end(
        self, before: PortIn, requested: tuple[effects.Effect, ...]
    ) -> None:
        if before.ended:
            assert not requested, "something is done after the end"
            after = copy.copy(self.port)
            after.timeline = before.timeline
            assert after == before

    def every_transition_is_legal(self, before: PortIn, shown: int) -> None:
        if len(self.port.timeline) == MAX_TIMELINE_ENTRIES:
            return  # which entries are new cannot be told
        state = before.state
        for entry in self.port.timeline[shown:]:
            assert entry.state is state or entry.state in TRANSITIONS[state], (state, entry)
            state = entry.state
        assert self.port.state is state

    def a_request_is_sent_only_with_evidence(self, task: effects.Task) -> None:
        port = self.port
        if isinstance(task, effects.SubmitOrder):
            assert self.may_submit, "a submit is repeated without evidence"
            assert task.details.iccid in (None, self.sim), "the SIM may be another line's"
            assert port.order is None, "a second order is submitted"
            assert port.inbox.cancel is None, "a submit passes over a cancel"
            self.may_submit = False
        if isinstance(task, effects.SendCorrection):
            assert self.may_correct, "a correction is repeated without evidence"
            self.may_correct = False
        if isinstance(task, effects.SendCancel):
            assert self.may_cancel, "a cancel is repeated without evidence"
            assert port.pending
            assert port.pending.cancel
            if port.pending.cancel.by == ORCHESTRATOR_ACTOR:
                assert self.polled_since_deadline, "a deadline cancels without a poll"
            self.may_cancel = False
        if isinstance(task, effects.PollOrder):
            assert task.request.last_polled_at == port.polled_at, "polled without an interval"
            if port.sent_at:
                assert task.request.unchanged_counts_at
                assert task.request.unchanged_counts_at >= port.sent_at + port.policy.read_lag

    def a_task_is_under_way_until_the_end(self) -> None:
        assert self.port.ended or self.port.task is not None, "it waits for nothing"

    def a_wait_has_a_deadline_or_a_reason(self) -> None:
        port = self.port
        if port.ended or isinstance(port.task, ENDS_QUICKLY):
            return
        assert (
            port.next_deadline
            or port.attention
            or port.state in NEEDS_OPERATOR_STATES
            or isinstance(port.task, (effects.Pause, *REPORTS_STALLS))
            or port.overdue
        ), "it waits without a deadline or a reason"
        if isinstance(port.task, effects.Pause):
            assert port.task.until > self.now - timedelta.resolution
            assert port.task.reason

    def a_message_waits_only_for_what_is_under_way(self) -> None:
        port, inbox = self.port, self.port.inbox
        if port.ended:
            assert inbox == Inbox(poll_requested=inbox.poll_requested)
        elif not isinstance(port.task, ENDS_QUICKLY) and not port.attachment:
            unknown = port.state is PortState.SUBMIT_UNKNOWN
            assert unknown or not inbox.cancel, "a cancel waits for nothing"
            assert not inbox.decision, "a decision waits for nothing"
            cancelling = port.state is PortState.CANCEL_REQUESTED
            assert unknown or cancelling or not inbox.corrections, "a correction waits for nothing"

    def an_unasked_end_is_seen_twice(self, before: PortIn, event: facts.PortInFact) -> None:
        if isinstance(event, facts.OrderSeen):
            ended = parse_vendor_status(event.order.status) is PortState.CANCELLED
            requested = before.state is PortState.CANCEL_REQUESTED
            self.unasked_ends = self.unasked_ends + 1 if ended and not requested else 0
            if self.port.state is PortState.CANCELLED and not requested:
                assert self.unasked_ends >= 2, "one read has ended it"

    def everything_is_bounded(self, requested: tuple[effects.Effect, ...]) -> None:
        port = self.port
        assert len(requested) <= MAX_EFFECTS
        assert len(port.timeline) <= MAX_TIMELINE_ENTRIES
        assert len(port.inbox.corrections) <= MAX_WAITING_CORRECTIONS
        assert len(port.handled_deadlines) <= 50
        assert len(port.secrets) <= MAX_SECRETS
        assert not (port.pending and port.pending.superseded and port.pending.superseded.superseded)

    def settle_wishes(
        self, before: PortIn, requested: tuple[effects.Effect, ...], shown: int
    ) -> None:
        """Every message of a person has an effect, or a refusal that is shown."""
        new = self.port.timeline[shown:]
        for wish in self.wishes:
            if not wish.settled:
                late = any("ignored" in e.event and wish.by in e.event for e in new)
                wish.settled = late or self.has_effect(wish, before, requested)
        if self.port.ended:
            left = [wish for wish in self.wishes if not wish.settled]
            assert not left, f"without effect and without refusal: {left}"

    def has_effect(self, wish: Wish, before: PortIn, requested: tuple[effects.Effect, ...]) -> bool:
        port = self.port
        match wish.message:
            case PortInCancel():
                restarting = before.pending and before.pending.restart
                stopped = restarting and port.pending and not port.pending.restart
                return bool(
                    port.state is PortState.CANCELLED
                    or stopped
                    or any(isinstance(effect, effects.SendCancel) for effect in requested)
                )
            case PortInCorrection() as correction:
                return self.is_in_details(correction)
            case OperatorDecision(correction=PortInCorrection() as correction):
                return self.is_in_details(correction)
        return (port.inbox.decision is None and before.inbox.decision is None) or bool(requested)

    def is_in_details(self, correction: PortInCorrection) -> bool:
        """Its values are sent next, unless a later correction has overwritten them."""
        waits = any(each.by == correction.by for each in self.port.inbox.corrections)
        return not waits
