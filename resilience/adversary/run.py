"""An adversarial run: onboardings and port-ins while vendor, senders and operator misbehave."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from temporalio.service import RPCError

from devstack.tcp_ports import HOST, free_ports
from resilience.adversary.floods import Floods
from resilience.adversary.operator import RandomOperator
from resilience.adversary.oracle import (
    MAX_HISTORY,
    Entry,
    check_ledger,
    largest_histories,
    silent,
    watch,
)
from resilience.adversary.vendor import LAG, AdversarialVendor
from resilience.harness.chaos_stack import ChaosStack, chaos_stack
from resilience.harness.follower import OnboardingFollower
from resilience.harness.operator_bot import OperatorBot
from resilience.harness.rates import most_in_a_minute
from resilience.harness.sharing import WEBHOOK, sharing_customer
from worker.http.webhook import ORDER_UPDATE_PATH

MAX_OPEN = 20
"""Customers who are onboarded at once."""
ALLOWANCE, POLL_SHARE = 200, 0.4
"""Requests in any 60 seconds that the vendor allows: four times the standard tier."""
MAX_POLLS = int(POLL_SHARE * ALLOWANCE)
"""Polls of port-ins in any 60 seconds."""
DRAIN_TIMEOUT = 1200.0
"""Seconds for what is still open when the adversity has ended."""
FOLLOW_INTERVAL = timedelta(seconds=3)
SETTINGS = {
    "TELEGENT_REQUESTS_PER_MINUTE": str(ALLOWANCE),
    "TELEGENT_READ_LAG_SECONDS": str(3 * LAG),
    "TELEGENT_PURCHASE_LAG_SECONDS": str(8 * LAG),
    "TELEGENT_ORDER_POLL_SECONDS": "3",
    # Unset: a fixed interval would not be stretched to keep polls within their share.
    "TELEGENT_PORT_POLL_FIXED_SECONDS": "",
    "TELEGENT_PORT_POLL_INITIAL_SECONDS": "15",
    "TELEGENT_PORT_POLL_DENSE_SECONDS": "20",
    "TELEGENT_PORT_POLL_SHARE": str(POLL_SHARE),
    **WEBHOOK,
}


@dataclass
class AdversaryResult:
    """The result of a run.

    Attributes:
        entries: The customers.
        counts: Deeds of vendor, senders and operator, by kind.
        requests: Requests that the vendor has received.
        most_requests: The most in any 60 seconds.
        rate_limited: How many the vendor rejected for their rate.
        most_polls: The most polls of port-ins in any 60 seconds.
        histories: Events of the largest history, by type of workflow.
        violations: A sentence for each.
    """

    entries: Sequence[Entry]
    counts: Mapping[str, int]
    requests: int
    most_requests: int
    rate_limited: int
    most_polls: int
    histories: Mapping[str, int]
    violations: list[str]


async def run_adversary(
    seconds: float, seed: int, directory: Path, on_ended: Callable[[Entry], None]
) -> AdversaryResult:
    """Onboard customers for this time, and check the results when all have ended.

    Args:
        seconds: How long customers come and vendor, senders and operator misbehave.
        seed: Makes the same choices, though not at the same moments.
        directory: For logs and the database.
        on_ended: Called whenever an onboarding has completed.

    Raises:
        StackError: A process did not start.
    """
    vendor, entries = AdversarialVendor(seed, ALLOWANCE), list[Entry]()
    async with chaos_stack(directory, vendor.simulator, SETTINGS) as stack:
        await stack.add_worker()
        floods = Floods(stack.client, vendor.simulator, await _start_webhook(stack), seed)
        operator = RandomOperator(stack.client, seed)
        async with _background(watch(entries)):
            async with _background(vendor.change_moods(), floods.run(), operator.run()):
                tasks = await _let_customers_come(stack, vendor, entries, seconds, on_ended)
            await _drain(tasks)
        histories = await largest_histories(stack.client)
    times = [entry.time for entry in vendor.simulator.requests]
    result = AdversaryResult(
        entries,
        counts=Counter(
            {
                "vendor: changes of dialect": vendor.moods,
                **{f"vendor: {what}": number for what, number in vendor.carrier.shown.items()},
                **{f"flood: {what}": number for what, number in floods.sent.items()},
                **{f"operator: {what}": number for what, number in operator.deeds.items()},
            }
        ),
        requests=len(times),
        most_requests=most_in_a_minute(times),
        rate_limited=sum(entry.status == 429 for entry in vendor.simulator.requests),
        most_polls=most_in_a_minute(vendor.carrier.reads),
        histories=histories,
        violations=[*check_ledger(entries, vendor.simulator.ledger.rows), *silent(entries)],
    )
    result.violations += _exceeded(result)
    return result


def _exceeded(result: AdversaryResult) -> list[str]:
    """A sentence for each limit that was exceeded."""
    limits = {
        "requests in a minute": (result.most_requests, ALLOWANCE),
        "polls of port-ins in a minute": (result.most_polls, MAX_POLLS),
        "events of a history": (max(result.histories.values(), default=0), MAX_HISTORY),
    }
    return [
        f"{found} {what}, limit {limit}" for what, (found, limit) in limits.items() if found > limit
    ]


@asynccontextmanager
async def _background(*runs: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these while the block runs. Raises what one of them has failed with."""
    tasks = [asyncio.create_task(run) for run in runs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for failure in results:
        if failure and not isinstance(failure, asyncio.CancelledError):
            raise failure


async def _start_webhook(stack: ChaosStack) -> str:
    """Start the webhook receiver. Returns its URL."""
    port = str(free_ports(1)[0])
    await stack.start_webhook({"TELEGENT_WEBHOOK_PORT": port, "TELEGENT_WEBHOOK_TOKEN": ""})
    return f"http://{HOST}:{port}{ORDER_UPDATE_PATH}"


async def _let_customers_come(
    stack: ChaosStack,
    vendor: AdversarialVendor,
    entries: list[Entry],
    seconds: float,
    on_ended: Callable[[Entry], None],
) -> set[asyncio.Task[None]]:
    """Onboard one customer after the other, MAX_OPEN at once. Returns the tasks at the end."""
    deadline, tasks = time.monotonic() + seconds, set[asyncio.Task[None]]()
    indexes = count()

    async def serve(entry: Entry) -> None:
        await _onboard(stack, entry)
        on_ended(entry)

    while (remaining := deadline - time.monotonic()) > 0:
        if sum(not entry.ended for entry in entries) < MAX_OPEN:
            customer = sharing_customer(next(indexes), "adversary")
            vendor.add(customer)
            entry = Entry(customer, OperatorBot(customer, stack.orchestrator))
            entries.append(entry)
            tasks.add(asyncio.create_task(serve(entry)))
        await asyncio.sleep(min(1.0, remaining))
    return tasks


async def _onboard(stack: ChaosStack, entry: Entry) -> None:
    """Start the onboarding, again and again until it completes, with the bot as its operator."""
    request = entry.customer.request
    while not entry.ended:
        with contextlib.suppress(RPCError):
            await stack.orchestrator.start_onboarding(request)
            entry.runs += 1
            follower = OnboardingFollower(
                stack.client, entry.bot, stack.simulator, poll_interval=FOLLOW_INTERVAL
            )
            entry.progress = await follower.until_closed()
            result = entry.progress.onboarding.result
            entry.ended = result is not None and result.complete
        await asyncio.sleep(1)


async def _drain(tasks: set[asyncio.Task[None]]) -> None:
    """Wait for what is still open, for DRAIN_TIMEOUT at most. Raises what one has failed with."""
    if tasks:
        ended, still_open = await asyncio.wait(tasks, timeout=DRAIN_TIMEOUT)
        for task in still_open:
            task.cancel()
        await asyncio.gather(*still_open, return_exceptions=True)
        for task in ended:
            task.result()
