"""What a deploy does: a worker is asked to end in the middle of a purchase, another one goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from resilience.harness.customer import BOUGHT, Family, family
from resilience.harness.environment import Scene, WorkerProcess, scene
from resilience.harness.follower import Follower
from resilience.harness.operator_bot import Desk
from resilience.oracle.invariants import judge
from simulator import Simulator, SimulatorOptions
from telegent_orchestrator.client import Progress
from telegent_orchestrator.names import line_id
from tests.timeouts import PATIENCE

BUY = "POST /v1.0/numbers/provision"


@pytest.fixture
def customer() -> Family:
    return family(0)


@pytest.fixture
async def stage(customer: Family, tmp_path: Path) -> AsyncIterator[Scene]:
    simulator = Simulator(SimulatorOptions(carrier=customer.carrier()))
    # The call is held until a second worker has started, which may take a busy machine long.
    patience = {"TELEGENT_READ_TIMEOUT_SECONDS": "20"}
    async with scene(tmp_path, simulator, patience) as stage:
        yield stage


async def test_a_purchase_finishes_and_another_worker_goes_on(
    stage: Scene, customer: Family
) -> None:
    first = await stage.start_worker()
    gate = stage.simulator.gates.close(BUY, "before")
    whole = await onboarding(stage, customer)
    await asyncio.wait_for(gate.reached(), PATIENCE)

    await stage.start_worker()
    first.ask_to_end()
    await until(lambda: "stopping: no new work" in log(first))
    assert first.child.running
    gate.release()

    assert await asyncio.wait_for(first.child.ended(), PATIENCE) == "exit status 0"
    progress = await asyncio.wait_for(whole, PATIENCE)
    rows = stage.simulator.ledger.rows
    assert judge(customer.request, rows, progress, customer.rejections).state == "ok"
    assert await activities(stage, line_id(customer.request.reference, BOUGHT), "number") == [
        ("buy_number", 1)
    ]


async def onboarding(stage: Scene, customer: Family) -> asyncio.Task[Progress]:
    await stage.orchestrator.start_onboarding(customer.request)
    desk = Desk(customer, stage.orchestrator)
    follower = Follower(stage.client, desk, stage.simulator)
    return asyncio.create_task(follower.until_closed())


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not met():
            await asyncio.sleep(0.05)


def log(worker: WorkerProcess) -> str:
    return worker.child.log.read_text()


async def activities(stage: Scene, workflow_id: str, about: str) -> list[tuple[str, int]]:
    """Type and attempts of each activity of a workflow with this word in its type."""
    history = await stage.client.get_workflow_handle(workflow_id).fetch_history()
    types = {
        event.event_id: event.activity_task_scheduled_event_attributes.activity_type.name
        for event in history.events
    }
    begun = [
        event.activity_task_started_event_attributes
        for event in history.events
        if event.HasField("activity_task_started_event_attributes")
    ]
    found = [(types[start.scheduled_event_id], start.attempt) for start in begun]
    return [(kind, attempt) for kind, attempt in found if about in kind]
