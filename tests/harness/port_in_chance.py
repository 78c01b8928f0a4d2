"""Chance: the events, clocks, vendor words and messages that a `Life` meets."""

import random
from datetime import date, timedelta

from activities.port_in.earlier_runs import EarlierPortIn
from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import (
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
from tests.harness.port_in_life import NOW, Life
from workflows.port_in import effects, facts
from workflows.port_in.reaction import rejection_reason
from workflows.port_in.state import new_port_in

MAX_STEPS = 60
NUMBER = "+18015550142"
HOUR = timedelta(hours=1)
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
AT_CARRIER = (effects.PollOrder, effects.WaitForOperator)


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
        effects.Prepare: facts.Prepared(
            chance.choice(POLICIES), chance.choice(EARLIER), validation(life), ("receiver",)
        ),
        effects.FindNumber: facts.NumberLookedUp(chance.random() < 0.3),
        effects.CheckEligibility: facts.EligibilityRead(chance.random() < 0.8),
        effects.ClaimSim: facts.SimClaimEnded("" if fine else "iccid: in use"),
        effects.VerifyOrder: facts.OrderVerified(
            OrderSnapshot(order_id="ORD-0", status=chance.choice(STATUSES))
        ),
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
