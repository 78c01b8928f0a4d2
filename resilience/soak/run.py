"""A soak: many customers on a bad day at the vendor, while processes are ended at random."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from temporalio.service import RPCError

from resilience.harness.customer import Family, family
from resilience.harness.environment import Scene, scene
from resilience.harness.follower import Follower
from resilience.harness.operator_bot import Desk
from resilience.oracle.invariants import judge_among_others
from resilience.oracle.ledger import Books
from resilience.oracle.reported_state import Said
from resilience.soak.process_chaos import Mayhem, mayhem
from resilience.soak.random_faults import READ_TIMEOUT, Weather
from simulator import CarrierSetup, CarrierTimings, Simulator, SimulatorOptions
from telegent_orchestrator.client import Progress
from telegent_orchestrator.names import (
    LINE_WORKFLOW,
    ONBOARDING_WORKFLOW,
    PORT_IN_WORKFLOW,
)

AT_A_TIME = 20
"""Onboardings that are open at once."""
CALM_FROM = 0.9
"""The part of the onboardings that must have ended until the mayhem does."""
SECONDS_EACH = 20
"""By how many seconds for each onboarding the mayhem ends at the latest."""
AFTERWARDS = 600.0
"""Seconds that whatever is still open then has: time-outs and waits for a retry need some."""
TAIL = 60.0
"""Seconds in which a new onboarding must complete after the last fault."""
LOOK = timedelta(seconds=3)

REQUESTS, LIMIT = 1800, 2000
"""Requests a minute: what the workers are told to send, and what the vendor allows. The standard
tier, 45 of 50, made 40 times as fast."""
SETTINGS = {
    "TELEGENT_REQUESTS_PER_MINUTE": str(REQUESTS),
    "TELEGENT_BURST": "20",
    "TELEGENT_READ_TIMEOUT_SECONDS": str(READ_TIMEOUT),
    "TELEGENT_READ_LAG_SECONDS": "3",
    "TELEGENT_PURCHASE_LAG_SECONDS": "3",
    "TELEGENT_PORT_FIXED_SECONDS": "3",
}
CARRIER = CarrierTimings(acknowledge_after=1, decide_after=3, complete_after=5)


@dataclass
class Customer:
    """One onboarding of the soak. `asked`: each time it waited for people, what for."""

    family: Family
    desk: Desk
    progress: Progress | None = None
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Soaked:
    """What came of a soak. `wrong`: by whom, what; `tail`: seconds of the last onboarding."""

    customers: Sequence[Customer]
    deeds: Counter[str]
    faults: Counter[str]
    calls: int
    most_in_a_minute: int
    refused_by_limit: int
    tail: float
    seconds: float
    wrong: list[str]


async def soak(
    onboardings: int, seed: int, directory: Path, ended: Callable[[Mayhem], None]
) -> Soaked:
    """Onboards so many families; `ended` is told of each that has come to its end.

    The same seed makes the same choices, though not at the same moments. Logs and the database are
    in `directory`. Raises DemoError if a process does not start.
    """
    began = time.monotonic()
    families = [family(at, "soak") for at in range(onboardings + 1)]
    weather = Weather(seed)
    simulator = Simulator(
        SimulatorOptions(
            carrier=CarrierSetup(
                records={each.number: each.record for each in families}, timings=CARRIER
            ),
            rate_limit=LIMIT,
        )
    )
    simulator.faults = weather
    async with scene(directory, simulator, SETTINGS) as stage:
        customers = [Customer(each, Desk(each, stage.orchestrator)) for each in families]
        *many, last = customers
        free = asyncio.Semaphore(AT_A_TIME)

        async def one(customer: Customer) -> None:
            async with free:
                await _onboard(stage, customer)
                ended(raging)

        async with mayhem(stage, seed) as raging:
            open_now = {asyncio.create_task(one(customer)) for customer in many}
            open_now = await _until_few(open_now, onboardings)
            weather.clear()
        tail = await _tail(stage, last)
        if open_now:
            _, open_now = await asyncio.wait(open_now, timeout=AFTERWARDS)
        for task in open_now:
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)
        wrong = _judged(customers, simulator) + raging.wrong + await _miscounted(stage, customers)
        if tail > TAIL:
            wrong.append(f"the last onboarding took {tail:.0f} s")
    return Soaked(
        customers,
        deeds=raging.done,
        faults=weather.met,
        calls=len(simulator.requests),
        most_in_a_minute=_most_in_a_minute(simulator),
        refused_by_limit=_refused_by_limit(simulator),
        tail=tail,
        seconds=time.monotonic() - began,
        wrong=wrong,
    )


async def _onboard(stage: Scene, customer: Customer) -> None:
    """Starts an onboarding and stays with it to its end, whoever has to be asked on the way."""
    await _start(stage, customer.family)
    follower = Follower(stage.client, customer.desk, stage.simulator, every=LOOK)
    while True:
        progress = await follower.until_rest()
        if follower.closed:
            customer.progress = progress
            return
        said = Said(progress)
        customer.asked += said.waits
        customer.wrong += said.faults_of_asking
        await follower.act(progress)


async def _start(stage: Scene, customer: Family) -> None:
    while True:
        with contextlib.suppress(RPCError):
            await stage.orchestrator.start_onboarding(customer.request)
            return
        await asyncio.sleep(1)


async def _until_few(
    open_now: set[asyncio.Task[None]], onboardings: int
) -> set[asyncio.Task[None]]:
    """Waits until most have ended, or far too long; those that are open then."""
    deadline = time.monotonic() + SECONDS_EACH * onboardings
    while len(open_now) > (1 - CALM_FROM) * onboardings and time.monotonic() < deadline:
        ended, open_now = await asyncio.wait(
            open_now,
            timeout=max(0.0, deadline - time.monotonic()),
            return_when=asyncio.FIRST_COMPLETED,
        )
        for task in ended:
            task.result()
    return open_now


async def _tail(stage: Scene, last: Customer) -> float:
    """How long one more onboarding takes, in seconds."""
    began = time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2 * TAIL):
            await _onboard(stage, last)
    return time.monotonic() - began


def _judged(customers: Sequence[Customer], simulator: Simulator) -> list[str]:
    """What is wrong with each, by the ledger; and what nobody asked for."""
    books = Books(simulator.ledger.rows)
    wrong = []
    for customer in customers:
        request = customer.family.request
        if customer.progress is None:
            customer.wrong.append("still open in the end")
            continue
        verdict = judge_among_others(request, books, customer.progress, customer.family.rejections)
        customer.wrong += [*verdict.wrong, *(f"waits in the end: {w}" for w in verdict.waits)]
        wrong += [f"{request.reference}: {what}" for what in customer.wrong]
    return wrong + books.strangers


async def _miscounted(stage: Scene, customers: Sequence[Customer]) -> list[str]:
    """Whether there is one workflow for each thing asked for, and none is open."""
    lines = sum(len(customer.family.request.lines) for customer in customers)
    due = {
        ONBOARDING_WORKFLOW: len(customers),
        LINE_WORKFLOW: lines,
        PORT_IN_WORKFLOW: len(customers),
    }
    wrong = []
    for kind, count in due.items():
        query = f"WorkflowType = '{kind}'"
        there = (await stage.client.count_workflows(query)).count
        completed = f"{query} AND ExecutionStatus = 'Completed'"
        done = (await stage.client.count_workflows(completed)).count
        if (there, done) != (count, count):
            wrong.append(f"{kind}: {there} were started and {done} completed, not {count}")
    return wrong


def _most_in_a_minute(simulator: Simulator) -> int:
    times = [entry.time for entry in simulator.requests]
    most = first = 0
    for at, now in enumerate(times):
        while now - times[first] >= timedelta(minutes=1):
            first += 1
        most = max(most, at - first + 1)
    return most


def _refused_by_limit(simulator: Simulator) -> int:
    return sum(entry.status == 429 and entry.fault is None for entry in simulator.requests)
