"""A soak: many onboardings on a bad day at the vendor, while processes are killed at random."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from temporalio.service import RPCError

from resilience.harness.chaos_stack import ChaosStack, chaos_stack
from resilience.harness.customer import Customer
from resilience.harness.follower import OnboardingFollower
from resilience.harness.operator_bot import OperatorBot
from resilience.harness.rates import most_in_a_minute
from resilience.harness.sharing import WEBHOOK, add_shared, sharing_customer
from resilience.oracle.invariants import check_shared_ledger, check_webhooks
from resilience.oracle.ledger import LedgerReader
from resilience.oracle.reported_state import ReportedState
from resilience.soak.process_chaos import ProcessChaos, process_chaos
from resilience.soak.random_faults import READ_TIMEOUT, RandomFaults
from simulator import CarrierSetup, CarrierTimings, Simulator, SimulatorOptions
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.names import (
    LINE_WORKFLOW,
    ONBOARDING_WORKFLOW,
    PORT_IN_WORKFLOW,
)

MAX_CONCURRENT_ONBOARDINGS = 20
"""Onboardings that are open at once."""
CHAOS_SHARE = 0.9
"""The share of the onboardings after whose end the process chaos ends."""
MAX_SECONDS_PER_ONBOARDING = 20
"""The process chaos ends after this many seconds for each onboarding at the latest."""
DRAIN_TIMEOUT = 600.0
"""Seconds for what is still open then, with its timeouts and retries."""
RECOVERY_TIMEOUT = 60.0
"""Seconds in which a new onboarding must complete after the last fault."""
POLL_INTERVAL = timedelta(seconds=3)

RATE_LIMIT = 2000
"""Requests a minute that the vendor allows: 40 times those of the standard tier."""
SETTINGS = {
    "TELEGENT_REQUESTS_PER_MINUTE": str(RATE_LIMIT),
    "TELEGENT_READ_TIMEOUT_SECONDS": str(READ_TIMEOUT),
    "TELEGENT_READ_LAG_SECONDS": "3",
    "TELEGENT_PURCHASE_LAG_SECONDS": "3",
    "TELEGENT_PORT_POLL_FIXED_SECONDS": "3",
    **WEBHOOK,
}
CARRIER = CarrierTimings(acknowledge_after=1, decide_after=3, complete_after=5)


@dataclass
class SoakEntry:
    """One onboarding of the soak.

    Attributes:
        escalations: What it has waited for an operator for.
    """

    customer: Customer
    bot: OperatorBot
    progress: OnboardingProgress | None = None
    escalations: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


@dataclass
class SoakResult:
    """The result of a soak.

    Attributes:
        actions: Disruptions of processes by kind.
        faults: Injected faults by kind.
        recovery_seconds: Duration of one more onboarding after the last fault.
    """

    entries: Sequence[SoakEntry]
    actions: Counter[str]
    faults: Counter[str]
    calls: int
    max_requests_per_minute: int
    rate_limited: int
    recovery_seconds: float
    seconds: float
    violations: list[str]


async def soak(
    onboardings: int, seed: int, directory: Path, on_ended: Callable[[ProcessChaos], None]
) -> SoakResult:
    """Onboard this many customers under random faults and process chaos.

    They share what customers share: catalogue, account, webhook, subscriber and inventory.

    Args:
        onboardings: How many.
        seed: Makes the same choices, though not at the same moments.
        directory: For logs and the database.
        on_ended: Called whenever an onboarding has ended.

    Raises:
        StackError: A process did not start.
    """
    began = time.monotonic()
    customers = [sharing_customer(at, "soak") for at in range(onboardings + 1)]
    random_faults = RandomFaults(seed)
    simulator = create_simulator(customers)
    simulator.faults = random_faults
    async with chaos_stack(directory, simulator, SETTINGS) as stack:
        entries = [SoakEntry(each, OperatorBot(each, stack.orchestrator)) for each in customers]
        *many, last = entries
        slots = asyncio.Semaphore(MAX_CONCURRENT_ONBOARDINGS)

        async def run_one(entry: SoakEntry) -> None:
            async with slots:
                await onboard(stack, entry)
                on_ended(chaos)

        async with process_chaos(stack, seed) as chaos:
            open_tasks = {asyncio.create_task(run_one(entry)) for entry in many}
            open_tasks = await _until_mostly_ended(open_tasks, onboardings)
            random_faults.clear()
        recovery_seconds = await _measure_recovery(stack, last)
        await drain(open_tasks)
        violations = check_entries(entries, simulator) + chaos.violations
        violations += await count_mismatches(stack, entries) + _check_recovery(recovery_seconds)
    return SoakResult(
        entries,
        actions=chaos.counts,
        faults=random_faults.hits,
        calls=len(simulator.requests),
        max_requests_per_minute=most_in_a_minute([entry.time for entry in simulator.requests]),
        rate_limited=_count_rate_limited(simulator),
        recovery_seconds=recovery_seconds,
        seconds=time.monotonic() - began,
        violations=violations,
    )


def create_simulator(customers: Sequence[Customer]) -> Simulator:
    """A vendor with what these customers share, and with their port-ins' records."""
    records = {customer.number: customer.record for customer in customers}
    carrier = CarrierSetup(records=records, timings=CARRIER)
    simulator = Simulator(SimulatorOptions(carrier=carrier, rate_limit=RATE_LIMIT))
    add_shared(simulator.state)
    return simulator


async def drain(open_tasks: set[asyncio.Task[None]]) -> None:
    """Wait for what is still open, for DRAIN_TIMEOUT at most."""
    if open_tasks:
        _, open_tasks = await asyncio.wait(open_tasks, timeout=DRAIN_TIMEOUT)
    for task in open_tasks:
        task.cancel()
    await asyncio.gather(*open_tasks, return_exceptions=True)


async def onboard(stack: ChaosStack, entry: SoakEntry) -> None:
    """Start an onboarding and follow it to its end, with the bot resolving its escalations."""
    await _start(stack, entry.customer)
    follower = OnboardingFollower(
        stack.client, entry.bot, stack.simulator, poll_interval=POLL_INTERVAL
    )
    while True:
        progress = await follower.until_quiescent()
        if follower.closed:
            entry.progress = progress
            return
        reported = ReportedState(progress)
        entry.escalations += reported.open_escalations
        entry.violations += reported.unjustified_escalations
        await follower.respond(progress)


async def _start(stack: ChaosStack, customer: Customer) -> None:
    while True:
        with contextlib.suppress(RPCError):
            await stack.orchestrator.start_onboarding(customer.request)
            return
        await asyncio.sleep(1)


async def _until_mostly_ended(
    open_tasks: set[asyncio.Task[None]], onboardings: int
) -> set[asyncio.Task[None]]:
    """Wait until most have ended, or the time is up. Returns those that are still open."""
    deadline = time.monotonic() + MAX_SECONDS_PER_ONBOARDING * onboardings
    while len(open_tasks) > (1 - CHAOS_SHARE) * onboardings and time.monotonic() < deadline:
        on_ended, open_tasks = await asyncio.wait(
            open_tasks,
            timeout=max(0.0, deadline - time.monotonic()),
            return_when=asyncio.FIRST_COMPLETED,
        )
        for task in on_ended:
            task.result()
    return open_tasks


async def _measure_recovery(stack: ChaosStack, last: SoakEntry) -> float:
    """How many seconds one more onboarding takes."""
    began = time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2 * RECOVERY_TIMEOUT):
            await onboard(stack, last)
    return time.monotonic() - began


def _check_recovery(seconds: float) -> list[str]:
    return [f"the last onboarding took {seconds:.0f} s"] if seconds > RECOVERY_TIMEOUT else []


def check_entries(entries: Sequence[SoakEntry], simulator: Simulator) -> list[str]:
    """What is wrong with each onboarding by the ledger, and effects that no request asked for."""
    ledger = LedgerReader(simulator.ledger.rows)
    violations = check_webhooks(ledger)
    for entry in entries:
        request = entry.customer.request
        if entry.progress is None:
            entry.violations.append("still open in the end")
            continue
        report = check_shared_ledger(request, ledger, entry.progress, entry.customer.rejections)
        entry.violations += [
            *report.violations,
            *(f"waits in the end: {w}" for w in report.escalations),
        ]
        violations += [f"{request.reference}: {what}" for what in entry.violations]
    return violations + ledger.unclaimed


async def count_mismatches(stack: ChaosStack, entries: Sequence[SoakEntry]) -> list[str]:
    """Whether there is exactly one workflow for each requested resource, and none is open."""
    lines = sum(len(entry.customer.request.lines) for entry in entries)
    expected_counts = {
        ONBOARDING_WORKFLOW: len(entries),
        LINE_WORKFLOW: lines,
        PORT_IN_WORKFLOW: len(entries),
    }
    violations = []
    for kind, count in expected_counts.items():
        query = f"WorkflowType = '{kind}'"
        started = (await stack.client.count_workflows(query)).count
        completed = f"{query} AND ExecutionStatus = 'Completed'"
        completed_count = (await stack.client.count_workflows(completed)).count
        if (started, completed_count) != (count, count):
            violations.append(
                f"{kind}: {started} were started and {completed_count} completed, not {count}"
            )
    return violations


def _count_rate_limited(simulator: Simulator) -> int:
    return sum(entry.status == 429 and entry.fault is None for entry in simulator.requests)
