"""How fast an onboarding of many lines answers: `python -m bench.many_lines [500]`.

Onboards a customer with one line for each subscriber against a simulator without a rate limit,
reads status and progress again and again, and prints a Markdown table of how long that took.
"""

import asyncio
import logging
import statistics
import sys
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field

from simulator import SimulatorOptions
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.cli.views import MAX_READ_LINES
from telegent_orchestrator.client import OnboardingHandle
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import dev_server, running_harness
from tests.harness.payloads import line, new_subscriber, single

INTERVAL = 0.5


@dataclass
class Reads:
    """Reads of one kind.

    Attributes:
        seconds: How long each took.
        largest: Bytes of the largest answer, as JSON.
    """

    seconds: list[float] = field(default_factory=list)
    largest: int = 0

    async def time(self, read: Awaitable[WireModel]) -> None:
        """Wait for a read, and note how long that takes."""
        began = time.monotonic()
        answer = await read
        self.seconds.append(time.monotonic() - began)
        self.largest = max(self.largest, len(answer.model_dump_json()))


def many_lines(count: int) -> OnboardingRequest:
    """A customer with this many lines, each of a subscriber of its own."""
    keys = [f"s{index}" for index in range(count)]
    return single(
        "many-lines",
        subscribers=[new_subscriber(key) for key in keys],
        lines=[line(f"line-{key}", key) for key in keys],
    )


async def read_until_ended(handle: OnboardingHandle) -> dict[str, Reads]:
    """Read again and again, until the onboarding has ended."""
    reads = {name: Reads() for name in ("status", f"progress({MAX_READ_LINES})", "progress()")}
    status, some, all_lines = reads.values()
    ended = asyncio.create_task(handle.result())
    while not ended.done():
        await status.time(handle.status())
        await some.time(handle.progress(MAX_READ_LINES))
        await asyncio.sleep(INTERVAL)
    await ended
    await some.time(handle.progress(MAX_READ_LINES))
    await all_lines.time(handle.progress())
    return reads


async def main(lines: int) -> None:
    """Print the table."""
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    async with dev_server() as temporal, running_harness(temporal, SimulatorOptions()) as harness:
        began = time.monotonic()
        handle = await harness.onboard(many_lines(lines))
        reads = await read_until_ended(handle)
        seconds = time.monotonic() - began
    print(f"{lines} lines in {seconds:.0f} s\n")
    print("| read | times | median s | longest s | largest answer, kB |\n|---|---|---|---|---|")
    for name, each in reads.items():
        median, longest = statistics.median(each.seconds), max(each.seconds)
        size = each.largest / 1000
        print(f"| {name} | {len(each.seconds)} | {median:.2f} | {longest:.2f} | {size:.0f} |")
    # The SDK's threads may still hold the interpreter lock: leaving at once can abort (SDK #300).
    await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
