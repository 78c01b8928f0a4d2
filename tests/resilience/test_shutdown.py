"""What a deploy does: a worker is asked to end in the middle of a purchase, another one goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from resilience.harness.customer import BOUGHT, Customer, create_customer
from resilience.harness.environment import ChaosEnvironment, WorkerProcess, chaos_environment
from resilience.harness.follower import OnboardingFollower
from resilience.harness.operator_bot import OperatorBot
from resilience.oracle.invariants import check_invariants
from simulator import Simulator, SimulatorOptions
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.names import line_id
from tests.harness.waiting import TEST_TIMEOUT

BUY = "POST /v1.0/numbers/provision"


@pytest.fixture
def customer() -> Customer:
    return create_customer(0)


@pytest.fixture
async def environment(customer: Customer, tmp_path: Path) -> AsyncIterator[ChaosEnvironment]:
    simulator = Simulator(SimulatorOptions(carrier=customer.carrier()))
    # The call is held until a second worker has started, which may take a busy machine long.
    patience = {"TELEGENT_READ_TIMEOUT_SECONDS": "20"}
    async with chaos_environment(tmp_path, simulator, patience) as environment:
        yield environment


async def test_a_purchase_finishes_and_another_worker_goes_on(
    environment: ChaosEnvironment, customer: Customer
) -> None:
    first = await environment.start_worker()
    gate = environment.simulator.gates.close(BUY, "before")
    whole = await onboarding(environment, customer)
    await asyncio.wait_for(gate.reached(), TEST_TIMEOUT)

    await environment.start_worker()
    first.terminate()
    await until(lambda: "stopping: no new work" in log(first))
    assert first.child.running
    gate.release()

    assert await asyncio.wait_for(first.child.wait_ended(), TEST_TIMEOUT) == "exit status 0"
    progress = await asyncio.wait_for(whole, TEST_TIMEOUT)
    rows = environment.simulator.ledger.rows
    assert check_invariants(customer.request, rows, progress, customer.rejections).state == "ok"
    assert await activities(environment, line_id(customer.request.reference, BOUGHT), "number") == [
        ("buy_number", 1)
    ]


async def onboarding(
    environment: ChaosEnvironment, customer: Customer
) -> asyncio.Task[OnboardingProgress]:
    await environment.orchestrator.start_onboarding(customer.request)
    bot = OperatorBot(customer, environment.orchestrator)
    follower = OnboardingFollower(environment.client, bot, environment.simulator)
    return asyncio.create_task(follower.until_closed())


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(TEST_TIMEOUT):
        while not met():
            await asyncio.sleep(0.05)


def log(worker: WorkerProcess) -> str:
    return worker.child.log.read_text()


async def activities(
    environment: ChaosEnvironment, workflow_id: str, about: str
) -> list[tuple[str, int]]:
    """Type and attempts of each activity of a workflow with this word in its type."""
    history = await environment.client.get_workflow_handle(workflow_id).fetch_history()
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
