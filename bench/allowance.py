"""How much of the vendor's request limit workers use: `python -m bench.allowance`.

Worker processes onboard customers against a simulator that counts the requests of any 60 seconds
and rejects what is more. Two measurements for 1, 2 and 3 workers, and for a worker that is killed
and replaced:

- Full queue: more lines than can be onboarded. What was sent in whole windows, as a share of what
  the simulator permits.
- Eight families at once: how long until all are complete, against the least possible for as many
  requests.

`--window 6` counts in 6 seconds instead of 60, to try it out.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import EventType

from localstack.stack import LocalStack, new_run_directory
from resilience.harness.rates import most_within
from simulator import Simulator, SimulatorOptions
from telegent_orchestrator.allowance import ALLOWANCE_ID
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness.payloads import line, new_subscriber, single
from tests.harness.waiting import wait_until

LIMIT = 50
CUSTOMERS, LINES = 6, 30
"""For the full queue: more than nine windows of requests."""
FAMILIES = 8
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


class Measurement:
    """One scenario on a new Temporal server and a new simulator."""

    def __init__(self, scenario: Scenario, window: float) -> None:
        self._scenario = scenario
        self._window = timedelta(seconds=window)
        self._simulator = Simulator(SimulatorOptions(rate_limit=LIMIT))
        assert self._simulator.rate_limit
        self._simulator.rate_limit.window = self._window
        self._settings = {
            "TELEGENT_REQUESTS_PER_MINUTE": str(round(LIMIT * 60 / window)),
            "TELEGENT_REQUEST_WINDOW_SECONDS": str(window),
        }

    async def full_queue(self) -> Usage:
        """Measure whole windows while calls wait."""
        duration = WINDOWS * self._window
        async with self._stack() as stack:
            for at in range(CUSTOMERS):
                await stack.orchestrator.start_onboarding(customer(f"full-{at}", LINES))
            await self._run(stack, duration)
            return await self._usage(stack, duration, permitted=WINDOWS * LIMIT)

    async def families(self) -> Usage:
        """Measure until all families are complete."""
        async with self._stack() as stack:
            handles = [
                await stack.orchestrator.start_onboarding(customer(f"family-{at}", 2))
                for at in range(FAMILIES)
            ]
            if self._scenario.kill:
                await self._run(stack, 2 * self._window)
            for handle in handles:
                assert (await handle.result()).complete
            times = [each.time for each in self._simulator.requests]
            duration = times[-1] - times[0] + timedelta(seconds=0.001)
            usage = await self._usage(stack, duration, permitted=len(times))
        # As many as possible leave at the start of each window.
        least = self._window * ((usage.requests - 1) // LIMIT)
        return replace(usage, share=least / duration)

    @asynccontextmanager
    async def _stack(self) -> AsyncIterator[LocalStack]:
        directory = new_run_directory("allowance")
        async with LocalStack(directory, settings=self._settings, kill=True) as stack:
            await stack.start_temporal("--headless")
            await stack.serve_simulator(self._simulator)
            for at in range(self._scenario.workers):
                await stack.start_worker(f"worker {at}")
            yield stack

    async def _run(self, stack: LocalStack, duration: timedelta) -> None:
        """Wait for so long after the first request, and replace a worker meanwhile."""
        await wait_until(lambda: bool(self._simulator.requests))
        ends = self._simulator.requests[0].time + duration
        if self._scenario.kill:
            await asyncio.sleep(duration.total_seconds() / 3)
            *_, worker = stack.children
            await worker.kill()
            await worker.start()
        await asyncio.sleep((ends - datetime.now(UTC)).total_seconds())

    async def _usage(self, stack: LocalStack, duration: timedelta, permitted: int) -> Usage:
        entries = self._simulator.requests
        measured = [each for each in entries if each.time - entries[0].time < duration]
        return Usage(
            requests=len(measured),
            tokens=sum(each.is_token for each in measured),
            seconds=duration.total_seconds(),
            share=len(measured) / permitted,
            most=most_within(self._window, [each.time for each in measured]),
            rejected=sum(each.status == 429 for each in measured),
            leases=await _count_leases(stack),
        )


async def _count_leases(stack: LocalStack) -> int:
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


async def main(scenarios: Sequence[Scenario], window: float) -> None:
    """Print a Markdown table."""
    print("| load | workers | requests | tokens | s | share | most | 429s | leases |")
    print("|---|---|---|---|---|---|---|---|---|")
    for load in (Measurement.full_queue, Measurement.families):
        name = load.__name__.replace("_", " ")
        for scenario in scenarios:
            found = await load(Measurement(scenario, window))
            print(
                f"| {name} | {scenario} | {found.requests} | {found.tokens} | {found.seconds:.1f} "
                f"| {found.share:.3f} | {found.most} | {found.rejected} | {found.leases} |",
                flush=True,
            )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--window", type=float, default=60, help="seconds of the vendor's window")
    parser.add_argument("--only", type=int, help="number of a scenario, 0 to 3")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _arguments()
    chosen = SCENARIOS if arguments.only is None else [SCENARIOS[arguments.only]]
    asyncio.run(main(chosen, arguments.window))
