"""The plain flow under trial: the same lanes, faults and judge."""

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager

from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError
from temporalio.worker import Worker

from bench.baseline.flow import TASK_QUEUE, PlainOnboarding
from resilience.fault_matrix.orchestrator_sut import vendor_worker
from resilience.fault_matrix.runner import Stage
from resilience.harness.customer import PORTED, Family
from resilience.oracle.invariants import Verdict, judge
from telegent import Telegent
from telegent_orchestrator.client import Progress
from telegent_orchestrator.lines import LineStatus
from telegent_orchestrator.onboarding import OnboardingResult, OnboardingStatus
from telegent_orchestrator.port_in import PortInStatus, PortState
from worker.run import workflow_runner

LONGEST = 90.0
"""Seconds after which what has not ended counts as stuck."""


class Plain:
    """Onboards as the plain flow does."""

    def ready(self, client: Client) -> AbstractAsyncContextManager[object]:
        """The worker of the workflow."""
        return Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[PlainOnboarding],
            workflow_runner=workflow_runner(),
        )

    def working(self, client: Client, api: Telegent) -> AbstractAsyncContextManager[object]:
        """The product's own worker for calls to the vendor."""
        return vendor_worker(client, api)

    async def onboard(self, stage: Stage) -> Verdict:
        """Until it ends, or has not ended after a while."""
        family = stage.family
        handle = await stage.client.start_workflow(
            PlainOnboarding.run,
            family.request,
            id=f"plain-{family.request.reference}",
            task_queue=TASK_QUEUE,
        )
        ending = asyncio.create_task(handle.result())
        made = None
        with contextlib.suppress(TimeoutError, WorkflowFailureError, RPCError):
            async with asyncio.timeout(LONGEST):
                while not stage.simulator.ledger.count("portin.rejected"):
                    if (await asyncio.wait([ending], timeout=0.2))[0]:
                        break
                await handle.signal(PlainOnboarding.correct, family.correction)
                made = await ending
        ending.cancel()
        await asyncio.sleep(stage.late)
        rows = stage.simulator.ledger.rows
        return judge(family.request, rows, _progress(family, made), family.rejections)


def _progress(family: Family, made: OnboardingResult | None) -> Progress:
    """What it says, as the product would."""
    reference = family.request.reference
    result = made or OnboardingResult(reference=reference, complete=False, account_id="")
    ports = {
        line.key: PortInStatus(
            phone_number=family.number, state=PortState.COMPLETED, order_id=line.order_id
        )
        for line in result.lines
        if line.key == PORTED
    }
    return Progress(
        onboarding=OnboardingStatus(reference=reference, result=result),
        lines={line.key: LineStatus(key=line.key, result=line) for line in result.lines},
        ports=ports,
    )
