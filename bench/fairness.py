"""How long two lines take next to a large onboarding: `python -m bench.fairness`.

A worker process onboards against a simulator that counts the requests of any 60 seconds and rejects
what is more. Both times the two lines start when what may leave at once has left, and the next such
time is as far away as possible: requests leave evenly, and a queue forms.

`--window 6` counts in 6 seconds instead of 60, to try it out.
"""

import argparse
import asyncio
import operator
from datetime import timedelta
from functools import partial

from bench.allowance import LIMIT, customer
from devstack.stack import DevStack, new_run_directory
from resilience.harness.rates import most_within
from simulator import Simulator, SimulatorOptions
from tests.harness.waiting import wait_until

SMALL = 2
AT_ONCE = 22
"""Requests of an onboarding of five lines; 20 of 50 may leave at once."""


async def measure(stack: DevStack, simulator: Simulator, large: int, window: float) -> list[float]:
    """Seconds that two lines take alone, and next to an onboarding of so many lines."""
    orchestrator, times = stack.orchestrator, list[float]()
    for name, lines in (("alone", 5), ("next", large)):
        if times:
            # Until all that was sent has left the window.
            await asyncio.sleep(window)
        enough = simulator.api_calls + AT_ONCE
        await orchestrator.start_onboarding(customer(f"{name}-large", lines))
        await wait_until(lambda: simulator.api_calls, partial(operator.le, enough))
        began = asyncio.get_running_loop().time()
        handle = await orchestrator.start_onboarding(customer(f"{name}-small", SMALL))
        assert (await handle.result()).complete
        times.append(asyncio.get_running_loop().time() - began)
    return times


async def main(large: int, window: float) -> None:
    """Print a Markdown table."""
    simulator = Simulator(SimulatorOptions(rate_limit=LIMIT))
    assert simulator.rate_limit
    simulator.rate_limit.window = timedelta(seconds=window)
    settings = {
        "TELEGENT_REQUESTS_PER_MINUTE": str(round(LIMIT * 60 / window)),
        "TELEGENT_REQUEST_WINDOW_SECONDS": str(window),
    }
    async with DevStack(new_run_directory("fairness"), settings=settings, kill=True) as stack:
        await stack.start_temporal("--headless")
        await stack.serve_simulator(simulator)
        await stack.start_worker()
        alone, shared = await measure(stack, simulator, large, window)
    sent = [each.time for each in simulator.requests]
    rejected = sum(each.status == 429 for each in simulator.requests)
    print("| large onboarding, lines | two lines alone, s | next to it, s | ratio | most | 429s |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {large} | {alone:.1f} | {shared:.1f} | {shared / alone:.2f} "
        f"| {most_within(simulator.rate_limit.window, sent)} | {rejected} |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500, help="of the large onboarding")
    parser.add_argument("--window", type=float, default=60, help="seconds of the vendor's window")
    options = parser.parse_args()
    asyncio.run(main(options.lines, options.window))
