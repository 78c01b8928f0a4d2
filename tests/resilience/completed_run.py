"""Plays a family's onboarding to its end."""

import asyncio
from dataclasses import dataclass

from resilience.harness.customer import Customer
from resilience.harness.operator_bot import OperatorBot
from simulator import LedgerRow
from simulator.http.request_log import RequestEntry
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.progress import StepState
from tests.harness import Harness


@dataclass(frozen=True)
class CompletedRun:
    """What is left of an onboarding that has ended."""

    customer: Customer
    rows: list[LedgerRow]
    progress: OnboardingProgress
    requests: list[RequestEntry]


async def run_to_completion(harness: Harness, customer: Customer) -> CompletedRun:
    """Onboards a family, with the operator's correction."""
    handle = await harness.orchestrator.start_onboarding(customer.request)
    ending = asyncio.create_task(handle.result())
    bot = OperatorBot(customer, harness.orchestrator)
    while not ending.done():
        await asyncio.sleep(0.1)
        status = await handle.status()
        if any(line.state is StepState.NEEDS_OPERATOR for line in status.lines):
            await bot.respond(await handle.progress(), harness.telegent.ledger.rows)
    await ending
    progress = await handle.progress()
    return CompletedRun(
        customer, list(harness.telegent.ledger.rows), progress, harness.telegent.requests
    )
