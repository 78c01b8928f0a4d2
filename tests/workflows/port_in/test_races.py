"""Two hundred port-ins in which people, hints and the carrier act in random orders.

A third of all corrections and cancels is lost or refused. Each ends in a legal final state that
equals what the simulator's ledger says happened, and none gets stuck or runs in circles.
"""

import asyncio
import contextlib
import random
from collections import defaultdict
from dataclasses import replace

import pytest
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.service import RPCError
from temporalio.worker import Replayer

from activities import ActivitySettings
from activities.port_in.policy import PortInPolicy
from simulator import CarrierRecord, CarrierSetup, CarrierTimings, Fault, SimulatorOptions
from simulator.engine.faults import FaultKind
from telegent_orchestrator import names
from telegent_orchestrator.client import MessageRejectedError, PortInHandle
from telegent_orchestrator.port_in import (
    FINAL_STATES,
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortInResult,
    PortState,
)
from tests.harness import SETTINGS, Harness
from tests.harness.payloads import port_in
from tests.harness.waiting import TEST_TIMEOUT
from worker.run import workflow_runner
from workflows.registry import WORKFLOWS
from workflows.support.resets import ResetInterceptor

pytestmark = pytest.mark.resilience

FAULTS: list[tuple[FaultKind, int]] = [
    ("drop_response", 500),
    ("error_before", 500),
    ("error_after", 500),
    ("error_before", 400),
]
MAX_EVENTS = 1_000
ONE_MORE_MESSAGE = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
SEEDS = range(200)
AT_ONCE = 20
TRUTH = PortInCorrection(account_number="100200301", account_pin="482913", by="a")


def number(seed: int) -> str:
    return f"+1801555{seed:04}"


def record(chance: random.Random) -> CarrierRecord:
    return chance.choice(
        [
            CarrierRecord(),
            CarrierRecord(account_number=TRUTH.account_number),
            CarrierRecord(pin="482914"),
            CarrierRecord(locked=True),
            CarrierRecord(script="silent"),
            CarrierRecord(script="complete_during_cancel"),
            CarrierRecord(script="reject:9Z-ACCOUNT ON HOLD"),
            CarrierRecord(eligible=False),
        ]
    )


async def act(harness: Harness, handle: PortInHandle, seed: int, chance: random.Random) -> None:
    """Send one random message, valid in this state or not."""
    raw = harness.temporal.get_workflow_handle(handle.id)
    match chance.randrange(10):
        case 0:
            await handle.signal_correction(PortInCorrection(account_number="7", by="a"))
        case 1:
            await handle.signal_correction(TRUTH)
        case 2:
            await handle.correct(PortInCorrection(account_pin="482914", by="b"))
        case 3:
            harness.telegent.carrier.unlock(number(seed))
            await handle.correct(PortInCorrection(lock_removed=True, by="c"))
        case 4:
            for _ in range(chance.randrange(1, 6)):
                await handle.poll_now()
        case 5:
            await raw.signal(names.CORRECT_MESSAGE, {"nonsense": chance.random()})
        case 6:
            await raw.signal(names.CANCEL_MESSAGE, {"by": "d", "reason": "changed their mind"})
        case 7:
            action = chance.choice([OperatorAction.RETRY_NOW, OperatorAction.RESTART])
            await handle.decide(OperatorDecision(action=action, by="e", reason="a try"))
        case 8:
            await raw.cancel()
        case 9:
            await handle.decide(
                OperatorDecision(
                    action=OperatorAction.REPLACE_DATA,
                    by="f",
                    reason="other data",
                    correction=TRUTH,
                )
            )


async def live(harness: Harness, seed: int) -> tuple[PortInResult, PortInHandle]:
    """One port-in's life; whatever is open in the end is cancelled."""
    chance = random.Random(seed)
    harness.telegent.carrier.set_record(number(seed), record(chance))
    details = PortInDetails.model_validate(port_in(number(seed)))
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=details))
    for _ in range(chance.randrange(1, 7)):
        await asyncio.sleep(chance.random() * 0.5)
        try:
            await act(harness, handle, seed, chance)
        except (MessageRejectedError, RPCError):
            # Refused, or over already: both are part of the game.
            continue
    ending = asyncio.create_task(handle.result())
    async with asyncio.timeout(TEST_TIMEOUT):
        while not ending.done():
            with contextlib.suppress(MessageRejectedError, RPCError):
                await handle.cancel(PortInCancel(by="the end", reason="still open"))
            await asyncio.wait([ending], timeout=1)
    return ending.result(), handle


@pytest.fixture
def options() -> SimulatorOptions:
    quick = CarrierTimings(acknowledge_after=0.2, decide_after=0.5, complete_after=1)
    return SimulatorOptions(carrier=CarrierSetup(timings=quick))


@pytest.fixture
def settings() -> ActivitySettings:
    return replace(SETTINGS, port_in_policy=PortInPolicy(max_rejections=20))


def add_faults(harness: Harness) -> None:
    """A third of what is asked of orders is lost or refused."""
    chance = random.Random(1)
    for what in ("update", "cancel"):
        for nth in sorted(chance.sample(range(1, len(SEEDS) * 2), len(SEEDS) * 2 // 3)):
            kind, status = chance.choice(FAULTS)
            match = f"POST /v1.0/numbers/portin/{what}"
            harness.telegent.faults.add(Fault(match=match, kind=kind, nth=nth, status=status))


async def replay_failure(harness: Harness, handle: PortInHandle) -> str | None:
    """Why this build could not continue it, had its worker been restarted."""
    replayer = Replayer(
        workflows=WORKFLOWS,
        data_converter=harness.temporal.data_converter,
        workflow_runner=workflow_runner(),
        interceptors=[ResetInterceptor()],
    )
    history = await harness.temporal.get_workflow_handle(handle.id).fetch_history()
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return str(result.replay_failure) if result.replay_failure else None


async def in_circles(harness: Harness, handle: PortInHandle) -> bool:
    """Whether its history has a workflow task that failed by our fault, or is long."""
    history = await harness.temporal.get_workflow_handle(handle.id).fetch_history()
    failed = [
        event.workflow_task_failed_event_attributes.cause
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    ]
    # A message that arrives at the very end is not dropped, but handled in one more task.
    return any(cause != ONE_MORE_MESSAGE for cause in failed) or len(history.events) > MAX_EVENTS


async def test_any_order_of_events_ends_as_the_ledger_says(harness: Harness) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    add_faults(harness)

    async def gated(seed: int) -> tuple[PortInResult, PortInHandle]:
        async with gate:
            return await live(harness, seed)

    results = await asyncio.gather(*(gated(seed) for seed in SEEDS))

    effects_by_number: dict[str, list[str]] = defaultdict(list)
    order_of: dict[str, str] = {}
    for row in harness.telegent.ledger.rows:
        if row.kind == "portin.submitted":
            order_of[row.data["order_id"]] = row.data["number"]
        if row.kind.startswith("portin."):
            whose = row.data.get("number") or order_of[row.data["order_id"]]
            effects_by_number[whose].append(row.kind.removeprefix("portin."))
    wrong = []
    ends = set()
    for seed, (result, handle) in zip(SEEDS, results, strict=True):
        effects = effects_by_number[number(seed)]
        ended = effects[-1] if effects else "never submitted"
        expected = {
            PortState.COMPLETED: ["completed"],
            PortState.CANCELLED: ["cancelled", "never submitted"],
            PortState.INELIGIBLE: ["never submitted"],
        }[result.state]
        ends.add(result.state)
        open_at_once = effects.count("submitted") - effects.count("cancelled") > 1
        if result.state not in FINAL_STATES or ended not in expected or open_at_once:
            wrong.append((seed, result.state, effects))
        elif await in_circles(harness, handle):
            wrong.append((seed, result.state, ["runs in circles"]))
        elif seed % 5 == 0 and (failure := await replay_failure(harness, handle)):
            wrong.append((seed, result.state, [failure]))
    assert not wrong
    # Else the game would be too easy to mean anything.
    assert ends == {PortState.COMPLETED, PortState.CANCELLED, PortState.INELIGIBLE}
