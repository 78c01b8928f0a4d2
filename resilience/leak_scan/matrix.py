"""A share of the fault matrix, for customers with canaries: not what it does, but what it shows."""

import asyncio
import contextlib
from collections.abc import Sequence

from temporalio.client import WorkflowFailureError, WorkflowQueryFailedError
from temporalio.service import RPCError

from resilience.fault_matrix.cases import Spoiled
from resilience.harness.customer import Family
from resilience.harness.operator_bot import Desk
from resilience.leak_scan import canaries
from resilience.leak_scan.environment import Stage
from resilience.leak_scan.scenario import Said
from telegent_orchestrator.client import OnboardingHandle, OnboardingIncompleteError

PATIENCE = 45.0
"""Seconds for an onboarding. Some faults make it wait for longer than this trial should take: what
it shows until then has been read."""


async def play_share(stage: Stage, cases: Sequence[Spoiled], said: Said) -> tuple[int, int]:
    """Onboards all customers at once, while these calls are spoiled for whoever comes first.

    Returns how many calls were spoiled, and how many onboardings ended in time.
    """
    for case in cases:
        stage.simulator.faults.add(case.fault)
    before = _spoiled(stage)
    ended = await asyncio.gather(*(_onboard(stage, family, said) for family in canaries.others()))
    stage.simulator.faults.clear()
    return _spoiled(stage) - before, sum(ended)


def _spoiled(stage: Stage) -> int:
    return sum(bool(call.fault) for call in stage.simulator.requests)


async def _onboard(stage: Stage, family: Family, said: Said) -> bool:
    """Whether it ended in time, with people who correct and answer."""
    desk = Desk(family, stage.orchestrator)
    handle = await stage.orchestrator.start_onboarding(family.request)
    ending = asyncio.create_task(_end(handle, said))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while not (await asyncio.wait([ending], timeout=1))[0]:
                with contextlib.suppress(RPCError, WorkflowQueryFailedError):
                    progress = await handle.progress()
                    said.append(progress.model_dump_json())
                    await desk.act(progress, stage.simulator.ledger.rows)
    said += desk.answered
    if in_time := ending.done():
        await ending
    else:
        ending.cancel()
        await handle.cancel()
    return in_time


async def _end(handle: OnboardingHandle, said: Said) -> None:
    try:
        said.append((await handle.result()).model_dump_json())
    except OnboardingIncompleteError as error:
        said += [str(error), error.result.model_dump_json()]
    except WorkflowFailureError as error:
        said.append(str(error.cause))
