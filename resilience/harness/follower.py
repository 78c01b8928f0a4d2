"""Following an onboarding until nothing moves any more, through outages of whatever runs it."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from resilience.harness.operator_bot import Desk
from resilience.oracle.reported_state import Said
from simulator import Simulator
from telegent_orchestrator.client import Progress
from telegent_orchestrator.onboarding import OnboardingStatus
from telegent_orchestrator.progress import StepState
from workflows.onboarding.line_supervisor import LINES

CALM = timedelta(seconds=2)
"""How long an onboarding that waits for people must have shown nothing new to count as at rest."""


@dataclass
class Follower:
    """Looks at one onboarding `every` so often, with the people of `desk` beside it.

    When nobody answers for Temporal or the workers, that is waited out. `closed`: whether the
    onboarding has ended.
    """

    temporal: Client
    desk: Desk
    simulator: Simulator
    every: timedelta = timedelta(seconds=1.5)
    closed: bool = False

    async def until_closed(self) -> Progress:
        """Lets the desk do all that is asked; the progress in the end."""
        progress = await self.until_rest()
        while not self.closed:
            await self.act(progress)
            progress = await self.until_rest()
        return progress

    async def act(self, progress: Progress) -> None:
        """Lets the desk do what is asked."""
        with contextlib.suppress(RPCError):
            await self.desk.act(progress, self.simulator.ledger.rows)

    async def until_rest(self) -> Progress:
        """Lets the desk correct the port-in as planned, and nothing else; the progress at rest.

        At rest: the onboarding is closed, or it waits for people and for nothing else.
        """
        loop = asyncio.get_running_loop()
        handle = self.desk.orchestrator.onboarding(self.desk.family.request.reference)
        last, since = None, loop.time()
        while True:
            # A machine that is busy with crashes may answer late, or not at all.
            with contextlib.suppress(RPCError, WorkflowQueryFailedError):
                described = await self.temporal.get_workflow_handle(handle.id).describe()
                if described.close_time is not None:
                    progress = await handle.progress()
                    self.closed = True
                    return progress
                if _asks(await handle.status()):
                    progress = await handle.progress()
                    if self.desk.corrects(progress) and not self._corrected(progress):
                        await self.act(progress)
                    if progress != last:
                        last, since = progress, loop.time()
                    elif at_rest(progress) and loop.time() - since >= CALM.total_seconds():
                        return progress
            await asyncio.sleep(self.every.total_seconds())

    def _corrected(self, progress: Progress) -> bool:
        """Whether the port-in has got the correction already."""
        by = self.desk.family.correction.by
        return any(e.by == by for port in progress.ports.values() for e in port.timeline)


def at_rest(progress: Progress) -> bool:
    """Whether an onboarding that is open waits for people, and for nothing else."""
    onboarding = progress.onboarding
    running = [step.name for step in onboarding.steps if step.state is StepState.RUNNING]
    running += [line.key for line in onboarding.lines if line.state is StepState.RUNNING]
    return bool(Said(progress).waits) and set(running) <= {LINES}


def _asks(status: OnboardingStatus) -> bool:
    lines = (line.state for line in status.lines)
    return bool(status.questions) or StepState.NEEDS_PERSON in lines
