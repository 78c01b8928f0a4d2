"""One crash: an onboarding, a process that ends at a chosen point of a chosen vendor call."""

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
from resilience.harness.customer import Family, family
from resilience.harness.environment import ID_KEY, Scene, WorkerProcess, scene
from resilience.harness.follower import Follower
from resilience.harness.operator_bot import Desk
from resilience.oracle.invariants import Verdict, judge
from simulator import Simulator, SimulatorOptions
from simulator.engine.gates import Gate, Moment
from telegent_orchestrator.client import Progress
from telegent_orchestrator.names import line_id, onboarding_id, port_in_id
from workflows.support.activity_options import CALL

WITHIN = 600.0
"""Seconds that an onboarding has after a crash: time-outs and looks included, it needs less."""
SILENCE = 2.0
"""Seconds without a call that count as the end of all work."""
LONGEST_STOP = 25.0
"""Seconds that a stopped worker is kept stopped, at the most, after the activity has timed out."""


class Point(StrEnum):
    """Where in a call something ends."""

    BEFORE_SEND = "before send"
    BEFORE_ANSWER = "before the answer"
    BEFORE_RECORD = "before the record"


class Kind(StrEnum):
    """What ends."""

    WORKER_KILLED = "worker killed"
    WORKER_STOPPED = "worker stopped"
    SERVER_KILLED = "server killed"


HELD_AT: dict[Point, Moment] = {
    # A token is fetched when the activity has started, and before the call is sent.
    Point.BEFORE_SEND: "token",
    Point.BEFORE_ANSWER: "after",
    Point.BEFORE_RECORD: "after",
}


@dataclass(frozen=True)
class Crash:
    """One crash, by the call, the point in it, and what ends there."""

    call: str
    point: Point
    kind: Kind

    def __str__(self) -> str:
        return f"{self.call}, {self.point}, {self.kind}"


def every_crash() -> Iterator[Crash]:
    """Each call, at each point, with each kind of end."""
    calls = [call for call in CALLS if call != TOKEN]
    return (Crash(*chosen) for chosen in product(calls, Point, Kind))


async def play(crash: Crash, directory: Path, seed: int) -> Verdict:
    """Onboards a family and crashes on the way; the verdict on what then is there.

    Whoever is asked in the end answers with the truth, after which all must be there. `seed` fixes
    what is left to chance. Logs and the database are in `directory`. Raises DemoError if a process
    does not start.
    """
    chance = random.Random(f"{seed} {crash}")  # noqa: S311 - the same seed, the same crash
    customer = family(0)
    simulator = Simulator(SimulatorOptions(carrier=customer.carrier()))

    def verdict(progress: Progress) -> Verdict:
        return judge(customer.request, simulator.ledger.rows, progress, customer.rejections)

    gate = simulator.gates.close(crash.call, HELD_AT[crash.point])
    try:
        async with scene(directory, simulator) as stage, asyncio.timeout(WITHIN):
            worker = await stage.start_worker()
            desk = Desk(customer, stage.orchestrator)
            follower = Follower(stage.client, desk, simulator)
            await stage.orchestrator.start_onboarding(customer.request)
            whole = asyncio.create_task(follower.until_rest())
            try:
                await gate.reached()
                if crash.point is Point.BEFORE_RECORD:
                    await _answer_into_frozen(stage, worker, customer, gate)
                await _strike(crash.kind, stage, worker, gate, chance)
                await _silence(simulator)
                found = verdict(await whole)
            finally:
                whole.cancel()
            if found.state != "person":
                return found
            answered = verdict(await follower.until_closed())
            if answered.state == "ok":
                return found
            return Verdict(["after all was answered:", *answered.wrong], answered.waits)
    except TimeoutError:
        return Verdict([f"not at its end within {WITHIN:.0f} s; {gate}"], [])


async def _silence(simulator: Simulator) -> None:
    """Waits until nothing is asked any more, looks at a waiting order aside: a worker that went
    on late must have shown what it does."""
    asked = -1
    while asked != (now := sum(f"{e.method} {e.path}" != ORDER for e in simulator.requests)):
        asked = now
        await asyncio.sleep(SILENCE)


async def _answer_into_frozen(
    stage: Scene, worker: WorkerProcess, customer: Family, gate: Gate
) -> None:
    """Lets the answer through to the worker, and the worker's word of it not to Temporal."""
    workflow_id, activity = await _held(stage, customer)
    worker.proxy.freeze()
    gate.release()
    await worker.proxy.seen([workflow_id.encode(), activity.encode()])


async def _held(stage: Scene, customer: Family) -> tuple[str, str]:
    """Workflow and type of the activity that is under way; waits until there is just one."""
    request = customer.request
    ids = [onboarding_id(request.reference), port_in_id(customer.number, ID_KEY)]
    ids += [line_id(request.reference, line.key) for line in request.lines]
    while True:
        started = [found for each in ids for found in await _started(stage, each)]
        if len(started) == 1:
            return started[0]
        await asyncio.sleep(0.05)


async def _started(stage: Scene, workflow_id: str) -> list[tuple[str, str]]:
    try:
        described = await stage.client.get_workflow_handle(workflow_id).describe()
    except RPCError:
        return []
    return [
        (workflow_id, pending.activity_type.name)
        for pending in described.raw_description.pending_activities
        if pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
    ]


async def _strike(
    kind: Kind, stage: Scene, worker: WorkerProcess, gate: Gate, chance: random.Random
) -> None:
    """Ends what is to end, and brings it, or another one, back."""
    if kind is Kind.WORKER_KILLED:
        await worker.kill()
        await stage.start_worker()
    elif kind is Kind.WORKER_STOPPED:
        worker.stop()
        await stage.start_worker()
        await asyncio.sleep(CALL.total_seconds() + chance.uniform(0, LONGEST_STOP))
        # The answer is there when the worker goes on.
        gate.release()
        await asyncio.sleep(0.2)
        worker.go_on()
        worker.proxy.thaw()
    else:
        await stage.kill_server()
        # The answer comes while there is no server to tell of it.
        gate.release()
        await asyncio.sleep(chance.uniform(0, 1))
        await stage.restart_server()
        worker.proxy.thaw()
