"""How soon requests can be sent, as a plan reads it."""

from temporalio.client import Client

from activities import build_orchestrator_activities
from activities.plan import waiting_calls
from simulator import SimulatorOptions
from tests.harness import idle_harness
from tests.harness.payloads import single
from tests.harness.waiting import wait_until
from worker.run import workflow_worker
from workflows.registry import WORKFLOWS
from workflows.support.activity_calls import INTERACTIVE_PRIORITY, URGENT_PRIORITY

URGENT, INTERACTIVE = URGENT_PRIORITY.priority_key or 0, INTERACTIVE_PRIORITY.priority_key or 0


async def test_waiting_calls_are_those_that_go_first(temporal: Client) -> None:
    async with idle_harness(temporal, SimulatorOptions()) as harness:
        before = [await waiting_calls(temporal, each) for each in (URGENT, INTERACTIVE)]
        activities = build_orchestrator_activities(harness.settings, temporal)
        # No worker takes calls to Telegent.
        async with workflow_worker(temporal, WORKFLOWS, activities):
            await harness.onboard(single("waiting"))

            async def waits() -> bool:
                return await waiting_calls(temporal, INTERACTIVE) == before[1] + 1

            await wait_until(waits)
        assert await waiting_calls(temporal, URGENT) == before[0]
