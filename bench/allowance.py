"""How much of the vendor's request limit workers use: `python -m bench.allowance`.

Worker processes onboard customers against a simulator that counts the requests of any 60 seconds
and rejects what is more. Two measurements for 1, 2 and 3 workers, and for a worker that is killed
and replaced:

- Full queue: more lines than can be onboarded. What was sent in whole windows, as a share of what
  the simulator permits.
- Eight families at once: how long until all are complete, against the least possible for as many
  requests.

All run at the same time, each with a Temporal server of its own: they wait most of the time.
`--window 6` counts in 6 seconds instead of 60, to try it out.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Self

from temporalio.api.enums.v1 import EventType

from devstack.stack import DevStack, new_run_directory
from resilience.harness.rates import most_within
from simulator import Simulator, SimulatorOptions
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.request_allowance import ALLOWANCE_ID
from tests.harness.payloads import line, new_subscriber, single
from tests.harness.waiting import wait_until

LIMIT = 50
CUSTOMERS, LINES = 6, 30
"""For the full queue: more than nine windows of requests."""
FAMILIES, LINES_OF_A_FAMILY = 8, 7
WINDOWS = 4
"""How long the full queue is measured."""


@dataclass(frozen=True)
class Scenario:
    """How many workers, and whether one of them is killed and replaced."""

    workers: int
    kill: bool = False

    def __str__(self) -> str:
        return f"{self.workers}{', one killed' * self.kill}"


SCENARIOS = (Scenario(1), Scenario(2), Scenario(3), Scenario(2, kill=True))


@dataclass(frozen=True)
class Usage:
    """The requests of one scenario.

    Attributes:
        tokens: Token requests among them.
        seconds: From the first request to the end.
        share: Of what the vendor permits.
        most: In any window.
        rejected: With 429.
        leases: How often workers asked for permits.
    """

    requests: int
    tokens: int
    seconds: float
    share: float
    most: int
    rejected: int
    leases: int


class Load(StrEnum):
    """What is onboarded."""

    FULL_QUEUE = "full queue"
    FAMILIES = "families"


class Measurement:
    """One scenario on a new Temporal server and a new simulator."""

    def __init__(self, scenario: Scenario, load: Load, window: float) -> None:
        self.scenario = scenario
        self.load = load
        self._window = timedelta(seconds=window)
        self._simulator = Simulator(SimulatorOptions(rate_limit=LIMIT))
        assert self._simulator.rate_limit
        self._simulator.rate_limit.window = self._window
        settings = {
            "TELEGENT_REQUESTS_PER_MINUTE": str(round(LIMIT * 60 / window)),
            "TELEGENT_REQUEST_WINDOW_SECONDS": str(window),
        }
        directory = new_run_directory("allowance") / f"{load} {scenario}".replace(" ", "-")
        self._stack = DevStack(directory, settings=settings, kill=True)

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        await self._stack.start_temporal("--headless")
        await self._stack.serve_simulator(self._simulator)
        for at in range(self.scenario.workers):
            await self._stack.start_worker(f"worker {at}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)

    async def usage(self) -> Usage:
        """Onboard, and measure."""
        return await (self._full_queue() if self.load is Load.FULL_QUEUE else self._families())

    async def _full_queue(self) -> Usage:
        for at in range(CUSTOMERS):
            await self._stack.orchestrator.start_onboarding(customer(f"full-{at}", LINES))
        await self._run(WINDOWS * self._window)
        return await self._count(WINDOWS * self._window, permitted=WINDOWS * LIMIT)

    async def _families(self) -> Usage:
        handles = [
            await self._stack.orchestrator.start_onboarding(family(at)) for at in range(FAMILIES)
        ]
        if self.scenario.kill:
            await self._run(2 * self._window)
        for handle in handles:
            assert (await handle.result()).complete
        times = [each.time for each in self._simulator.requests]
        duration = times[-1] - times[0] + timedelta(seconds=0.001)
        usage = await self._count(duration, permitted=len(times))
        # As many as possible leave at the start of each window.
        least = self._window * ((usage.requests - 1) // LIMIT)
        return replace(usage, share=least / duration)

    async def _run(self, duration: timedelta) -> None:
        """Wait for so long after the first request, and replace a worker meanwhile."""
        await wait_until(lambda: bool(self._simulator.requests))
        ends = self._simulator.requests[0].time + duration
        if self.scenario.kill:
            await asyncio.sleep(duration.total_seconds() / 3)
            *_, worker = self._stack.children
            await worker.kill()
            await worker.start()
        await asyncio.sleep((ends - datetime.now(UTC)).total_seconds())

    async def _count(self, duration: timedelta, permitted: int) -> Usage:
        entries = self._simulator.requests
        measured = [each for each in entries if each.time - entries[0].time < duration]
        return Usage(
            requests=len(measured),
            tokens=sum(each.is_token for each in measured),
            seconds=duration.total_seconds(),
            share=len(measured) / permitted,
            most=most_within(self._window, [each.time for each in measured]),
            rejected=sum(each.status == 429 for each in measured),
            leases=await _count_leases(self._stack),
        )


async def _count_leases(stack: DevStack) -> int:
    accepted = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
    handle = stack.client.get_workflow_handle(ALLOWANCE_ID)
    return sum(each.event_type == accepted for each in (await handle.fetch_history()).events)


def customer(name: str, lines: int) -> OnboardingRequest:
    """A customer with so many lines, each of a subscriber of its own."""
    keys = [f"s{at}" for at in range(lines)]
    return single(
        name,
        subscribers=[new_subscriber(key, email=f"{name}-{key}@example.com") for key in keys],
        lines=[line(f"line-{key}", key) for key in keys],
    )


def family(number: int) -> OnboardingRequest:
    """A customer with a few lines."""
    return customer(f"family-{number}", LINES_OF_A_FAMILY)


async def main(scenarios: Sequence[Scenario], window: float) -> None:
    """Print a Markdown table."""
    measurements = [Measurement(scenario, load, window) for load in Load for scenario in scenarios]
    async with AsyncExitStack() as stacks:
        await asyncio.gather(*(stacks.enter_async_context(each) for each in measurements))
        usages = await asyncio.gather(*(each.usage() for each in measurements))
    print("| load | workers | requests | tokens | s | share | most | 429s | leases |")
    print("|---|---|---|---|---|---|---|---|---|")
    for each, found in zip(measurements, usages, strict=True):
        print(
            f"| {each.load} | {each.scenario} | {found.requests} | {found.tokens} "
            f"| {found.seconds:.1f} | {found.share:.3f} | {found.most} | {found.rejected} "
            f"| {found.leases} |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--window", type=float, default=60, help="seconds of the vendor's window")
    asyncio.run(main(SCENARIOS, parser.parse_args().window))
