"""Following an onboarding until nothing moves any more, through outages of whatever runs it."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from resilience.harness.operator_bot import OperatorBot
from resilience.oracle.reported_state import ReportedState
from simulator import Simulator
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.onboarding import OnboardingStatus
from telegent_orchestrator.progress import StepState
from workflows.onboarding.line_supervisor import LINES_STEP

QUIET_PERIOD = timedelta(seconds=2)
"""How long an onboarding that waits for people must have shown nothing new to count as at rest."""


@dataclass
class OnboardingFollower:
    """Looks at one onboarding `poll_interval` so often, with the people of `bot` beside it.

    When nobody answers for Temporal or the workers, that is waited out. `closed`: whether the
    onboarding has ended.
    """

    temporal: Client
    bot: OperatorBot
    simulator: Simulator
    poll_interval: timedelta = timedelta(seconds=1.5)
    closed: bool = False

    async def until_closed(self) -> OnboardingProgress:
        """Lets the desk do all that is asked; the progress in the end."""
        progress = await self.until_quiescent()
        while not self.closed:
            await self.respond(progress)
            progress = await self.until_quiescent()
        return progress

    async def respond(self, progress: OnboardingProgress) -> None:
        """Lets the desk do what is asked."""
        with contextlib.suppress(RPCError):
            await self.bot.respond(progress, self.simulator.ledger.rows)

    async def until_quiescent(self) -> OnboardingProgress:
        """Lets the desk correct the port-in as planned, and nothing else; the progress at rest.

        At rest: the onboarding is closed, or it waits for people and for nothing else.
        """
        loop = asyncio.get_running_loop()
        handle = self.bot.orchestrator.onboarding(self.bot.customer.request.reference)
        previous, stable_since = None, loop.time()
        while True:
            # A machine that is busy with crashes may answer late, or not at all.
            with contextlib.suppress(RPCError, WorkflowQueryFailedError):
                described = await self.temporal.get_workflow_handle(handle.id).describe()
                if described.close_time is not None:
                    progress = await handle.progress()
                    self.closed = True
                    return progress
                if _needs_operator(await handle.status()):
                    progress = await handle.progress()
                    if self.bot.only_needs_correction(progress) and not self._is_corrected(
                        progress
                    ):
                        await self.respond(progress)
                    if progress != previous:
                        previous, stable_since = progress, loop.time()
                    elif (
                        is_quiescent(progress)
                        and loop.time() - stable_since >= QUIET_PERIOD.total_seconds()
                    ):
                        return progress
            await asyncio.sleep(self.poll_interval.total_seconds())

    def _is_corrected(self, progress: OnboardingProgress) -> bool:
        """Whether the port-in has got the correction already."""
        by = self.bot.customer.correction.by
        return any(e.by == by for port in progress.ports.values() for e in port.timeline)


def is_quiescent(progress: OnboardingProgress) -> bool:
    """Whether an onboarding that is open waits for people, and for nothing else."""
    onboarding = progress.onboarding
    running = [step.name for step in onboarding.steps if step.state is StepState.RUNNING]
    running += [line.key for line in onboarding.lines if line.state is StepState.RUNNING]
    return bool(ReportedState(progress).open_escalations) and set(running) <= {LINES_STEP}


def _needs_operator(status: OnboardingStatus) -> bool:
    lines = (line.state for line in status.lines)
    return bool(status.escalations) or StepState.NEEDS_OPERATOR in lines
