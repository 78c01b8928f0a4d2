"""`python -m resilience.two_servers`: two Temporal servers on PostgreSQL, one of them killed.

Two workers and the client reach both servers through one address. While customers are onboarded,
the first server is killed; later it starts again and the second is killed.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from devstack.program import run
from devstack.stack import new_run_directory
from devstack.tcp_ports import free_ports
from resilience.harness.chaos_stack import ChaosStack
from resilience.harness.network import run_proxy
from resilience.harness.operator_bot import OperatorBot
from resilience.harness.report import OK, VIOLATION
from resilience.harness.sharing import sharing_customer
from resilience.soak.run import (
    DRAIN_TIMEOUT,
    SETTINGS,
    SoakEntry,
    check_entries,
    count_mismatches,
    create_simulator,
    drain,
    onboard,
)

WORKERS = 2


@dataclass(frozen=True)
class Result:
    """What was seen.

    Attributes:
        seconds: Until all onboardings had ended.
        longest_pause: Most seconds between two vendor calls, from the first kill on.
        violations: What was lost or doubled.
    """

    seconds: float
    longest_pause: float
    violations: Sequence[str]


async def kill_one_of_two(onboardings: int, directory: Path) -> Result:
    """Onboard this many customers at once.

    Raises:
        StackError: A process did not start.
    """
    customers = [sharing_customer(at, "two-servers") for at in range(onboardings)]
    simulator = create_simulator(customers)
    async with ChaosStack(directory, simulator, SETTINGS) as stack:
        await stack.serve_simulator(simulator)
        stack.server_ports += free_ports(1)
        temporal = await stack.start_temporal_on_postgresql(more_ports=stack.server_ports[1:])
        proxy = await stack.exit_stack.enter_async_context(run_proxy(*stack.server_ports))
        await stack.connect(proxy.address)
        for _ in range(WORKERS):
            await stack.add_worker()
        entries = [SoakEntry(each, OperatorBot(each, stack.orchestrator)) for each in customers]
        began = time.monotonic()
        open_tasks = [asyncio.create_task(onboard(stack, entry)) for entry in entries]
        first, second = temporal.servers
        calls_before = len(simulator.requests)
        await _until_ended(open_tasks, onboardings // 4)
        await first.kill()
        await _until_ended(open_tasks, onboardings // 2)
        await first.start()
        await second.kill()
        await drain(set(open_tasks))
        seconds = time.monotonic() - began
        violations = check_entries(entries, simulator) + await count_mismatches(stack, entries)
        times = [entry.time for entry in simulator.requests[calls_before:]]
        pauses = [(after - before).total_seconds() for before, after in itertools.pairwise(times)]
        return Result(seconds, max(pauses), violations)


async def _until_ended(tasks: Sequence[asyncio.Task[None]], count: int) -> None:
    """Wait until so many tasks have ended, for DRAIN_TIMEOUT at most."""
    deadline = time.monotonic() + DRAIN_TIMEOUT
    while sum(task.done() for task in tasks) < count and time.monotonic() < deadline:
        pending = [task for task in tasks if not task.done()]
        await asyncio.wait(pending, timeout=1, return_when=asyncio.FIRST_COMPLETED)


def main(
    onboardings: Annotated[int, typer.Option(min=4, help="How many, each with a port-in.")] = 20,
) -> None:
    """Onboard while each of two servers is killed once."""
    directory = new_run_directory("two-servers")
    result = run(kill_one_of_two(onboardings, directory))
    typer.echo(
        f"{onboardings} onboardings in {result.seconds:.0f} s, each server killed once; "
        f"longest pause between vendor calls {result.longest_pause:.1f} s; "
        f"violations: {len(result.violations)}"
    )
    for sentence in result.violations:
        typer.echo(f"VIOLATION {sentence}")
    raise typer.Exit(VIOLATION if result.violations else OK)


if __name__ == "__main__":
    try:
        typer.run(main)
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
