"""Following an onboarding until nothing moves any more, through outages of whatever runs it."""

import asyncio
import contextlib
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from simulator import Simulator
from telegent_orchestrator.client import Progress
from telegent_orchestrator.progress import StepState
from trials.desk import Desk
from trials.said import Said
from workflows.lines import LINES

REFRESH = timedelta(seconds=0.5)
CALM = timedelta(seconds=2)
"""How long an onboarding that waits for people must have shown nothing new to count as at rest."""


async def until_rest(temporal: Client, desk: Desk, simulator: Simulator) -> Progress:
    """Lets the desk correct the port-in as planned, and do nothing else; the progress at rest.

    At rest: the onboarding is closed, or it waits for people and for nothing else. When nobody
    answers for Temporal or the workers, that is waited out.
    """
    return await _follow(temporal, desk, simulator, answers=False)


async def until_closed(temporal: Client, desk: Desk, simulator: Simulator) -> Progress:
    """Lets the desk do whatever is asked of it; the progress when the onboarding is closed."""
    return await _follow(temporal, desk, simulator, answers=True)


async def _follow(temporal: Client, desk: Desk, simulator: Simulator, *, answers: bool) -> Progress:
    loop = asyncio.get_running_loop()
    handle = desk.orchestrator.onboarding(desk.family.request.reference)
    last, since = None, loop.time()
    while True:
        with contextlib.suppress(RPCError):
            described = await temporal.get_workflow_handle(handle.id).describe()
            progress = await handle.progress()
            if described.close_time is not None:
                return progress
            if progress != last:
                last, since = progress, loop.time()
                if answers or desk.corrects(progress):
                    await desk.act(progress, simulator.ledger.rows)
            calm = loop.time() - since >= CALM.total_seconds()
            if calm and at_rest(progress) and not answers:
                return progress
        await asyncio.sleep(REFRESH.total_seconds())


def at_rest(progress: Progress) -> bool:
    """Whether an onboarding that is open waits for people, and for nothing else."""
    onboarding = progress.onboarding
    running = [step.name for step in onboarding.steps if step.state is StepState.RUNNING]
    running += [line.key for line in onboarding.lines if line.state is StepState.RUNNING]
    return bool(Said(progress).waits) and set(running) <= {LINES}
