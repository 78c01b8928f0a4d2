"""A lane: a simulator and workers of its own, in which cases are played one after the other."""

import sysconfig
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.testing import WorkflowEnvironment

from localstack.temporal_server import DYNAMIC_CONFIG
from resilience.fault_matrix.cases import LATE, TIMEOUTS, Spoiled, Trouble
from resilience.harness.customer import Family, family
from resilience.harness.unreachable import Unreachable
from resilience.oracle.invariants import Verdict
from simulator import Simulator, SimulatorOptions
from telegent import RequestBudget, Telegent
from telegent_orchestrator.names import SEARCH_ATTRIBUTES

NO_LIMIT = 60_000
"""Requests a minute: the vendor's limit is tried by tests of their own."""


@dataclass(frozen=True)
class Played:
    """What a case came to. `asked`: what a person had to answer before the end.

    `met`: how often the fault met its call. `bought`: numbers in the ledger.
    """

    case: Spoiled
    verdict: Verdict
    asked: list[str]
    met: int
    bought: int
    seconds: float


@dataclass
class Stage:
    """Where one family is onboarded: whom it concerns, and what is around it."""

    family: Family
    client: Client
    simulator: Simulator
    late: float = 0.0
    asked: list[str] = field(default_factory=list)


class Onboarder(Protocol):
    """Whoever is tried: its workers, and how it onboards."""

    def ready(self, client: Client) -> AbstractAsyncContextManager[object]:
        """What stays over all cases of a lane."""
        ...

    def working(self, client: Client, api: Telegent) -> AbstractAsyncContextManager[object]:
        """What works for one case, with the vendor's client of that case."""
        ...

    async def onboard(self, stage: Stage) -> Verdict:
        """Onboards the family, and says what came of it; writes what was asked on the stage."""
        ...


@dataclass
class Lane:
    """A namespace, a simulator, and whoever is tried."""

    client: Client
    simulator: Simulator
    url: str
    onboarder: Onboarder

    async def play(self, case: Spoiled) -> Played:
        """Plays one case from an empty vendor to its end."""
        customer, simulator = family(case.number, "faults"), self.simulator
        simulator.options = SimulatorOptions(carrier=customer.carrier())
        simulator.reset()
        unreachable = None
        if case.trouble is Trouble.NO_CONNECTION:
            unreachable = Unreachable(case.fault)
        else:
            simulator.faults.add(case.fault)
        late = LATE if case.trouble is Trouble.LATE_EFFECT else 0.0
        stage = Stage(customer, self.client, simulator, late)
        started = time.monotonic()
        api = Telegent(
            simulator.options.account_key,
            simulator.options.account_secret,
            base_url=self.url,
            budget=RequestBudget(per_minute=NO_LIMIT, burst=1_000),
            timeouts=TIMEOUTS,
            transport=unreachable,
        )
        async with api, self.onboarder.working(self.client, api):
            verdict = await self.onboarder.onboard(stage)
        met = unreachable.met if unreachable else sum(bool(e.fault) for e in simulator.requests)
        return Played(
            case,
            verdict if met else Verdict([*verdict.wrong, "the fault never met its call"], []),
            stage.asked,
            met,
            simulator.ledger.count("number.provisioned"),
            time.monotonic() - started,
        )


@asynccontextmanager
async def lanes(onboarder: Onboarder, count: int) -> AsyncIterator[list[Lane]]:
    """Lanes on a Temporal server of their own, each in its own namespace."""
    namespaces = [f"lane-{at}" for at in range(count)]
    options = [part for name in namespaces for part in ("--namespace", name)]
    for name, value in DYNAMIC_CONFIG.items():
        options += ["--dynamic-config-value", f"{name}={value}"]
    runtime = Runtime(
        telemetry=TelemetryConfig(
            logging=LoggingConfig(TelemetryFilter(core_level="ERROR", other_level="ERROR"))
        )
    )
    async with AsyncExitStack() as stack:
        environment = await stack.enter_async_context(
            await WorkflowEnvironment.start_local(
                runtime=runtime,
                dev_server_existing_path=str(Path(sysconfig.get_path("scripts")) / "temporal"),
                dev_server_extra_args=options,
                search_attributes=SEARCH_ATTRIBUTES,
                dev_server_log_level="never",
            )
        )
        made = []
        for namespace in namespaces:
            client = await Client.connect(
                environment.client.service_client.config.target_host,
                namespace=namespace,
                data_converter=pydantic_data_converter,
                runtime=runtime,
            )
            simulator = Simulator()
            url = await stack.enter_async_context(simulator.serve())
            await stack.enter_async_context(onboarder.ready(client))
            made.append(Lane(client, simulator, url, onboarder))
        yield made
