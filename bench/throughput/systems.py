"""The systems under test. Each runs its own servers and its worker as processes of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from bench.baseline.flow import TASK_QUEUE, BaselineOnboarding
from bench.temporal_cost import Cost, cost_of_all
from devstack.child_process import ChildProcess, python_command
from devstack.stack import DevStack
from devstack.temporal_on_postgresql import ServerOptions
from telegent_orchestrator.onboarding import OnboardingRequest

SERVER_OPTIONS = (
    "--headless",
    # As on a server for many workflows: the development server reads its database each time that a
    # search attribute is used, for those that were registered a moment ago.
    "--dynamic-config-value",
    "system.forceSearchAttributesCacheRefreshOnRead=false",
)
UNLIMITED = "60000"
"""Requests a minute, more than any system reaches: the vendor's rate limit is not measured here."""


@dataclass(frozen=True)
class RunningSystem:
    """A system that is ready to onboard.

    Attributes:
        workers: The processes that run the onboardings.
        servers: The processes that these need, other than the vendor.
        onboard: Runs one onboarding to its end. Raises an exception unless it is complete.
        temporal_cost: What all onboardings cost at Temporal; None for a system without Temporal.
    """

    workers: Sequence[ChildProcess]
    servers: Sequence[ChildProcess]
    onboard: Callable[[OnboardingRequest], Awaitable[object]]
    temporal_cost: Callable[[], Awaitable[Cost]] | None = None


class SystemUnderTest(Protocol):
    """A program that onboards customers."""

    @property
    def name(self) -> str:
        """Its name in the table."""
        ...

    def run(self, stack: DevStack) -> AbstractAsyncContextManager[RunningSystem]:
        """Run it while the block runs, on the vendor and in the directory of a stack of its own.

        Temporal is started only if the system does it.
        """
        ...


@dataclass(frozen=True)
class Orchestrator:
    """This project, with one worker."""

    name: str = "this project"

    @asynccontextmanager
    async def run(self, stack: DevStack) -> AsyncIterator[RunningSystem]:
        """Run Temporal and a worker."""
        yield await _start_worker(stack, [await stack.start_temporal(*SERVER_OPTIONS)])


@dataclass(frozen=True)
class OnPostgresql:
    """This project, with one worker, on Temporal with PostgreSQL.

    Attributes:
        name: Its name in the table.
        options: Of the Temporal server.
    """

    name: str = "this project on PostgreSQL"
    options: ServerOptions = field(default_factory=ServerOptions)

    @asynccontextmanager
    async def run(self, stack: DevStack) -> AsyncIterator[RunningSystem]:
        """Run PostgreSQL, Temporal and a worker."""
        temporal = await stack.start_temporal_on_postgresql(self.options)
        yield await _start_worker(stack, [*temporal.servers, temporal.database])


async def _start_worker(stack: DevStack, servers: Sequence[ChildProcess]) -> RunningSystem:
    worker = await stack.start_worker(settings={"TELEGENT_REQUESTS_PER_MINUTE": UNLIMITED})

    async def onboard(request: OnboardingRequest) -> None:
        await (await stack.orchestrator.start_onboarding(request)).result()

    return RunningSystem([worker], servers, onboard, lambda: cost_of_all(stack.client))


@dataclass(frozen=True)
class PlainTemporal:
    """The flow of `bench.baseline`: one activity for each request, Temporal's default retries."""

    name: str = "plain Temporal flow"

    @asynccontextmanager
    async def run(self, stack: DevStack) -> AsyncIterator[RunningSystem]:
        """Run Temporal and a worker."""
        temporal = await stack.start_temporal(*SERVER_OPTIONS)
        log = stack.directory / "worker.log"

        async def ready() -> bool:
            return b"running" in log.read_bytes()

        worker = ChildProcess(
            "plain worker",
            python_command("bench.baseline.worker"),
            log=log,
            ready=ready,
            environment={**stack.vendor.settings, "TEMPORAL_ADDRESS": stack.temporal_address},
        )

        async def onboard(request: OnboardingRequest) -> None:
            await stack.client.execute_workflow(
                BaselineOnboarding.run,
                request,
                id=f"plain-{request.reference}",
                task_queue=TASK_QUEUE,
            )

        async with worker:
            yield RunningSystem([worker], [temporal], onboard, lambda: cost_of_all(stack.client))


SYSTEMS: Sequence[SystemUnderTest] = (PlainTemporal(), Orchestrator())
"""The first is what the others are compared with."""
ALL_SYSTEMS: Sequence[SystemUnderTest] = (*SYSTEMS, OnPostgresql())
"""With what needs more than this project's own programs."""
