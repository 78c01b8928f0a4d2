"""Moderate load: families that are onboarded one after another, and their operator."""

import asyncio
import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError

from resilience.harness.customer import Customer, create_customer
from resilience.harness.operator_bot import OperatorBot
from simulator import Simulator
from telegent_orchestrator.client import Orchestrator

POLL_INTERVAL = 2.0
MAX_OPEN = 40
"""Onboardings that are open at once at most, while none of them ends."""


@dataclass
class Load:
    """Starts an onboarding with a new number and a port-in every `pause` seconds.

    The losing carrier rejects every second port-in, and an operator corrects it.

    Attributes:
        operator_present: Unset while no operator responds.
        completed: Onboardings that have ended.
    """

    orchestrator: Orchestrator
    simulator: Simulator
    pause: float
    operator_present: asyncio.Event = field(default_factory=asyncio.Event)
    completed: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Continue until cancelled."""
        self.operator_present.set()
        try:
            while True:
                if len(self._open) < MAX_OPEN:
                    self.start()
                await asyncio.sleep(self.pause)
        finally:
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    def start(self) -> None:
        """Start one more onboarding."""
        index = next(self._numbers)
        customer = create_customer(index, "alerts")
        if index % 2:
            self.simulator.carrier.set_record(customer.number, customer.record)
        task = asyncio.create_task(self._follow(customer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _follow(self, customer: Customer) -> None:
        """Start it, and do what it asks of an operator, through outages of Temporal."""
        bot = OperatorBot(customer, self.orchestrator)
        handle = None
        while True:
            with contextlib.suppress(RPCError, WorkflowQueryFailedError):
                if handle is None:
                    handle = await self.orchestrator.start_onboarding(customer.request)
                if (await handle.execution()).ended_at is not None:
                    self.completed += 1
                    return
                if self.operator_present.is_set():
                    await bot.respond(await handle.progress(), self.simulator.ledger.rows)
            await asyncio.sleep(POLL_INTERVAL)
