"""Follow an onboarding until it is quiescent, through outages of Temporal and the workers."""

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
"""How long an onboarding that waits for an operator must not change to count as quiescent."""


@dataclass
class OnboardingFollower:
    """Polls one onboarding and lets an operator bot respond to it.

    While Temporal or the workers do not answer, it keeps trying.

    Attributes:
        closed: Whether the onboarding has ended.
    """

    temporal: Client
    bot: OperatorBot
    simulator: Simulator
    poll_interval: timedelta = timedelta(seconds=1.5)
    closed: bool = False

    async def until_closed(self) -> OnboardingProgress:
        """Let the bot resolve whatever needs an operator. Returns the progress at the end."""
        progress = await self.until_quiescent()
        while not self.closed:
            await self.respond(progress)
            progress = await self.until_quiescent()
        return progress

    async def respond(self, progress: OnboardingProgress) -> None:
        """Let the bot resolve what needs an operator."""
        with contextlib.suppress(RPCError):
            await self.bot.respond(progress, self.simulator.ledger.rows)

    async def until_quiescent(self) -> OnboardingProgress:
        """Let the bot send the planned correction of the port-in and nothing else.

        Returns:
            The progress when the onboarding is quiescent: closed, or waiting for an operator only.
        """
        loop = asyncio.get_running_loop()
        handle = self.bot.orchestrator.onboarding(self.bot.customer.request.reference)
        previous, stable_since = None, loop.time()
        while True:
            # A machine that is busy with crashes may answer late or not at all.
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
        """Whether the port-in has already received the correction."""
        by = self.bot.customer.correction.by
        return any(e.by == by for port in progress.ports.values() for e in port.timeline)


def is_quiescent(progress: OnboardingProgress) -> bool:
    """Whether an open onboarding waits for an operator and for nothing else."""
    onboarding = progress.onboarding
    running = [step.name for step in onboarding.steps if step.state is StepState.RUNNING]
    running += [line.key for line in onboarding.lines if line.state is StepState.RUNNING]
    return bool(ReportedState(progress).open_escalations) and set(running) <= {LINES_STEP}


def _needs_operator(status: OnboardingStatus) -> bool:
    lines = (line.state for line in status.lines)
    return bool(status.escalations) or StepState.NEEDS_OPERATOR in lines
