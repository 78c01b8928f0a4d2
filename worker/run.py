"""The worker: two Temporal workers in one process, and how it starts and stops."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import structlog
from opentelemetry.trace import Tracer
from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.worker import Worker, WorkerDeploymentConfig, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities import OutcomeInterceptor, build_activities, build_local_activities
from activities.settings import ActivitySettings
from telegent import RequestBudget, Telegent, Timeouts
from telegent_orchestrator.names import API_TASK_QUEUE, TASK_QUEUE
from worker.connect import connect
from worker.errors import WorkerError
from worker.http.health import serve_health, temporal_serves
from worker.nexus import NexusOperations
from worker.payload_validation import ReadingRunner, reading_client
from worker.search_attributes import require_search_attributes
from worker.settings import (
    CACHED_WORKFLOWS,
    SettingsError,
    WorkerSettings,
    unknown_variables,
    variable,
)
from worker.telemetry.backlog import counting
from worker.telemetry.log_context import BindLogContext
from worker.telemetry.metrics import process_runtime
from worker.telemetry.request_metrics import watch_requests
from worker.telemetry.tracing import tracing
from worker.telemetry.zero_metrics import count_from_zero
from worker.versioning import UNVERSIONED, deployment
from workflows.registry import WORKFLOWS

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

HOUSE_GRACE = timedelta(seconds=10)
"""For activities that only compute or ask Temporal, at shutdown."""

# Loaded once and shared with the sandbox: loading them again for each workflow would cost memory
# and time (our own code, structlog) or be refused (httpx). That workflows stay deterministic is
# checked by the lint rules for `workflows/` and by the replay tests, which run in a strict sandbox.
PASSTHROUGH = (
    "activities",
    "telegent",
    "telegent_orchestrator",
    "httpx",
    "phonenumbers",
    "pydantic",
    "pydantic_core",
    "structlog",
    "workflows",
)


def grace_for(timeouts: Timeouts) -> timedelta:
    """How long a stopping worker waits for calls in flight: longer than any call can take.

    A call that is cut off has an unknown outcome, and what it bought must then be looked up.
    """
    return timedelta(seconds=timeouts.call + 10)


TASKS_AT_ONCE = 10
"""Workflow tasks that a worker has under way. They share one processor, and Temporal gives each ten
seconds, the SDK each step of one two: with the hundred of the SDK's default, a backlog made all of
them come too late, and what was done for them was done in vain, again and again."""


def workflow_runner(*, strict: bool = False) -> WorkflowRunner:
    """The sandbox that workflows run and are replayed in; what they are given is read first.

    Args:
        strict: Load the modules of `workflows` in the sandbox as well, so that it refuses whatever
            is not deterministic in them. Slower by about half: for replays.
    """
    shared = set(PASSTHROUGH) - {"workflows"} if strict else PASSTHROUGH
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*shared)
    return ReadingRunner(SandboxedWorkflowRunner(restrictions=restrictions))


def workflow_worker(
    client: Client,
    workflows: Sequence[type],
    house_activities: Sequence[Callable[..., object]],
    *,
    nexus_operations: Sequence[object] = (),
    version: WorkerDeploymentConfig = UNVERSIONED,
    cached_workflows: int = CACHED_WORKFLOWS,
) -> Worker:
    """The worker that runs workflows, and what does not call Telegent."""
    return Worker(
        reading_client(client),
        task_queue=TASK_QUEUE,
        workflows=workflows,
        activities=house_activities,
        nexus_service_handlers=nexus_operations,
        interceptors=[BindLogContext()],
        workflow_runner=workflow_runner(),
        graceful_shutdown_timeout=HOUSE_GRACE,
        max_cached_workflows=cached_workflows,
        max_concurrent_workflow_tasks=TASKS_AT_ONCE,
        deployment_config=version,
    )


def api_worker(
    client: Client,
    activities: Sequence[Callable[..., object]],
    *,
    requests_per_minute: int,
    grace: timedelta,
    version: WorkerDeploymentConfig = UNVERSIONED,
) -> Worker:
    """The worker that calls Telegent, on a queue whose rate the Temporal server limits."""
    return Worker(
        client,
        task_queue=API_TASK_QUEUE,
        activities=activities,
        interceptors=[BindLogContext(), OutcomeInterceptor()],
        max_task_queue_activities_per_second=requests_per_minute / 60,
        max_concurrent_activities=calls_at_once(requests_per_minute),
        graceful_shutdown_timeout=grace,
        deployment_config=version,
    )


def calls_at_once(requests_per_minute: int) -> int:
    """How many calls one process has under way: those of ten seconds at full rate, or five.

    Token calls count against the process's budget and not against the queue's rate. With more
    slots, calls would wait for the budget in here, in the order in which they came, past all
    priorities; so they wait in the queue, where the most urgent one is taken first.
    """
    return min(100, max(5, requests_per_minute // 6))


@asynccontextmanager
async def workers(
    client: Client,
    api: Telegent,
    settings: ActivitySettings,
    *,
    requests_per_minute: int,
    grace: timedelta = timedelta(seconds=30),
    version: WorkerDeploymentConfig = UNVERSIONED,
    cached_workflows: int = CACHED_WORKFLOWS,
) -> AsyncIterator[tuple[Worker, Worker]]:
    """Run both workers (workflows, API) while the block runs.

    The block is cancelled if a worker fails, and that failure is raised here. At the end the API
    worker stops first: results of calls in flight are then still taken up by their workflows.
    """
    for_workflows = workflow_worker(
        client,
        WORKFLOWS,
        build_local_activities(settings, client),
        nexus_operations=[NexusOperations(settings.id_key)],
        version=version,
        cached_workflows=cached_workflows,
    )
    for_api = api_worker(
        client,
        build_activities(api, settings, temporal=client, requests_per_minute=requests_per_minute),
        requests_per_minute=requests_per_minute,
        grace=grace,
        version=version,
    )
    try:
        # Not `async with` on the workers themselves: two that fail together, as when Temporal
        # withdraws the right to poll, would cancel each other's exit and hide the reason.
        async with asyncio.TaskGroup() as group:
            for worker in (for_workflows, for_api):
                group.create_task(worker.run())
            try:
                yield for_workflows, for_api
            finally:
                await for_api.shutdown()
                await for_workflows.shutdown()
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0]  # noqa: B904 - the group says nothing that this one does not


async def run(settings: WorkerSettings) -> None:
    """Run the worker until SIGTERM or SIGINT, then finish the calls in flight.

    Raises WorkerError if it cannot start, or when a Temporal worker fails for good, and
    SettingsError for a base URL that the client refuses.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, stop.set)

    for name in unknown_variables(os.environ):
        log.warning("unknown setting is ignored; is it misspelt?", variable=name)
    if not settings.payload_keys:
        log.warning("payloads are stored in the clear: TELEGENT_PAYLOAD_KEYS is not set")
    if not settings.id_key.get_secret_value():
        log.warning("phone numbers can be guessed from port-in ids: TELEGENT_ID_KEY is not set")

    running: Sequence[Worker] = ()

    async def ready() -> bool:
        working = bool(running) and all(worker.is_running for worker in running)
        return working and not stop.is_set() and await temporal_serves(client)

    try:
        # Entered in this order, left in the reverse: the HTTP client closes after the workers, and
        # whoever supervises a worker that lets its calls finish sees that it is alive.
        async with AsyncExitStack() as stack:
            tracer, interceptors = stack.enter_context(tracing())
            runtime = process_runtime(settings.metrics_address())
            api = _telegent(settings, runtime.metric_meter, tracer)
            client = await connect(settings.payload_keys, runtime, interceptors)
            await require_search_attributes(client)
            count_from_zero(runtime.metric_meter, client.namespace)
            if settings.health_port:
                await stack.enter_async_context(
                    serve_health(settings.health_host, settings.health_port, ready)
                )
            await stack.enter_async_context(api)
            running = await stack.enter_async_context(
                workers(
                    client,
                    api,
                    settings.activity_settings(),
                    requests_per_minute=settings.requests_per_minute,
                    grace=grace_for(settings.timeouts()),
                    version=deployment(settings.build_id, settings.deployment_name),
                    cached_workflows=settings.cached_workflows,
                )
            )
            if settings.metrics_port and settings.port_count_seconds:
                every = timedelta(seconds=settings.port_count_seconds)
                await stack.enter_async_context(counting(client, runtime.metric_meter, every))
            log.info("running", namespace=client.namespace, build_id=settings.build_id)
            if settings.deployment_name:
                log.info(
                    "worker versioning is on: this build gets work once it is the current version",
                    deployment_name=settings.deployment_name,
                )
            await stop.wait()
            log.info("stopping: no new work; calls in flight may finish")
    except RuntimeError as error:
        raise WorkerError(f"the Temporal worker failed: {error}") from error
    log.info("stopped")


def _telegent(settings: WorkerSettings, meter: MetricMeter, tracer: Tracer) -> Telegent:
    budget = RequestBudget(settings.requests_per_minute, settings.burst)
    try:
        return Telegent(
            settings.account_key.get_secret_value(),
            settings.account_secret.get_secret_value(),
            base_url=settings.base_url,
            budget=budget,
            timeouts=settings.timeouts(),
            watch=watch_requests(meter, tracer, budget),
        )
    except ValueError as error:
        # The rest has been checked; what addresses are safe is the client's to say.
        raise SettingsError([f"{variable('base_url')}: {error}"]) from error
