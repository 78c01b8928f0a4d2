"""Floods of webhook hints and of signals to port-ins."""

import asyncio
import random
from collections import Counter

import httpx
from temporalio.client import Client
from temporalio.service import RPCError

from simulator import Simulator
from telegent_orchestrator.names import CORRECT_MESSAGE, POLL_NOW_SIGNAL, PORT_IN_WORKFLOW

PAUSE = (3.0, 12.0)
"""Seconds between two floods."""
MAX_BURST = 100
"""Messages of one flood."""
OPEN_PORT_INS = f"WorkflowType = '{PORT_IN_WORKFLOW}' AND ExecutionStatus = 'Running'"


class Floods:
    """Sends what Telegent and other services send, far too often.

    Attributes:
        sent: Messages by kind.
    """

    def __init__(self, temporal: Client, simulator: Simulator, webhook_url: str, seed: int) -> None:
        self.sent: Counter[str] = Counter()
        self._temporal = temporal
        self._simulator = simulator
        self._webhook_url = webhook_url
        self._rng = random.Random(f"{seed} floods")  # noqa: S311 - the same seed, the same deeds

    async def run(self) -> None:
        """Run until cancelled."""
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            while True:
                await asyncio.sleep(self._rng.uniform(*PAUSE))
                burst = self._rng.randint(1, MAX_BURST)
                await (self._hint(http, burst) if self._rng.random() < 0.5 else self._signal(burst))

    async def _hint(self, http: httpx.AsyncClient, burst: int) -> None:
        """Replay order updates: of one order, of all, of none."""
        orders = [order.id for order in self._simulator.state.orders.values() if order.phase]
        one = self._rng.choice(orders) if orders else "JNUOID-unknown"
        bodies = [
            self._rng.choice([one, one, self._rng.choice(orders or [one]), "JNUOID-unknown", ""])
            for _ in range(burst)
        ]
        responses = await asyncio.gather(
            *(http.post(self._webhook_url, json={"OrderId": order}) for order in bodies),
            return_exceptions=True,
        )
        for response in responses:
            outcome = response.status_code if isinstance(response, httpx.Response) else "failed"
            self.sent[f"hint: {outcome}"] += 1

    async def _signal(self, burst: int) -> None:
        """Send one port-in hints, and corrections that cannot be read."""
        found = [each async for each in self._temporal.list_workflows(OPEN_PORT_INS)]
        if not found:
            return
        handle = self._temporal.get_workflow_handle(self._rng.choice(found).id)
        for _ in range(burst):
            unreadable = self._rng.random() < 0.1
            try:
                await (
                    handle.signal(CORRECT_MESSAGE, {"by": self._rng.random()})
                    if unreadable
                    else handle.signal(POLL_NOW_SIGNAL)
                )
            except RPCError:
                return
            self.sent["signal: unreadable" if unreadable else "signal: hint"] += 1
