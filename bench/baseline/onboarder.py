"""The baseline as system under test: the same lanes, faults and oracle."""

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager

from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError
from temporalio.worker import Worker

from bench.baseline.flow import TASK_QUEUE, BaselineOnboarding
from resilience.fault_matrix.orchestrator_sut import activity_settings, vendor_worker
from resilience.fault_matrix.runner import CaseContext, Lags
from resilience.harness.customer import PORTED, Customer
from resilience.oracle.invariants import InvariantReport, check_invariants
from telegent import Telegent
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.lines import LineStatus
from telegent_orchestrator.onboarding import OnboardingResult, OnboardingStatus
from telegent_orchestrator.port_in import PortInStatus, PortState
from worker.run import workflow_runner

CASE_TIMEOUT = 90.0
"""Seconds after which an onboarding that has not ended counts as stuck."""


class BaselineUnderTest:
    """Onboards with the baseline."""

    lags = Lags()

    def session(self, client: Client) -> AbstractAsyncContextManager[object]:
        """Run the worker of the workflow."""
        return Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[BaselineOnboarding],
            workflow_runner=workflow_runner(),
        )

    def case_session(self, client: Client, api: Telegent) -> AbstractAsyncContextManager[object]:
        """Run the product's worker for vendor calls."""
        return vendor_worker(client, api, activity_settings(self.lags))

    async def onboard(self, context: CaseContext) -> InvariantReport:
        """Onboard until it ends, or until CASE_TIMEOUT."""
        customer = context.customer
        handle = await context.client.start_workflow(
            BaselineOnboarding.run,
            customer.request,
            id=f"baseline-{customer.request.reference}",
            task_queue=TASK_QUEUE,
        )
        ending = asyncio.create_task(handle.result())
        result = None
        with contextlib.suppress(TimeoutError, WorkflowFailureError, RPCError):
            async with asyncio.timeout(CASE_TIMEOUT):
                while not context.simulator.ledger.count("portin.rejected"):
                    if (await asyncio.wait([ending], timeout=0.2))[0]:
                        break
                await handle.signal(BaselineOnboarding.correct, customer.correction)
                result = await ending
        ending.cancel()
        await asyncio.sleep(context.effect_delay)
        rows = context.simulator.ledger.rows
        return check_invariants(
            customer.request, rows, build_progress(customer, result), customer.rejections
        )


def build_progress(customer: Customer, result: OnboardingResult | None) -> OnboardingProgress:
    """The progress that the product would report for this result."""
    reference = customer.request.reference
    result = result or OnboardingResult(reference=reference, complete=False, account_id="")
    ports = {
        line.key: PortInStatus(
            phone_number=customer.number, state=PortState.COMPLETED, order_id=line.order_id
        )
        for line in result.lines
        if line.key == PORTED
    }
    return OnboardingProgress(
        onboarding=OnboardingStatus(reference=reference, result=result),
        lines={line.key: LineStatus(key=line.key, result=line) for line in result.lines},
        ports=ports,
    )
