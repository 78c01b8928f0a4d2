"""The orchestrator as system under test: its workers, and an operator bot."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from temporalio.client import Client, WorkflowFailureError, WorkflowQueryFailedError
from temporalio.service import RPCError

from activities import (
    ActivitySettings,
    PollSchedule,
    build_activities,
    build_orchestrator_activities,
)
from resilience.fault_matrix.cases import DELAY_SECONDS
from resilience.fault_matrix.runner import CaseContext, Lags
from resilience.harness.operator_bot import OperatorBot
from resilience.oracle.invariants import InvariantReport, check_invariants
from resilience.oracle.reported_state import ReportedState
from telegent import Telegent
from telegent_orchestrator.client import (
    OnboardingHandle,
    OnboardingIncompleteError,
    OnboardingProgress,
    Orchestrator,
)
from telegent_orchestrator.progress import StepState
from worker.run import api_worker, workflow_worker
from workflows.registry import WORKFLOWS

T = TypeVar("T")


def activity_settings(lags: Lags) -> ActivitySettings:
    """Settings for these lags: what may be missing is awaited for longer than the vendor lags, or
    than an effect is delayed whose call has timed out."""
    lag = timedelta(seconds=DELAY_SECONDS + max(lags.lists, lags.references))
    return ActivitySettings(
        read_lag=lag,
        purchase_lag=lag,
        order_poll=timedelta(seconds=0.5),
        port_poll_schedule=PollSchedule(fixed=timedelta(seconds=1)),
    )


POLL_INTERVAL = 1.0
"""Seconds between checks for escalations."""

SETTLE_TIMEOUT = 3.0
"""Seconds in which what is reported may be inconsistent, because its parts are not read at the same
moment, or an operator's decision is being carried out."""

CASE_TIMEOUT = 480.0
"""Seconds until an onboarding that neither ends nor escalates counts as stuck. A poll of an order
that failed is repeated after 30 s, so three of them take a while. On a busy machine, Temporal's
server also gives tasks to pollers that are gone, and repeats each after its timeout of 75 s."""


@asynccontextmanager
async def vendor_worker(
    client: Client, api: Telegent, settings: ActivitySettings
) -> AsyncIterator[None]:
    """Run the worker that calls the vendor; terminate workflows that are open at the end."""
    activities = build_activities(api, settings, temporal=client)
    grace = timedelta(seconds=10)
    async with api_worker(
        client,
        activities,
        rate_limiter=api.rate_limiter,
        graceful_shutdown_timeout=grace,
        read_lag=settings.read_lag,
    ):
        try:
            yield
        finally:
            async for execution in client.list_workflows("ExecutionStatus = 'Running'"):
                # Temporal's list lags: it may have ended.
                with contextlib.suppress(RPCError):
                    await client.get_workflow_handle(
                        execution.id, run_id=execution.run_id
                    ).terminate()


@dataclass(frozen=True)
class OrchestratorUnderTest:
    """Onboards with the product's workflows."""

    lags: Lags = field(default_factory=Lags)

    def session(self, client: Client) -> AbstractAsyncContextManager[object]:
        """Run the worker of the workflows."""
        settings = activity_settings(self.lags)
        return workflow_worker(client, WORKFLOWS, build_orchestrator_activities(settings, client))

    def case_session(self, client: Client, api: Telegent) -> AbstractAsyncContextManager[object]:
        """Run the worker that calls the vendor."""
        return vendor_worker(client, api, activity_settings(self.lags))

    async def onboard(self, context: CaseContext) -> InvariantReport:
        """Onboard until every resource exists, letting the bot respond, or until something is
        wrong."""
        orchestrator = Orchestrator(context.client)
        handle = await orchestrator.start_onboarding(context.customer.request)
        bot = OperatorBot(context.customer, orchestrator)
        ending = asyncio.create_task(_wait_for_end(handle))
        try:
            async with asyncio.timeout(CASE_TIMEOUT):
                while not (await asyncio.wait([ending], timeout=POLL_INTERVAL))[0]:
                    if await _needs_operator(handle) and not await self._resolve(
                        context, bot, handle
                    ):
                        break
        except TimeoutError:
            context.escalations.append(f"still open after {CASE_TIMEOUT:.0f} s")
        finally:
            ending.cancel()
        await asyncio.sleep(context.effect_delay)
        return _check(context, await _retry_query(handle.progress))

    async def _resolve(
        self, context: CaseContext, bot: OperatorBot, handle: OnboardingHandle
    ) -> bool:
        """Let the bot respond. Returns False if what is reported is wrong, and stays wrong."""
        # A line updates its onboarding before it shows its own escalation.
        progress = await _retry_query(handle.progress)
        if not bot.only_needs_correction(progress):
            await asyncio.sleep(context.effect_delay)
            settled_at = time.monotonic() + SETTLE_TIMEOUT + 2 * self.lags.references
            while True:
                progress = await _retry_query(handle.progress)
                if not ReportedState(progress).open_escalations:
                    # What the bot did before has had its effect.
                    return True
                report = _check(context, progress)
                if not report.violations:
                    break
                if time.monotonic() >= settled_at:
                    return False
                await asyncio.sleep(POLL_INTERVAL)
            context.escalations += report.escalations
        await bot.respond(progress, context.simulator.ledger.rows)
        return True


async def _retry_query(query: Callable[[], Awaitable[T]]) -> T:
    """Query until a worker answers: this machine may be busy."""
    for _ in range(30):
        with contextlib.suppress(RPCError, WorkflowQueryFailedError):
            return await query()
        await asyncio.sleep(1)
    return await query()


async def _needs_operator(handle: OnboardingHandle) -> bool:
    """Whether the onboarding waits for an operator."""
    status = await _retry_query(handle.status)
    return bool(status.escalations) or any(
        line.state is StepState.NEEDS_OPERATOR for line in status.lines
    )


async def _wait_for_end(handle: OnboardingHandle) -> None:
    """Wait until it ends; how it ended is in its progress."""
    with contextlib.suppress(OnboardingIncompleteError, WorkflowFailureError):
        await handle.result()


def _check(context: CaseContext, progress: OnboardingProgress) -> InvariantReport:
    customer = context.customer
    rows = context.simulator.ledger.rows
    return check_invariants(customer.request, rows, progress, customer.rejections)
