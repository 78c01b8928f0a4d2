"""A real Temporal server, a real simulator, and the real workers between them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from activities import ActivitySettings, PollSchedule
from devstack import temporal_server
from resilience.harness.dialects import port_dialect
from simulator import CarrierTimings, ManualClock, Simulator, SimulatorOptions
from telegent import RateLimiter, Telegent
from telegent_orchestrator.client import OnboardingHandle, Orchestrator
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness.waiting import TEST_TIMEOUT
from worker.run import workers
from worker.search_attributes import register_search_attributes

CANCEL_REQUESTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED
TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
EXAMPLES = Path(__file__).parents[2] / "examples"
OPTIONAL_FEATURES = (
    "frontend.WorkflowPauseEnabled=true",
    "frontend.WorkflowTimeSkippingEnabled=true",
)
FAST_TIMINGS = CarrierTimings(acknowledge_after=0.05, decide_after=0.1, complete_after=0.15)
SETTINGS = ActivitySettings(
    read_lag=timedelta(seconds=0.1),
    purchase_lag=timedelta(seconds=0.4),
    order_poll=timedelta(seconds=0.1),
    port_out_poll=timedelta(seconds=0.1),
    port_poll_schedule=PollSchedule(fixed=timedelta(seconds=0.1)),
)


def dev_server(*dynamic_config: str) -> AbstractAsyncContextManager[Client]:
    """A Temporal server that can pause workflows, and let time pass faster for them.

    Args:
        dynamic_config: More settings of it, each as `key=value`.
    """
    return temporal_server.dev_server(*OPTIONAL_FEATURES, *dynamic_config)


async def new_namespace(client: Client) -> Client:
    """A client of a new namespace on the same server: nothing else is in there."""
    name = f"test-{uuid4().hex[:8]}"
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=name, workflow_execution_retention_period=Duration(seconds=86_400)
        )
    )
    own = Client(client.service_client, namespace=name, data_converter=client.data_converter)
    await register_search_attributes(own)
    return own


@dataclass
class Harness:
    """Everything that a test talks to."""

    temporal: Client
    telegent: Simulator
    orchestrator: Orchestrator
    settings: ActivitySettings
    url: str

    async def onboard(self, request: OnboardingRequest) -> OnboardingHandle:
        """Start an onboarding whose reference no other test has."""
        mine = f"{self.settings.id_key}-{request.reference}"
        return await self.orchestrator.start_onboarding(
            request.model_copy(update={"reference": mine})
        )

    async def cancel_delivered(self, workflow_id: str) -> None:
        """Returns when this workflow has taken in that it is cancelled."""
        await cancel_delivered(self.temporal.get_workflow_handle(workflow_id))

    def advance(self, seconds: float) -> None:
        """Advance the simulator's clock, which is otherwise stopped with `manual_clock`."""
        assert isinstance(self.telegent.clock, ManualClock)
        self.telegent.clock.advance(seconds)

    @asynccontextmanager
    async def running_workers(
        self, rate_limiter: RateLimiter | None = None, account_secret: str | None = None
    ) -> AsyncIterator[None]:
        """Workers for as long as the block runs, by default without a limit that matters, and with
        the simulator's secret."""
        async with AsyncExitStack() as stack:
            api = await stack.enter_async_context(
                Telegent(
                    self.telegent.options.account_key,
                    account_secret or self.telegent.options.account_secret,
                    base_url=self.url,
                    rate_limiter=rate_limiter or RateLimiter(per_minute=60_000),
                    port_dialect=port_dialect(self.telegent.options),
                )
            )
            await stack.enter_async_context(workers(self.temporal, api, self.settings))
            yield


@asynccontextmanager
async def idle_harness(
    client: Client, options: SimulatorOptions, settings: ActivitySettings = SETTINGS
) -> AsyncIterator[Harness]:
    """A fresh simulator without workers; whatever is left open at the end is ended."""
    simulator = Simulator(options)
    mine = uuid4().hex[:8]
    async with simulator.serve() as url:
        yield Harness(
            client,
            simulator,
            Orchestrator(client, id_key=mine),
            replace(settings, id_key=mine),
            url,
        )
        await terminate_running(client)


async def terminate_running(client: Client, which: str = "ExecutionStatus = 'Running'") -> None:
    """Terminates the workflows of a query."""
    async for left in client.list_workflows(which):
        # Temporal's list is a moment behind: it may have ended.
        with contextlib.suppress(RPCError):
            await client.get_workflow_handle(left.id, run_id=left.run_id).terminate()


@asynccontextmanager
async def running_harness(
    client: Client, options: SimulatorOptions, settings: ActivitySettings = SETTINGS
) -> AsyncIterator[Harness]:
    """A fresh simulator and workers."""
    async with idle_harness(client, options, settings) as harness, harness.running_workers():
        yield harness


async def cancel_delivered(workflow: WorkflowHandle[Any, Any]) -> None:
    """Returns when this workflow has taken in that it is cancelled."""
    async with asyncio.timeout(TEST_TIMEOUT):
        while True:
            types = [event.event_type for event in (await workflow.fetch_history()).events]
            if (
                CANCEL_REQUESTED in types
                and TASK_COMPLETED in types[types.index(CANCEL_REQUESTED) :]
            ):
                return
            await asyncio.sleep(0.02)


async def workflow_task_failures(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """Why the worker failed tasks; not that the server took one back, as in a flood of signals."""
    failed = [
        event.workflow_task_failed_event_attributes
        async for event in handle.fetch_history_events()
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    ]
    ours = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE
    return [
        found.failure.message
        for found in failed
        # A machine under load trips the SDK's watch over slow tasks; such a task is done again.
        if found.cause == ours and found.failure.application_failure_info.type != "_DeadlockError"
    ]


def example_request() -> OnboardingRequest:
    """The family of the examples."""
    return OnboardingRequest.model_validate_json((EXAMPLES / "family.json").read_text())
