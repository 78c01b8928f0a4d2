"""Crashes of a line change: a process ends at a chosen point of a chosen request of it."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError

from resilience.crash.injection import (
    CrashKind,
    CrashPoint,
    crash_kinds,
    freeze_completion,
    inject_crash,
)
from resilience.fault_matrix.line_changes import (
    STORY,
    Change,
    World,
    put_line_in_service,
    resolution,
    wrong_counts,
)
from resilience.harness.chaos_stack import ID_KEY, ChaosStack, chaos_stack
from resilience.oracle.invariants import STUCK, InvariantReport
from simulator import Simulator
from simulator.engine.gates import Gate, GatePoint
from telegent_orchestrator.client import (
    LineChangeClient,
    LineChangeFailedError,
    LineChangeHandle,
)

CRASH_TIMEOUT = 600.0
"""Seconds for one line change with a crash; with timeouts and lookups included, it needs less."""
POLL_INTERVAL = 1.0
PRELUDES = {
    "restore": ("suspend",),
    "guardian 3": ("guardian 1",),
    "end": ("guardian 2",),
    "win_back": ("guardian 2", "end"),
}
"""The changes without which a change would have nothing to do."""
GATE_POINTS: dict[CrashPoint, GatePoint] = {
    CrashPoint.BEFORE_SEND: "before",
    CrashPoint.BEFORE_RESPONSE: "after",
    CrashPoint.BEFORE_COMPLETION: "after",
}
"""Of several requests to one endpoint only the first needs a token. One that is held before it is
executed never is when its sender ends."""


def _named() -> Iterator[tuple[str, Change]]:
    of_kind = Counter(change.kind for change in STORY)
    seen: Counter[str] = Counter()
    for change in STORY:
        seen[change.kind] += 1
        number = f" {seen[change.kind]}" if of_kind[change.kind] > 1 else ""
        yield f"{change.kind}{number}", change


CHANGES = dict(_named())
"""Each change of the story of the fault matrix, by its kind, and a number if there are several."""


@dataclass(frozen=True)
class Boundary:
    """A request of a change: the `nth` to this endpoint, as "METHOD path"."""

    change: str
    call: str
    nth: int

    def __str__(self) -> str:
        again = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.change}: {self.call}{again}"


@dataclass(frozen=True)
class LineChangeCrash:
    """One crash: the request, the point in it, and what ends there."""

    boundary: Boundary
    point: CrashPoint
    kind: CrashKind

    def __str__(self) -> str:
        return f"{self.boundary}, {self.point}, {self.kind}"


def all_line_change_crashes(boundaries: Sequence[Boundary]) -> Iterator[LineChangeCrash]:
    """Every request, with every point and every kind that there is here."""
    combinations = product(boundaries, CrashPoint, crash_kinds())
    return (LineChangeCrash(*combination) for combination in combinations)


async def find_boundaries(directory: Path) -> list[Boundary]:
    """Run each change without a crash. Returns the requests of each, in their order.

    Raises:
        StackError: A process did not start.
        LineChangeFailedError: A change failed.
    """
    simulator = Simulator()
    found: list[Boundary] = []
    async with chaos_stack(directory, simulator) as stack:
        await stack.add_worker()
        for name, change in CHANGES.items():
            world = await _prepare(stack, name)
            before = len(simulator.requests)
            await (await _client(stack).start(change.request(world))).result()
            nth: Counter[str] = Counter()
            for entry in simulator.requests[before:]:
                if not entry.is_token:
                    call = f"{entry.method} {entry.path}"
                    nth[call] += 1
                    found.append(Boundary(name, call, nth[call]))
    return found


async def run_line_change_crash(
    crash: LineChangeCrash, directory: Path, rng: random.Random
) -> InvariantReport:
    """Change a line and crash a process on the way.

    Escalations are resolved truthfully, after which the line must be as the change says.

    Args:
        crash: What to do.
        directory: For logs and the database.
        rng: For the delays.

    Returns:
        What is wrong, and the evidence of escalations.

    Raises:
        StackError: A process did not start.
    """
    simulator, escalations = Simulator(), list[str]()
    name, change = crash.boundary.change, CHANGES[crash.boundary.change]
    try:
        async with chaos_stack(directory, simulator) as stack, asyncio.timeout(CRASH_TIMEOUT):
            worker = await stack.add_worker()
            world = await _prepare(stack, name)
            gate = _close_gate(simulator, crash)
            handle = await _client(stack).start(change.request(world))
            following = asyncio.create_task(_follow(stack, world, handle, escalations))
            try:
                await _until_reached(gate, following)
                if crash.point is CrashPoint.BEFORE_COMPLETION:
                    await freeze_completion(stack, worker, [handle.id], gate)
                await inject_crash(crash.kind, stack, worker, gate, rng)
                await following
            finally:
                following.cancel()
    except TimeoutError:
        return InvariantReport([STUCK, f"not ended within {CRASH_TIMEOUT:.0f} s"], escalations)
    except LineChangeFailedError as error:
        return InvariantReport([f"{name} failed: {error}"], escalations)
    done = Counter(what for each in _with_prelude(name) for what in CHANGES[each].once)
    wrong = wrong_counts(simulator, done)
    if not change.holds(world):
        wrong.append(f"{name} is reported as done, and is not")
    return InvariantReport(wrong, escalations)


def _client(stack: ChaosStack) -> LineChangeClient:
    return LineChangeClient(stack.client, id_key=ID_KEY)


def _with_prelude(name: str) -> list[str]:
    return [*PRELUDES.get(name, ()), name]


async def _prepare(stack: ChaosStack, name: str) -> World:
    """Put a line into service on which a change has something to do."""
    stack.simulator.reset()
    world = put_line_in_service(stack.simulator)
    for earlier in PRELUDES.get(name, ()):
        await (await _client(stack).start(CHANGES[earlier].request(world))).result()
    CHANGES[name].prepare(world)
    return world


def _close_gate(simulator: Simulator, crash: LineChangeCrash) -> Gate:
    """Close the gate of one request, and open those of the earlier ones to the same endpoint."""
    call, point = crash.boundary.call, GATE_POINTS[crash.point]
    for _ in range(crash.boundary.nth - 1):
        simulator.gates.close(call, point).release()
    return simulator.gates.close(call, point)


async def _until_reached(gate: Gate, following: asyncio.Task[None]) -> None:
    """Wait until the request is held.

    Raises:
        LineChangeFailedError: The change failed before.
        TimeoutError: It ended before.
    """
    reached = asyncio.create_task(gate.reached())
    try:
        await asyncio.wait({reached, following}, return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            await following
            raise TimeoutError
    finally:
        reached.cancel()


async def _follow(
    stack: ChaosStack, world: World, handle: LineChangeHandle, escalations: list[str]
) -> None:
    """Resolve escalations until the change ends, through outages of Temporal and the workers."""
    while not await _has_ended(handle):
        with contextlib.suppress(RPCError, WorkflowQueryFailedError):
            status = await handle.status()
            for each in status.escalations:
                escalations += each.evidence
                await handle.resolve(resolution(stack.simulator, world, status, each.step))
        await asyncio.sleep(POLL_INTERVAL)
    await handle.result()


async def _has_ended(handle: LineChangeHandle) -> bool:
    with contextlib.suppress(RPCError):
        return (await handle.execution()).ended_at is not None
    return False
