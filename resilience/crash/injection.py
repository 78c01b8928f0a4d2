"""End a process at a chosen point of a vendor call, and start it or another one again."""

import asyncio
import random
from collections.abc import Sequence
from enum import StrEnum

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.service import RPCError

from resilience.harness.chaos_stack import ChaosStack, WorkerProcess
from resilience.harness.temporal_choice import on_postgresql
from simulator.engine.gates import Gate
from workflows.support.activity_calls import VENDOR_CALL_TIMEOUT

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
    DATABASE_KILLED = "database killed"


def crash_kinds() -> list[CrashKind]:
    """All kinds, without that of PostgreSQL's server if Temporal does not run on it."""
    return [k for k in CrashKind if k is not CrashKind.DATABASE_KILLED or on_postgresql()]


async def freeze_completion(
    stack: ChaosStack, worker: WorkerProcess, workflow_ids: Sequence[str], gate: Gate
) -> None:
    """Let the response reach the worker, and keep the worker's completion from Temporal."""
    workflow_id, activity = await _held_activity(stack, workflow_ids)
    worker.proxy.freeze()
    gate.release()
    await worker.proxy.until_sent([workflow_id.encode(), activity.encode()])


async def _held_activity(stack: ChaosStack, workflow_ids: Sequence[str]) -> tuple[str, str]:
    """Wait until exactly one activity runs. Returns its workflow id and type."""
    while True:
        started = [
            found for each in workflow_ids for found in await _started_activities(stack, each)
        ]
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


async def inject_crash(
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
        process = stack.server if kind is CrashKind.SERVER_KILLED else stack.database
        assert process is not None
        await process.kill()
        # The response arrives while there is nothing to report it to.
        gate.release()
        await asyncio.sleep(rng.uniform(0, 1))
        await process.start()
        worker.proxy.thaw()
