"""A share of the fault matrix, for customers with canaries: only what it shows is checked."""

import asyncio
import contextlib
from collections.abc import Sequence

from temporalio.client import (
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError

from resilience.fault_matrix.cases import FaultCase
from resilience.harness.customer import Customer
from resilience.harness.operator_bot import OperatorBot
from resilience.leak_scan import canaries
from resilience.leak_scan.scan_stack import ScanStack
from resilience.leak_scan.scenario import Disclosures
from telegent_orchestrator.client import OnboardingHandle, OnboardingIncompleteError

ONBOARDING_TIMEOUT = 45.0
"""Seconds for an onboarding. Some faults delay it for longer than this scan should take; what it
has shown until then is searched."""


async def run_sample(
    stack: ScanStack, cases: Sequence[FaultCase], disclosed: Disclosures
) -> tuple[int, int]:
    """Onboard all customers at once, with these faults for whichever calls come first.

    Returns:
        How many calls a fault hit, and how many onboardings ended in time.
    """
    for case in cases:
        stack.simulator.faults.add(case.fault)
    before = _count_faulted(stack)
    ended = await asyncio.gather(
        *(_onboard(stack, customer, disclosed) for customer in canaries.matrix_customers())
    )
    stack.simulator.faults.clear()
    return _count_faulted(stack) - before, sum(ended)


def _count_faulted(stack: ScanStack) -> int:
    return sum(bool(call.fault) for call in stack.simulator.requests)


async def _onboard(stack: ScanStack, customer: Customer, disclosed: Disclosures) -> bool:
    """Whether it ended in time, with a bot that resolves its escalations."""
    bot = OperatorBot(customer, stack.orchestrator)
    handle = await stack.orchestrator.start_onboarding(customer.request)
    ending = asyncio.create_task(_end(handle, disclosed))
    # The second is what a cancelled update raises.
    with contextlib.suppress(TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        async with asyncio.timeout(ONBOARDING_TIMEOUT):
            while not (await asyncio.wait([ending], timeout=1))[0]:
                with contextlib.suppress(RPCError, WorkflowQueryFailedError):
                    progress = await handle.progress()
                    disclosed.append(progress.model_dump_json())
                    await bot.respond(progress, stack.simulator.ledger.rows)
    disclosed += bot.actions_taken
    if in_time := ending.done():
        await ending
    else:
        ending.cancel()
        await handle.cancel()
    return in_time


async def _end(handle: OnboardingHandle, disclosed: Disclosures) -> None:
    try:
        disclosed.append((await handle.result()).model_dump_json())
    except OnboardingIncompleteError as error:
        disclosed += [str(error), error.result.model_dump_json()]
    except WorkflowFailureError as error:
        disclosed.append(str(error.cause))
