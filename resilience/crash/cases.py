"""One crash: an onboarding in which a process ends at a chosen point of a chosen vendor call."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from resilience.crash.injection import (
    CrashKind,
    CrashPoint,
    crash_kinds,
    freeze_completion,
    inject_crash,
)
from resilience.fault_matrix.calls import CALLS, ORDER, TOKEN
from resilience.harness.chaos_stack import ID_KEY, ChaosStack, chaos_stack
from resilience.harness.customer import Customer, create_customer
from resilience.harness.follower import OnboardingFollower
from resilience.harness.operator_bot import OperatorBot
from resilience.oracle.invariants import InvariantReport, check_invariants
from simulator import Simulator, SimulatorOptions
from simulator.engine.gates import Gate, GatePoint
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.names import line_id, onboarding_id, port_in_id

CRASH_TIMEOUT = 600.0
"""Seconds for an onboarding after a crash; with timeouts and lookups included, it needs less."""
QUIET_PERIOD = 2.0
"""Seconds without a vendor call that count as the end of all work."""


GATE_POINTS: dict[CrashPoint, GatePoint] = {
    # A token is requested after the activity has started and before the call is sent.
    CrashPoint.BEFORE_SEND: "token",
    CrashPoint.BEFORE_RESPONSE: "after",
    CrashPoint.BEFORE_COMPLETION: "after",
}


@dataclass(frozen=True)
class CrashCase:
    """One crash: the call, the point in it, and what ends there."""

    call: str
    point: CrashPoint
    kind: CrashKind

    def __str__(self) -> str:
        return f"{self.call}, {self.point}, {self.kind}"


def all_crashes() -> Iterator[CrashCase]:
    """Every call, with every point and every kind that there is here."""
    calls = [call for call in CALLS if call != TOKEN]
    return (CrashCase(*combination) for combination in product(calls, CrashPoint, crash_kinds()))


async def run_crash(crash: CrashCase, directory: Path, rng: random.Random) -> InvariantReport:
    """Onboard a customer and crash a process on the way.

    An operator bot resolves the escalations truthfully, after which every resource must exist.

    Args:
        crash: What to do.
        directory: For logs and the database.
        rng: For the delays.

    Returns:
        The oracle's findings.

    Raises:
        StackError: A process did not start.
    """
    customer = create_customer(0)
    simulator = Simulator(SimulatorOptions(carrier=customer.carrier()))

    def report(progress: OnboardingProgress) -> InvariantReport:
        return check_invariants(
            customer.request, simulator.ledger.rows, progress, customer.rejections
        )

    gate = simulator.gates.close(crash.call, GATE_POINTS[crash.point])
    try:
        async with chaos_stack(directory, simulator) as stack, asyncio.timeout(CRASH_TIMEOUT):
            bot = OperatorBot(customer, stack.orchestrator)
            follower = OnboardingFollower(stack.client, bot, simulator)
            found = report(await _onboard_and_crash(crash, stack, customer, follower, gate, rng))
            if found.state != "escalated":
                return found
            resolved = report(await follower.until_closed())
            if resolved.state == "ok":
                return found
            return InvariantReport(
                ["after all escalations were resolved:", *resolved.violations], resolved.escalations
            )
    except TimeoutError:
        return InvariantReport([f"not ended within {CRASH_TIMEOUT:.0f} s; {gate}"], [])


async def _onboard_and_crash(
    crash: CrashCase,
    stack: ChaosStack,
    customer: Customer,
    follower: OnboardingFollower,
    gate: Gate,
    rng: random.Random,
) -> OnboardingProgress:
    """Onboard, crash at the gate, and return the progress when the onboarding is quiescent."""
    worker = await stack.add_worker()
    await stack.orchestrator.start_onboarding(customer.request)
    following = asyncio.create_task(follower.until_quiescent())
    try:
        await gate.reached()
        if crash.point is CrashPoint.BEFORE_COMPLETION:
            await freeze_completion(stack, worker, _workflow_ids(customer), gate)
        await inject_crash(crash.kind, stack, worker, gate, rng)
        await _until_quiet(stack.simulator)
        return await following
    finally:
        following.cancel()


def _workflow_ids(customer: Customer) -> list[str]:
    request = customer.request
    return [
        onboarding_id(request.reference),
        port_in_id(customer.number, ID_KEY),
        *(line_id(request.reference, line.key) for line in request.lines),
    ]


async def _until_quiet(simulator: Simulator) -> None:
    """Wait until no vendor call is made except polls of orders, so that a resumed worker has shown
    what it does."""
    count = -1
    while count != (now := sum(f"{e.method} {e.path}" != ORDER for e in simulator.requests)):
        count = now
        await asyncio.sleep(QUIET_PERIOD)
