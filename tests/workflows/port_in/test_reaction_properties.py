"""The decision of a port-in, tried with random events, clocks, vendor words and messages.

Each sequence plays the shell in memory: it ends the task under way in one of the ways in which it
can end, lets deadlines pass, and sends messages, whether they fit or not. After each decision the
invariants of `Life` must hold; their names say what they promise.
"""

import os
import random

import pytest

from activities.port_in.orders import OrderSnapshot
from telegent_orchestrator.port_in import FINAL_STATES, PortInCorrection, PortInRequest, PortState
from tests.harness.port_in_chance import (
    CORRECTIONS,
    DETAILS,
    STATUSES,
    advance,
    finish,
    follow_the_script,
    live,
)
from tests.harness.port_in_life import NOW, Life
from tests.harness.tiers import sampled
from workflows.port_in import effects, facts
from workflows.port_in.reaction import MAX_WAITING_CORRECTIONS
from workflows.port_in.state import new_port_in

# What happens in one sequence of a thousand is in all of 10,000 missed once in 20,000 times.
MANY = int(os.environ.get("PORT_IN_SEQUENCES", "10000"))
FEW = MANY // 5


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
