"""The orchestrator under trial: its real workers, and people who answer what it asks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from temporalio.client import Client, WorkflowFailureError, WorkflowQueryFailedError
from temporalio.service import RPCError

from activities import ActivitySettings, Pace, build_activities, build_local_activities
from resilience.fault_matrix.runner import NO_LIMIT, Stage
from resilience.harness.operator_bot import Desk
from resilience.oracle.invariants import Verdict, judge
from telegent import Telegent
from telegent_orchestrator.client import (
    OnboardingHandle,
    OnboardingIncompleteError,
    Orchestrator,
    Progress,
)
from telegent_orchestrator.progress import StepState
from worker.run import api_worker, workflow_worker
from workflows.registry import WORKFLOWS

T = TypeVar("T")

SETTINGS = ActivitySettings(
    read_lag=timedelta(seconds=3),
    purchase_lag=timedelta(seconds=3),
    order_poll=timedelta(seconds=0.2),
    port_pace=Pace(fixed=timedelta(seconds=0.3)),
)
"""The lags are longer than an effect can be late after its call has been given up."""

LOOK = 0.5
"""Seconds between the people's looks at how it goes."""

LONGEST = 240.0
"""Seconds until an onboarding that does not end and asks nobody counts as stuck. A look at an
order that failed is repeated after 30 s, so three of them take a while."""


@asynccontextmanager
async def vendor_worker(client: Client, api: Telegent) -> AsyncIterator[None]:
    """The worker that calls the vendor; workflows that are open at the end are ended."""
    activities = build_activities(api, SETTINGS, temporal=client, requests_per_minute=NO_LIMIT)
    grace = timedelta(seconds=10)
    async with api_worker(client, activities, requests_per_minute=NO_LIMIT, grace=grace):
        try:
            yield
        finally:
            async for left in client.list_workflows("ExecutionStatus = 'Running'"):
                # Temporal's list is a moment behind: it may have ended.
                with contextlib.suppress(RPCError):
                    await client.get_workflow_handle(left.id, run_id=left.run_id).terminate()


class Ours:
    """Onboards as the product does."""

    def ready(self, client: Client) -> AbstractAsyncContextManager[object]:
        """The worker of the workflows."""
        return workflow_worker(client, WORKFLOWS, build_local_activities(SETTINGS, client))

    def working(self, client: Client, api: Telegent) -> AbstractAsyncContextManager[object]:
        """The worker that calls the vendor."""
        return vendor_worker(client, api)

    async def onboard(self, stage: Stage) -> Verdict:
        """Until each thing is there, with people who answer; or until something is wrong."""
        orchestrator = Orchestrator(stage.client)
        handle = await orchestrator.start_onboarding(stage.family.request)
        desk = Desk(stage.family, orchestrator)
        ending = asyncio.create_task(_ended(handle))
        try:
            async with asyncio.timeout(LONGEST):
                while not (await asyncio.wait([ending], timeout=LOOK))[0]:
                    if not await _asks(handle):
                        continue
                    # The line has told the onboarding before it shows its question itself.
                    progress = await _answer_of(handle.progress)
                    if not desk.corrects(progress):
                        await asyncio.sleep(stage.late)
                        progress = await _answer_of(handle.progress)
                        verdict = _judged(stage, progress)
                        if verdict.state != "person":
                            break
                        stage.asked += verdict.waits
                    await desk.act(progress, stage.simulator.ledger.rows)
        except TimeoutError:
            stage.asked.append(f"still open after {LONGEST:.0f} s")
        finally:
            ending.cancel()
        await asyncio.sleep(stage.late)
        return _judged(stage, await _answer_of(handle.progress))


async def _answer_of(ask: Callable[[], Awaitable[T]]) -> T:
    """Asks until a worker has the time to answer: this machine may be busy."""
    for _ in range(30):
        with contextlib.suppress(RPCError, WorkflowQueryFailedError):
            return await ask()
        await asyncio.sleep(1)
    return await ask()


async def _asks(handle: OnboardingHandle) -> bool:
    """Whether somebody is to do something."""
    status = await _answer_of(handle.status)
    return bool(status.questions) or any(
        line.state is StepState.NEEDS_PERSON for line in status.lines
    )


async def _ended(handle: OnboardingHandle) -> None:
    """Waits for the end, however it ends: the progress tells how."""
    with contextlib.suppress(OnboardingIncompleteError, WorkflowFailureError):
        await handle.result()


def _judged(stage: Stage, progress: Progress) -> Verdict:
    family = stage.family
    rows = stage.simulator.ledger.rows
    return judge(family.request, rows, progress, family.rejections)
