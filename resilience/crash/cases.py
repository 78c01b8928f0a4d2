"""One crash: an onboarding in which a process ends at a chosen point of a chosen vendor call."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.service import RPCError

from resilience.fault_matrix.calls import CALLS, ORDER, TOKEN
from resilience.harness.chaos_stack import (
    ID_KEY,
    ChaosStack,
    WorkerProcess,
    chaos_stack,
)
from resilience.harness.customer import Customer, create_customer
from resilience.harness.follower import OnboardingFollower
from resilience.harness.operator_bot import OperatorBot
from resilience.oracle.invariants import InvariantReport, check_invariants
from simulator import Simulator, SimulatorOptions
from simulator.engine.gates import Gate, GatePoint
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.names import line_id, onboarding_id, port_in_id
from workflows.support.activity_calls import VENDOR_CALL_TIMEOUT

CRASH_TIMEOUT = 600.0
"""Seconds for an onboarding after a crash; with timeouts and lookups included, it needs less."""
QUIET_PERIOD = 2.0
"""Seconds without a vendor call that count as the end of all work."""
MAX_SUSPENSION = 25.0
"""Most seconds that a worker stays suspended after the activity has timed out."""


class CrashPoint(StrEnum):
    """Where in a call a process ends."""

    BEFORE_SEND = "before send"
    BEFORE_RESPONSE = "before response"
    BEFORE_COMPLETION = "before completion"


class CrashKind(StrEnum):
    """Which process ends, and how."""

    WORKER_KILLED = "worker killed"
    WORKER_SUSPENDED = "worker suspended"
    SERVER_KILLED = "server killed"


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
    """Every call, with every point and every kind."""
    calls = [call for call in CALLS if call != TOKEN]
    return (CrashCase(*combination) for combination in product(calls, CrashPoint, CrashKind))


async def run_crash(crash: CrashCase, directory: Path, seed: int) -> InvariantReport:
    """Onboard a customer and crash a process on the way.

    An operator bot resolves the escalations truthfully, after which every resource must exist.

    Args:
        crash: What to do.
        directory: For logs and the database.
        seed: Fixes the random delays.

    Returns:
        The oracle's findings.

    Raises:
        StackError: A process did not start.
    """
    rng = random.Random(f"{seed} {crash}")  # noqa: S311 - the same seed, the same crash
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
            await _freeze_completion(stack, worker, customer, gate)
        await _inject_crash(crash.kind, stack, worker, gate, rng)
        await _until_quiet(stack.simulator)
        return await following
    finally:
        following.cancel()


async def _until_quiet(simulator: Simulator) -> None:
    """Wait until no vendor call is made except polls of orders, so that a resumed worker has shown
    what it does."""
    count = -1
    while count != (now := sum(f"{e.method} {e.path}" != ORDER for e in simulator.requests)):
        count = now
        await asyncio.sleep(QUIET_PERIOD)


async def _freeze_completion(
    stack: ChaosStack, worker: WorkerProcess, customer: Customer, gate: Gate
) -> None:
    """Let the response reach the worker, and keep the worker's completion from Temporal."""
    workflow_id, activity = await _held_activity(stack, customer)
    worker.proxy.freeze()
    gate.release()
    await worker.proxy.until_sent([workflow_id.encode(), activity.encode()])


async def _held_activity(stack: ChaosStack, customer: Customer) -> tuple[str, str]:
    """Wait until exactly one activity runs. Returns its workflow id and type."""
    request = customer.request
    ids = [onboarding_id(request.reference), port_in_id(customer.number, ID_KEY)]
    ids += [line_id(request.reference, line.key) for line in request.lines]
    while True:
        started = [found for each in ids for found in await _started_activities(stack, each)]
        if len(started) == 1:
            return started[0]
        await asyncio.sleep(0.05)


async def _started_activities(stack: ChaosStack, workflow_id: str) -> list[tuple[str, str]]:
    try:
        described = await stack.client.get_workflow_handle(workflow_id).describe()
    except RPCError:
        return []
    return [
        (workflow_id, pending.activity_type.name)
        for pending in described.raw_description.pending_activities
        if pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
    ]


async def _inject_crash(
    kind: CrashKind,
    stack: ChaosStack,
    worker: WorkerProcess,
    gate: Gate,
    rng: random.Random,
) -> None:
    """End the process, and start it or another one again."""
    if kind is CrashKind.WORKER_KILLED:
        await worker.kill()
        await stack.add_worker()
    elif kind is CrashKind.WORKER_SUSPENDED:
        worker.suspend()
        await stack.add_worker()
        await asyncio.sleep(VENDOR_CALL_TIMEOUT.total_seconds() + rng.uniform(0, MAX_SUSPENSION))
        # The response has arrived when the worker resumes.
        gate.release()
        await asyncio.sleep(0.2)
        worker.resume()
        worker.proxy.thaw()
    else:
        await stack.kill_server()
        # The response arrives while there is no server to report it to.
        gate.release()
        await asyncio.sleep(rng.uniform(0, 1))
        await stack.restart_server()
        worker.proxy.thaw()
