"""Plays a family's onboarding to its end."""

import asyncio
from dataclasses import dataclass

from resilience.harness.customer import Family
from resilience.harness.operator_bot import Desk
from simulator import LedgerRow
from simulator.http.request_log import RequestEntry
from telegent_orchestrator.client import Progress
from telegent_orchestrator.progress import StepState
from tests.harness import House


@dataclass(frozen=True)
class Played:
    """What is left of an onboarding that has ended."""

    family: Family
    rows: list[LedgerRow]
    progress: Progress
    requests: list[RequestEntry]


async def played_through(house: House, family: Family) -> Played:
    """Onboards a family, with the desk's correction."""
    handle = await house.orchestrator.start_onboarding(family.request)
    ending = asyncio.create_task(handle.result())
    desk = Desk(family, house.orchestrator)
    while not ending.done():
        await asyncio.sleep(0.1)
        status = await handle.status()
        if any(line.state is StepState.NEEDS_PERSON for line in status.lines):
            await desk.act(await handle.progress(), house.telegent.ledger.rows)
    await ending
    progress = await handle.progress()
    return Played(family, list(house.telegent.ledger.rows), progress, house.telegent.requests)
