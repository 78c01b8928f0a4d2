"""`python -m worker replay`: can this build continue all open workflows?"""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from simulator import CarrierRecord, SimulatorOptions
from telegent_orchestrator.names import PORT_IN_WORKFLOW
from telegent_orchestrator.port_in import PortInDetails, PortInRequest, PortState
from tests.harness import new_namespace, running_harness
from tests.harness.documents import documented_commands
from tests.harness.payloads import port_in
from tests.harness.port_ins import until
from tests.harness.processes import base_environment, run_worker
from tests.harness.waiting import TEST_TIMEOUT
from tools.docs.documents import ROOT

NUMBER = "+18015550142"
COMMAND = documented_commands(
    ROOT / "docs" / "how-to" / "changing-workflows.md", "replay what is open"
).split()


@workflow.defn(name=PORT_IN_WORKFLOW)
class OtherBuild:
    """A port-in as no build of ours has ever begun one."""

    @workflow.run
    async def run(self, request: dict[str, Any]) -> None:
        await workflow.sleep(timedelta(hours=1))


async def test_replay_names_incompatible_executions(temporal: Client) -> None:
    client = await new_namespace(temporal)
    async with running_harness(client, SimulatorOptions()) as harness:
        env = base_environment(
            TEMPORAL_ADDRESS=client.service_client.config.target_host,
            TEMPORAL_NAMESPACE=client.namespace,
        )
        harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
        request = PortInRequest(details=PortInDetails.model_validate(port_in(NUMBER)))
        port = await harness.orchestrator.start_port_in(request)
        await until(port, PortState.SUBMITTED)
        assert COMMAND[:3] == [".venv/bin/python", "-m", "worker"]

        fits = await run_worker(env, *COMMAND[3:])
        assert (fits.status, fits.err) == (0, "")
        assert fits.out == "1 of 1 open workflows can continue with this build\n"

        async with Worker(
            client,
            task_queue="other",
            workflows=[OtherBuild],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            other = await client.start_workflow(
                PORT_IN_WORKFLOW, {"details": port_in()}, id="other", task_queue="other"
            )
            async with asyncio.timeout(TEST_TIMEOUT):
                while (await other.describe()).history_length < 5:
                    await asyncio.sleep(0.05)
        stops = await run_worker(env, *COMMAND[3:])
        assert stops.status == 1
        assert stops.out == "1 of 2 open workflows can continue with this build\n"
        (line,) = stops.lines
        assert line.startswith("other: [TMPRL1100] Nondeterminism")
