"""The decision of a port-in, tried with random events, clocks, vendor words and messages.

Each sequence plays the shell in memory: it ends the task under way in one of the ways in which it
can end, lets deadlines pass, and sends messages, whether they fit or not. After each decision the
invariants below must hold; their names say what they promise.
"""

import copy
import os
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from activities.local_activities import EarlierPortIn
from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import (
    FINAL_STATES,
    NEEDS_OPERATOR_STATES,
    NumberBinding,
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from tests.harness.payloads import port_in
from tests.harness.tiers import sampled
from workflows.port_in import effects, facts
from workflows.port_in.deadlines import DeadlineAction
from workflows.port_in.reaction import MAX_WAITING_CORRECTIONS, Message, react, rejection_reason
from workflows.port_in.state import Inbox, PortIn, for_next_run, new_port_in
from workflows.port_in.transitions import TRANSITIONS, parse_vendor_status
from workflows.port_in.turn import MAX_SECRETS, ORCHESTRATOR_ACTOR
from workflows.port_in.views import render_details_page, to_result, to_status
from workflows.support.timeline import MAX_TIMELINE_ENTRIES

# What happens in one sequence of a thousand is in all of 10,000 missed once in 20,000 times.
MANY = int(os.environ.get("PORT_IN_SEQUENCES", "10000"))
FEW = MANY // 5
MAX_STEPS = 60
MAX_EFFECTS = 20
NUMBER = "+18015550142"
HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DETAILS = PortInDetails.model_validate(port_in(NUMBER))
ON_SIM = DETAILS.model_copy(update={"iccid": "8901240397190195850"})
LANDLINE = DETAILS.model_copy(update={"port_in_date": date(2026, 12, 30)})
BIND = NumberBinding(
    account_id="AID-1", subscriber_id="SID-1", product_type="p", message_type="a2p"
)
STATUSES = [
    *("Pending", "InProgress", "Scheduled", "ResolutionRequired") * 3,
    *("pending carrier approval", "Error", "Teleporting", "", "Complete", "Cancelled", "Cancelled"),
]
VENDOR_MESSAGES = [
    "",
    "8A-ACCOUNT_NUM_REQ_OR_INCORRECT",
    "6P-REMOVE NUMBER LOCK",
    "9Z-ACCOUNT ON HOLD",
    "6B-PIN 482913 IS WRONG",
    "9Z-what",
]
CORRECTIONS = [
    PortInCorrection(account_number="7", by="x"),
    PortInCorrection(account_pin="482914", by="x"),
    PortInCorrection(account_number="100200301", account_pin="1234", by="x"),
    PortInCorrection(lock_removed=True, by="x"),
    PortInCorrection(subscriber_name="A B", by="x"),
    PortInCorrection(iccid="8901240397190195868", by="x"),
]
CANCEL = PortInCancel(by="x", reason="changed their mind")
DECISIONS = [
    OperatorDecision(
        action=action,
        by="x",
        reason="a try",
        order_id="ORD-9" if action is OperatorAction.ATTACH_ORDER else None,
        correction=CORRECTIONS[2] if action is OperatorAction.REPLACE_DATA else None,
    )
    for action in OperatorAction
]
EARLIER = [
    *[None] * 9,
    EarlierPortIn(order_id="ORD-0"),
    EarlierPortIn(order_id="ORD-0", ended=True),
    EarlierPortIn(submitting=True),
]
POLICIES = [PortInPolicy(), PortInPolicy(resubmit_unknown=True, max_rejections=20)]
SPANS = [timedelta(seconds=s) for s in (0, 0.1, 5, 70, 4000, 50_000, 300_000, 1_500_000)]
REQUESTS = (effects.SubmitOrder, effects.SendCorrection, effects.SendCancel)
ENDS_QUICKLY = (
    *REQUESTS,
    effects.Prepare,
    effects.ValidateDetails,
    effects.ComputeCarrierDeadline,
    effects.VerifyOrder,
)
AT_CARRIER = (effects.PollOrder, effects.WaitForOperator)
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
            or isinstance(port.task, effects.Pause)
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


# Chance.


def new_life(seed: int) -> Life:
    chance = random.Random(seed)
    request = PortInRequest(
        details=chance.choice([DETAILS, ON_SIM, LANDLINE, PortInDetails(phone_number=NUMBER)]),
        bind=chance.choice([BIND, None]),
        check_existing=chance.random() < 0.1,
        order_id="ORD-0" if chance.random() < 0.05 else None,
    )
    return Life(chance, new_port_in(request, NOW))


def order_seen(life: Life, task: effects.PollOrder) -> facts.TaskEnded | None:
    """What a poll returns, or None: nothing, until something changes."""
    chance, request = life.chance, task.request
    if chance.random() < 0.05:
        return facts.OrderNotReadable("not found")
    seen = request.last_snapshot
    if chance.random() < 0.7:
        status = chance.choice(STATUSES)
        words = chance.choice(VENDOR_MESSAGES) if chance.random() < 0.5 else ""
        seen = OrderSnapshot(order_id=seen.order_id, status=status, message=words)
    due = request.unchanged_counts_at
    if seen == request.last_snapshot and not request.once and not (due and life.now >= due):
        return None
    return facts.OrderSeen(seen)


def response(life: Life, accepted: facts.TaskEnded, stale: bool) -> facts.TaskEnded:
    chance = life.chance
    return chance.choice(
        [
            accepted,
            accepted,
            facts.RequestLost("no response"),
            facts.RequestRejected(chance.choice(VENDOR_MESSAGES) or "no"),
            facts.RequestRejected("not sent: it has changed", stale=stale),
            facts.RequestRejected("unknown order", unknown_id=True),
            facts.RequestNotSent("Telegent could not be reached", timedelta(seconds=7)),
        ]
    )


def validation(life: Life) -> facts.DetailsValidated:
    expires = life.chance.choice([None, life.now + timedelta(hours=9)])
    if life.chance.random() < 0.2:
        return facts.DetailsValidated(("account_pin: is odd",), ("account_pin",))
    return facts.DetailsValidated(pin_expires_at=expires)


def end_of(life: Life, task: effects.Task) -> facts.TaskEnded | None:
    """One of the ways in which a task can end; None: not now."""
    chance, fine = life.chance, life.chance.random() < 0.9
    match task:
        case effects.PollOrder():
            return order_seen(life, task)
        case effects.Pause(until=until):
            return facts.PauseOver() if life.now >= until else None
        case effects.ValidateDetails():
            return validation(life)
        case effects.SubmitOrder():
            order = OrderSnapshot(order_id=f"ORD-{len(life.history)}", status="Pending")
            return response(life, facts.SubmitAccepted(order), stale=True)
        case effects.SendCorrection():
            return response(life, facts.ChangeAccepted(), stale=True)
        case effects.SendCancel():
            return response(life, facts.ChangeAccepted(), stale=False)
    ends: dict[type[effects.Task], facts.TaskEnded] = {
        effects.Prepare: facts.Prepared(chance.choice(POLICIES), chance.choice(EARLIER)),
        effects.FindNumber: facts.NumberLookedUp(chance.random() < 0.3),
        effects.CheckEligibility: facts.EligibilityRead(fine),
        effects.ClaimSim: facts.SimClaimEnded("" if fine else "iccid: in use"),
        effects.VerifyOrder: facts.OrderVerified(
            OrderSnapshot(order_id="ORD-0", status=chance.choice(STATUSES))
        ),
        effects.ComputeCarrierDeadline: facts.CarrierDeadlineComputed(life.now + 3 * HOUR),
        effects.AwaitNumber: facts.NumberInInventory("TN-1", None),
        effects.BindNumber: facts.NumberBound(),
    }
    failures: dict[type[effects.Task], facts.TaskEnded] = {
        effects.CheckEligibility: facts.ReadRejected("refused"),
        effects.VerifyOrder: facts.OrderRejected("it is an order of +1"),
        effects.BindNumber: facts.BindingFailed("refused"),
    }
    failed = None if fine or chance.random() < 0.3 else failures.get(type(task))
    return failed or ends.get(type(task))


def advance(life: Life) -> None:
    """Lets time pass, at most to the next deadline, which then passes."""
    at = life.now + life.chance.choice(SPANS)
    if isinstance(life.port.task, effects.Pause):
        at = min(at, max(life.now, life.port.task.until))
    deadline = life.port.next_deadline
    if deadline and at >= deadline.at:
        life.now = max(life.now, deadline.at)
        life.feed(facts.DeadlinePassed(deadline))
    else:
        life.now = at


def act(life: Life) -> None:
    """One thing that happens."""
    dice = life.chance.random()
    task = life.port.task
    if dice < 0.55 and task:
        if ended := end_of(life, task):
            life.feed(ended)
    elif dice < 0.75:
        advance(life)
    elif dice < 0.86:
        life.send(life.chance.choice(CORRECTIONS))
    elif dice < 0.89:
        life.send(CANCEL)
    elif dice < 0.93:
        life.send(life.chance.choice(DECISIONS))
    elif dice < 0.99:
        life.feed(facts.HintReceived())
    else:
        life.feed(facts.WorkflowCancelled())


def finish(life: Life) -> None:
    """From wherever it is, it comes to an end when all go along."""
    for _ in range(60):
        if life.port.ended:
            return
        follow_the_script(life)
    raise AssertionError(f"it does not end: {life.port.state}, {life.port.task}")


def follow_the_script(life: Life) -> None:
    """One thing happens that leads on."""
    port, task = life.port, life.port.task
    life.now += timedelta(minutes=5)
    if isinstance(task, effects.Pause):
        life.now = max(life.now, task.until)
    order_id = port.order.order_id if port.order else ""
    cooperative: dict[type[effects.Task], facts.TaskEnded] = {
        effects.SubmitOrder: facts.SubmitAccepted(OrderSnapshot(order_id="ORD-1", status="")),
        effects.SendCorrection: facts.ChangeAccepted(),
        effects.SendCancel: facts.ChangeAccepted(),
        effects.ValidateDetails: facts.DetailsValidated(),
        effects.CheckEligibility: facts.EligibilityRead(True),
        effects.ClaimSim: facts.SimClaimEnded(),
        effects.PollOrder: facts.OrderSeen(OrderSnapshot(order_id=order_id, status="Complete")),
        effects.BindNumber: facts.NumberBound(),
    }
    if isinstance(task, effects.WaitForOperator):
        if rejection_reason(port, CANCEL) is None and port.state is not PortState.SUBMIT_UNKNOWN:
            life.send(CANCEL)
        else:
            life.send(DECISIONS[list(OperatorAction).index(OperatorAction.ABANDON)])
    elif task and (ended := cooperative.get(type(task)) or end_of(life, task)):
        life.feed(ended)


def live(seed: int) -> Life:
    """One sequence, from the start to beyond the end. A failure tells all that has happened."""
    life = new_life(seed)
    try:
        life.feed(facts.Started())
        while life.chance.random() < 0.9 and not isinstance(life.port.task, AT_CARRIER):
            follow_the_script(life)
        for _ in range(life.chance.randrange(3, MAX_STEPS)):
            act(life)
        finish(life)
        for _ in range(2):
            act(life)
    except (AssertionError, RuntimeError) as error:
        story = "\n".join(
            f"{state} {type(task).__name__} <- {event}" for state, task, event in life.history
        )
        raise AssertionError(f"sequence {seed}: {error}\n{story}") from None
    return life


@pytest.mark.parametrize(
    "seeds", sampled(range(FEW), range(FEW, MANY)), ids=lambda seeds: f"{len(seeds)} sequences"
)
def test_in_any_order_of_events_the_invariants_hold(seeds: range) -> None:
    ends: dict[PortState, int] = dict.fromkeys(FINAL_STATES, 0)
    failures = 0
    for seed in seeds:
        port = live(seed).port
        failures += bool(port.failure)
        if port.state in ends:
            ends[port.state] += 1
    # Else the game would be too easy to mean anything.
    assert all(count > len(seeds) / 200 for count in ends.values()), ends
    assert failures


def test_state_of_a_long_port_in_stays_bounded() -> None:
    """Years of flickering words, deadlines, hints and corrections that never lead to an end."""
    endless = [each for each in STATUSES if each not in ("Complete", "Cancelled")]
    for seed in range(5):
        life = Life(random.Random(seed), new_port_in(PortInRequest(details=DETAILS), NOW))
        life.feed(facts.Started())
        for step in range(3000):
            task = life.port.task
            if isinstance(task, effects.PollOrder) and step % 2:
                status = life.chance.choice(endless)
                seen = OrderSnapshot(order_id=task.request.last_snapshot.order_id, status=status)
                life.feed(facts.OrderSeen(seen))
            elif isinstance(task, effects.PollOrder):
                pin = PortInCorrection(account_pin=f"{step:06}", lock_removed=True, by="x")
                life.send(pin)
                advance(life)
            else:
                follow_the_script(life)
            if life.port.ended:
                break


def test_corrections_that_wait_are_bounded() -> None:
    life = Life(random.Random(0), new_port_in(PortInRequest(details=DETAILS), NOW))
    life.feed(facts.Started())
    while not isinstance(life.port.task, effects.SubmitOrder):
        follow_the_script(life)
    life.feed(facts.RequestLost("no response"))
    for _ in range(10 * MAX_WAITING_CORRECTIONS):
        life.send(CORRECTIONS[0])
    finish(life)
