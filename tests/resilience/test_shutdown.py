"""A worker that shuts down, is killed, or hangs, and another one that continues."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.request_allowance import LeaseRequest
from resilience.harness.chaos_stack import ChaosStack, WorkerProcess, chaos_stack
from resilience.harness.customer import BOUGHT, Customer, create_customer
from resilience.harness.follower import OnboardingFollower
from resilience.harness.operator_bot import OperatorBot
from resilience.oracle.invariants import check_invariants
from simulator import Simulator, SimulatorOptions
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.names import line_id
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from worker.shared_rate_limiter import lease_from

pytestmark = pytest.mark.resilience

BUY = "POST /v1.0/numbers/provision"


@pytest.fixture
def customer() -> Customer:
    return create_customer(0)


@pytest.fixture
async def stack(customer: Customer, tmp_path: Path) -> AsyncIterator[ChaosStack]:
    simulator = Simulator(SimulatorOptions(carrier=customer.carrier()))
    # The call is held until a second worker has started, which may take a busy machine long.
    timeouts = {"TELEGENT_READ_TIMEOUT_SECONDS": "20"}
    async with chaos_stack(tmp_path, simulator, timeouts) as stack:
        yield stack


async def test_stopping_worker_finishes_its_purchase_and_another_continues(
    stack: ChaosStack, customer: Customer
) -> None:
    first = await stack.add_worker()
    gate = stack.simulator.gates.close(BUY, "before")
    whole = await onboarding(stack, customer)
    await asyncio.wait_for(gate.reached(), TEST_TIMEOUT)

    await stack.add_worker()
    first.terminate()
    await wait_until(lambda: "stopping: no new tasks" in log(first))
    assert first.child.running
    gate.release()

    assert await asyncio.wait_for(first.child.wait_ended(), TEST_TIMEOUT) == "exit status 0"
    progress = await asyncio.wait_for(whole, TEST_TIMEOUT)
    rows = stack.simulator.ledger.rows
    assert check_invariants(customer.request, rows, progress, customer.rejections).state == "ok"
    assert await activities(stack, line_id(customer.request.reference, BOUGHT), "number") == [
        ("buy_number", 1)
    ]


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "suspended"])
async def test_worker_gets_permits_when_the_one_that_granted_them_fails(
    stack: ChaosStack, killed: bool
) -> None:
    lease = lease_from(stack.client)
    request = LeaseRequest(requests_per_minute=50, window=60, wanted=1)
    first = await stack.add_worker()
    await lease(request)
    # It has the workflow cached now, and gets its next task first.
    await stack.add_worker()
    if killed:
        await first.kill()
    else:
        first.suspend()

    assert (await lease(request)).permits


async def onboarding(stack: ChaosStack, customer: Customer) -> asyncio.Task[OnboardingProgress]:
    await stack.orchestrator.start_onboarding(customer.request)
    bot = OperatorBot(customer, stack.orchestrator)
    follower = OnboardingFollower(stack.client, bot, stack.simulator)
    return asyncio.create_task(follower.until_closed())


def log(worker: WorkerProcess) -> str:
    return worker.child.log.read_text()


async def activities(stack: ChaosStack, workflow_id: str, about: str) -> list[tuple[str, int]]:
    """Type and attempts of each activity of a workflow with this word in its type."""
    history = await stack.client.get_workflow_handle(workflow_id).fetch_history()
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
