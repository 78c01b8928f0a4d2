"""A worker of another team, in its own namespace: it sells lines through the Nexus service.

.venv/bin/python -m examples.nexus_caller
"""

import asyncio
import os
from pathlib import Path

from temporalio import workflow
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from telegent_orchestrator.encryption import data_converter, parse_key_ring
    from telegent_orchestrator.nexus import CorrectPortIn, TelegentOrchestrator
    from telegent_orchestrator.onboarding import OnboardingRequest
    from telegent_orchestrator.port_in import PortState

NAMESPACE = TASK_QUEUE = "shop"
ENDPOINT = "telegent"


@workflow.defn
class SellLines:
    """Waits until the lines are in service, which may take days."""

    @workflow.run
    async def run(self, order: OnboardingRequest) -> list[str | None]:
        """The phone numbers of the lines."""
        orchestrator = workflow.create_nexus_client(service=TelegentOrchestrator, endpoint=ENDPOINT)
        sold = await orchestrator.execute_operation(TelegentOrchestrator.onboard, order)
        return [line.phone_number for line in sold.lines]


@workflow.defn
class FixPortIn:
    """Sends the account number that the customer has corrected."""

    @workflow.run
    async def run(self, correction: CorrectPortIn) -> PortState:
        """The state of the port-in when it accepted the correction."""
        orchestrator = workflow.create_nexus_client(service=TelegentOrchestrator, endpoint=ENDPOINT)
        return await orchestrator.execute_operation(TelegentOrchestrator.correct, correction)


async def work(keys_file: Path) -> None:
    """Run the worker until it is stopped, with the payload keys of the orchestrator's worker."""
    config = ClientConfig.load_client_connect_config()
    config["namespace"] = NAMESPACE
    keys = parse_key_ring(await asyncio.to_thread(keys_file.read_text))
    client = await Client.connect(**config, data_converter=data_converter(keys))
    await Worker(client, task_queue=TASK_QUEUE, workflows=[SellLines, FixPortIn]).run()


if __name__ == "__main__":
    asyncio.run(work(Path(os.environ["TELEGENT_PAYLOAD_KEYS_FILE"])))
