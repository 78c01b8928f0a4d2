"""A lane: a simulator and workers in which cases run one after the other."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from devstack.tcp_ports import free_ports
from devstack.temporal_on_postgresql import create_namespace, temporal_on_postgresql
from devstack.temporal_server import dev_server
from resilience.fault_matrix.cases import DELAY_SECONDS, TIMEOUTS, FaultCase, FaultMode
from resilience.harness.customer import Customer, create_customer
from resilience.harness.dialects import port_dialect, simulator_options
from resilience.harness.temporal_choice import on_postgresql
from resilience.harness.unreachable import UnreachableTransport
from resilience.oracle.invariants import InvariantReport
from simulator import Simulator
from telegent import RateLimiter, Telegent

UNLIMITED = 60_000
"""Requests a minute. The vendor's rate limit has tests of its own."""


@dataclass(frozen=True)
class CaseResult:
    """The result of one case.

    Attributes:
        case: What was run.
        report: The oracle's findings.
        escalations: What the operator bot had to resolve before the end.
        fault_hits: How many calls the fault hit.
        numbers_bought: Numbers provisioned according to the ledger.
        seconds: How long the case took.
    """

    case: FaultCase
    report: InvariantReport
    escalations: list[str]
    fault_hits: int
    numbers_bought: int
    seconds: float


@dataclass
class CaseContext:
    """One onboarding: the customer, what it runs on, and how many cases share it."""

    customer: Customer
    client: Client
    simulator: Simulator
    cases: int = 1
    effect_delay: float = 0.0
    escalations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Lags:
    """Seconds until lists show a new resource, and until other requests can refer to it."""

    lists: float = 0.0
    references: float = 0.0


class SystemUnderTest(Protocol):
    """The program whose onboardings are tested."""

    @property
    def lags(self) -> Lags:
        """The lags of the vendor that it is configured for."""
        ...

    def session(self, client: Client) -> AbstractAsyncContextManager[object]:
        """Run what all cases of a lane share."""
        ...

    def case_session(self, client: Client, api: Telegent) -> AbstractAsyncContextManager[object]:
        """Run what works for one case, with that case's vendor client."""
        ...

    async def onboard(self, context: CaseContext) -> InvariantReport:
        """Onboard the customer and check the result. Adds escalations to the context."""
        ...


@dataclass
class Lane:
    """A Temporal namespace, a simulator, and the system under test."""

    client: Client
    simulator: Simulator
    url: str
    system: SystemUnderTest

    async def run_case(self, case: FaultCase, *more: FaultCase) -> CaseResult:
        """Run one case, with an empty simulator.

        Args:
            case: What to run.
            more: Cases of other calls, whose faults hit the same onboarding.
        """
        cases = (case, *more)
        customer, simulator = create_customer(case.number, "faults"), self.simulator
        simulator.options = simulator_options(
            case.dialect,
            customer.carrier(),
            list_lag=self.system.lags.lists,
            reference_lag=self.system.lags.references,
        )
        simulator.reset()
        unreachable = UnreachableTransport(
            *(each.fault for each in cases if each.mode is FaultMode.NO_CONNECTION)
        )
        for each in cases:
            if each.mode is not FaultMode.NO_CONNECTION:
                simulator.faults.add(each.fault)
        delayed = any(each.mode is FaultMode.EFFECT_DELAYED for each in cases)
        effect_delay = DELAY_SECONDS if delayed else 0.0
        context = CaseContext(customer, self.client, simulator, len(cases), effect_delay)
        started = time.monotonic()
        api = Telegent(
            simulator.options.account_key,
            simulator.options.account_secret,
            base_url=self.url,
            # Of a short window, so that injected 429s do not lower the limit for minutes.
            rate_limiter=RateLimiter(UNLIMITED, window=1.0),
            timeouts=TIMEOUTS,
            transport=unreachable,
            port_dialect=port_dialect(simulator.options),
        )
        async with api, self.system.case_session(self.client, api):
            report = await self.system.onboard(context)
        hits = [*unreachable.hits, *((e.method, e.path) for e in simulator.requests if e.fault)]
        missed = _missed(cases, hits)
        return CaseResult(
            case,
            InvariantReport([*report.violations, *missed], []) if missed else report,
            context.escalations,
            len(hits),
            simulator.ledger.count("number.provisioned"),
            time.monotonic() - started,
        )


def _missed(cases: Sequence[FaultCase], hits: Sequence[tuple[str, str]]) -> list[str]:
    """A sentence for each case whose fault hit none of the calls, given as method and path."""
    return [
        f"{case}: the fault hit no call"
        for case in cases
        if not any(case.fault.matches(method, path) for method, path in hits)
    ]


@asynccontextmanager
async def start_lanes(system: SystemUnderTest, count: int) -> AsyncIterator[list[Lane]]:
    """Run lanes on one Temporal server, each in its own namespace, while the block runs."""
    namespaces = [f"lane-{at}" for at in range(count)]
    only_errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    runtime = Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(only_errors)))
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(_temporal(namespaces, runtime))
        lanes = []
        for namespace in namespaces:
            client = await Client.connect(
                address,
                namespace=namespace,
                data_converter=pydantic_data_converter,
                runtime=runtime,
            )
            simulator = Simulator()
            url = await stack.enter_async_context(simulator.serve())
            await stack.enter_async_context(system.session(client))
            lanes.append(Lane(client, simulator, url, system))
        yield lanes


@asynccontextmanager
async def _temporal(namespaces: Sequence[str], runtime: Runtime) -> AsyncIterator[str]:
    """Run a Temporal server with these namespaces while the block runs. Yields its address."""
    if not on_postgresql():
        async with dev_server(namespaces=namespaces, runtime=runtime) as server:
            yield server.service_client.config.target_host
        return
    with tempfile.TemporaryDirectory(prefix="lanes-") as directory:
        async with temporal_on_postgresql(Path(directory), free_ports(1)) as temporal:
            [address] = temporal.addresses
            await asyncio.gather(*(create_namespace(address, name) for name in namespaces))
            yield address
