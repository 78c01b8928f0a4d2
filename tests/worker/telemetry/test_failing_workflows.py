"""The gauge of workflows that cannot continue follows their tasks."""

from unittest.mock import Mock

from temporalio.common import MetricMeter

from simulator import SimulatorOptions
from telegent_orchestrator.names import TASK_QUEUE
from tests.harness import dev_server
from tests.harness.environment import running_harness
from tests.harness.waiting import wait_until
from worker.telemetry.backlog import BacklogGauges

# By default, the server calls a workflow failing after five failures in a row, which take a minute.
AFTER_ONE = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1"


async def test_workflow_that_no_worker_knows_counts_until_it_has_ended(
    options: SimulatorOptions,
) -> None:
    meter = Mock(MetricMeter)
    shown: dict[str, float] = {}

    def create(name: str, _description: str) -> Mock:
        return Mock(set=lambda value, _labels=None: shown.update({name: value}))

    meter.create_gauge.side_effect = create
    async with dev_server(AFTER_ONE) as client, running_harness(client, options):
        gauges = BacklogGauges(client, meter)

        async def failing() -> float:
            await gauges.update_failing()
            return shown["telegent_workflows_failing"]

        assert await failing() == 0
        unknown = await client.start_workflow("Unknown", id="unknown", task_queue=TASK_QUEUE)
        await wait_until(failing, lambda count: count == 1)
        await unknown.terminate()
        await wait_until(failing, lambda count: count == 0)
