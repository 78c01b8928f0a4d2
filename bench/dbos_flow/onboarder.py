"""The DBOS flow as system under test of the fault matrix."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from dbos import DBOS, SetWorkflowID
from temporalio.client import Client

from bench.baseline.onboarder import CASE_TIMEOUT, build_progress
from bench.dbos_flow.flow import CORRECTIONS, DbosOnboarding, line_workflow_id
from resilience.fault_matrix.runner import CaseContext, Lags
from resilience.harness.customer import PORTED
from resilience.oracle.invariants import InvariantReport, check_invariants
from telegent import Telegent
from telegent_orchestrator.onboarding import OnboardingResult

_numbers = itertools.count()
"""DBOS knows each flow of a process by its name, also after it was destroyed."""


class DbosUnderTest:
    """Onboards with the DBOS flow. The Temporal server of the lanes is not used.

    Args:
        url_template: Of DBOS's databases: each process needs one of its own.
        max_attempts: How often the flow tries each step.
    """

    lags = Lags()

    def __init__(self, url_template: str, max_attempts: int = 3) -> None:
        self._database_url = url_template.format(name=f"onboarding_{os.getpid()}")
        self._max_attempts = max_attempts
        self._sessions = 0
        self._flows: dict[str, DbosOnboarding] = {}

    @asynccontextmanager
    async def session(self, client: Client) -> AsyncIterator[None]:
        """Run DBOS, which all lanes of the process share."""
        if not self._sessions:
            DBOS(
                config={
                    "name": "onboarding",
                    "system_database_url": self._database_url,
                    # It would log every fault.
                    "log_level": "CRITICAL",
                }
            )
            DBOS.launch()
        self._sessions += 1
        try:
            yield
        finally:
            self._sessions -= 1
            if not self._sessions:
                DBOS.destroy()
                # DBOS has made its thread pool, which is shut down now, the default of this loop.
                asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    @asynccontextmanager
    async def case_session(self, client: Client, api: Telegent) -> AsyncIterator[None]:
        """Give the case a flow with its own vendor client.

        What is left of a case that did not end cannot reach the next case's simulator, because its
        client is closed.
        """
        name = f"case-{next(_numbers)}"
        self._flows[client.namespace] = DbosOnboarding(name, api, self._max_attempts)
        yield

    async def onboard(self, context: CaseContext) -> InvariantReport:
        """Onboard until it ends, or until CASE_TIMEOUT."""
        customer = context.customer
        reference = customer.request.reference
        flow = self._flows[context.client.namespace]
        with SetWorkflowID(reference):
            handle = await DBOS.start_workflow_async(flow.onboard, customer.request)
        ending: asyncio.Task[OnboardingResult] = asyncio.create_task(handle.get_result())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CASE_TIMEOUT):
                while not context.simulator.ledger.count("portin.rejected"):
                    if (await asyncio.wait([ending], timeout=0.2))[0]:
                        break
                else:
                    line = line_workflow_id(reference, PORTED)
                    await DBOS.send_async(line, customer.correction, CORRECTIONS)
                await asyncio.wait([ending])
        result = ending.result() if ending.done() and not ending.exception() else None
        if not ending.done():
            ending.cancel()
            await DBOS.cancel_workflow_async(reference, cancel_children=True)
        await asyncio.sleep(context.effect_delay)
        rows = context.simulator.ledger.rows
        return check_invariants(
            customer.request, rows, build_progress(customer, result), customer.rejections
        )
