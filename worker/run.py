"""The worker: two Temporal workers in one process, their start and their shutdown."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta

import structlog
from opentelemetry.trace import Tracer
from temporalio.client import Client, Interceptor
from temporalio.common import MetricMeter
from temporalio.runtime import Runtime
from temporalio.worker import (
    UnsandboxedWorkflowRunner,
    Worker,
    WorkerDeploymentConfig,
    WorkflowRunner,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities import ErrorTranslationInterceptor, build_activities, build_orchestrator_activities
from activities.settings import ActivitySettings
from activities.support.scheduling_run import SchedulingRunInterceptor
from telegent import RateLimiter, Telegent, Timeouts, validate_base_url
from telegent_orchestrator._connection_errors import unknown_variable_warnings
from telegent_orchestrator.key_record import id_key_fingerprint
from telegent_orchestrator.names import API_TASK_QUEUE, TASK_QUEUE
from worker.api_slots import api_tuner, concurrent_polls
from worker.clock import ClockMonitor
from worker.connect import connect, describe_connection
from worker.early_events import OrderedEventsRunner
from worker.errors import WorkerError
from worker.http.health import is_temporal_serving, serve_health
from worker.keys import require_same_keys
from worker.nexus import NexusOperations
from worker.payload_validation import ValidatingWorkflowRunner, with_validating_converter
from worker.schedules import RECONCILE, USAGE, ensure_schedule
from worker.search_attributes import require_search_attributes
from worker.settings import (
    DEFAULT_MAX_CACHED_WORKFLOWS,
    SettingsError,
    WorkerSettings,
    unknown_variables,
    variable_name,
)
from worker.shared_rate_limiter import SharedRateLimiter, lease_from
from worker.telemetry.backlog import report_backlog
from worker.telemetry.log_context import LogContextInterceptor
from worker.telemetry.metrics import create_runtime
from worker.telemetry.request_metrics import instrument_requests
from worker.telemetry.tracing import tracing
from worker.telemetry.zero_metrics import initialize_counters
from worker.versioning import UNVERSIONED, build_deployment_config
from workflows.registry import WORKFLOWS
from workflows.support.resets import ResetInterceptor

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOCAL_SHUTDOWN_TIMEOUT = timedelta(seconds=10)
"""Graceful shutdown timeout of activities that do not call Telegent."""

# Shared with the sandbox of strict replays: loading them again for each workflow would cost time
# (our own models, structlog) or be refused (httpx).
SANDBOX_PASSTHROUGH = (
    "activities",
    "telegent",
    "telegent_orchestrator",
    "httpx",
    "phonenumbers",
    "pydantic",
    "pydantic_core",
    "structlog",
)


def shutdown_timeout(timeouts: Timeouts) -> timedelta:
    """How long a stopping worker waits for running vendor calls: longer than any call can take.

    A call that is interrupted has an unknown outcome, which then needs a lookup.
    """
    return timedelta(seconds=timeouts.call + 10)


MAX_CONCURRENT_WORKFLOW_TASKS = 20
"""Workflow tasks that a worker runs concurrently. They share one CPU; Temporal allows each ten
seconds, and the SDK two for each activation. With the SDK's default of a hundred, all tasks of a
backlog time out, are retried, and time out again."""


STICKY_QUEUE_TIMEOUT = timedelta(seconds=5)
"""How long a workflow task waits for the worker that has the workflow cached, before any worker may
take it. If that worker was killed, it is lost time: with the SDK's default of ten seconds, all
workers would wait in vain for permits, each as long as a lease may take."""


def workflow_runner(*, strict: bool = False) -> WorkflowRunner:
    """What runs workflows in a worker, and in replays.

    A worker has no sandbox: it costs more CPU time than the workflows themselves. That they are
    deterministic is checked before a release, by the lint rules for `workflows/` and by replays of
    recorded histories in a strict sandbox.

    Args:
        strict: Reject in a sandbox whatever is not deterministic in the modules of `workflows`.
    """
    if not strict:
        return ValidatingWorkflowRunner(OrderedEventsRunner(UnsandboxedWorkflowRunner()))
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*SANDBOX_PASSTHROUGH)
    return ValidatingWorkflowRunner(SandboxedWorkflowRunner(restrictions=restrictions))


def workflow_worker(
    client: Client,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., object]],
    *,
    nexus_operations: Sequence[object] = (),
    deployment_config: WorkerDeploymentConfig = UNVERSIONED,
    max_cached_workflows: int = DEFAULT_MAX_CACHED_WORKFLOWS,
) -> Worker:
    """The worker of workflows and of activities that do not call Telegent."""
    return Worker(
        with_validating_converter(client),
        task_queue=TASK_QUEUE,
        workflows=workflows,
        activities=activities,
        nexus_service_handlers=nexus_operations,
        interceptors=[LogContextInterceptor(), ResetInterceptor()],
        workflow_runner=workflow_runner(),
        graceful_shutdown_timeout=LOCAL_SHUTDOWN_TIMEOUT,
        max_cached_workflows=max_cached_workflows,
        max_concurrent_workflow_tasks=MAX_CONCURRENT_WORKFLOW_TASKS,
        sticky_queue_schedule_to_start_timeout=STICKY_QUEUE_TIMEOUT,
        deployment_config=deployment_config,
    )


def api_worker(
    client: Client,
    activities: Sequence[Callable[..., object]],
    *,
    rate_limiter: RateLimiter,
    graceful_shutdown_timeout: timedelta,
    read_lag: timedelta = ActivitySettings.read_lag,
    deployment_config: WorkerDeploymentConfig = UNVERSIONED,
    clock: ClockMonitor | None = None,
) -> Worker:
    """The worker of activities that call Telegent: takes no more than the rate limiter admits."""
    return Worker(
        client,
        task_queue=API_TASK_QUEUE,
        activities=activities,
        interceptors=[
            LogContextInterceptor(),
            *([clock] if clock else []),
            ErrorTranslationInterceptor(read_lag),
            SchedulingRunInterceptor(),
        ],
        tuner=api_tuner(rate_limiter),
        max_concurrent_activity_task_polls=concurrent_polls(rate_limiter.per_minute),
        graceful_shutdown_timeout=graceful_shutdown_timeout,
        deployment_config=deployment_config,
    )


@asynccontextmanager
async def workers(
    client: Client,
    api: Telegent,
    settings: ActivitySettings,
    *,
    graceful_shutdown_timeout: timedelta = timedelta(seconds=30),
    deployment_config: WorkerDeploymentConfig = UNVERSIONED,
    max_cached_workflows: int = DEFAULT_MAX_CACHED_WORKFLOWS,
    clock: ClockMonitor | None = None,
) -> AsyncIterator[tuple[Worker, Worker]]:
    """Run both workers (workflows, API) while the block runs.

    The block is cancelled if a worker fails, and that failure is raised here. At the end the API
    worker stops first, so that workflows can still process the results of its last calls.
    """
    for_workflows = workflow_worker(
        client,
        WORKFLOWS,
        build_orchestrator_activities(settings, client),
        nexus_operations=[NexusOperations(settings.id_key)],
        deployment_config=deployment_config,
        max_cached_workflows=max_cached_workflows,
    )
    for_api = api_worker(
        client,
        build_activities(api, settings, temporal=client),
        rate_limiter=api.rate_limiter,
        graceful_shutdown_timeout=graceful_shutdown_timeout,
        read_lag=settings.read_lag,
        deployment_config=deployment_config,
        clock=clock,
    )
    try:
        # Not `async with` on the workers themselves: if both fail together, as when Temporal
        # revokes the permission to poll, they would cancel each other's exit and hide the reason.
        async with asyncio.TaskGroup() as group:
            for worker in (for_workflows, for_api):
                group.create_task(worker.run())
            try:
                yield for_workflows, for_api
            finally:
                await for_api.shutdown()
                # Returns permits to a workflow, which may run here only.
                await api.rate_limiter.close()
                await for_workflows.shutdown()
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0]  # noqa: B904 - the group adds nothing to it


async def run(settings: WorkerSettings) -> None:
    """Run the worker until SIGTERM or SIGINT, then finish the running vendor calls.

    Raises:
        WorkerError: It cannot start, or a Temporal worker has failed permanently.
        SettingsError: The client rejects the base URL.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, stop.set)

    _check_settings(settings)
    try:
        # Exited in reverse order: the HTTP client closes after the workers, and the health checks
        # answer while the last calls finish.
        async with AsyncExitStack() as stack:
            tracer, interceptors = stack.enter_context(tracing())
            runtime = create_runtime(settings.metrics_address())
            client = await _connect(settings, runtime, interceptors)
            api = _create_client(settings, client, runtime.metric_meter, tracer)
            clock = ClockMonitor(runtime.metric_meter)
            initialize_counters(runtime.metric_meter, client.namespace, settings.usage_thresholds)
            active_workers: Sequence[Worker] = ()

            async def is_ready() -> bool:
                running = bool(active_workers) and all(w.is_running for w in active_workers)
                if not running or stop.is_set() or not clock.synchronized:
                    return False
                return await is_temporal_serving(client)

            if settings.health_port:
                await stack.enter_async_context(
                    serve_health(settings.health_host, settings.health_port, is_ready)
                )
            await stack.enter_async_context(api)
            active_workers = await stack.enter_async_context(
                _workers_of(settings, client, api, clock)
            )
            if settings.metrics_port and settings.backlog_interval_seconds:
                backlog_interval = timedelta(seconds=settings.backlog_interval_seconds)
                await stack.enter_async_context(
                    report_backlog(client, runtime.metric_meter, backlog_interval)
                )
            _log_running(settings, client)
            await stop.wait()
            log.info("stopping: no new tasks; running vendor calls may finish")
    except RuntimeError as error:
        raise WorkerError(f"the Temporal worker failed: {error}") from error
    log.info("stopped")


def _check_settings(settings: WorkerSettings) -> None:
    _check_base_url(settings.base_url)
    for name in unknown_variables(os.environ):
        log.warning("unknown setting is ignored: check its spelling", variable=name)
    for warning in unknown_variable_warnings(os.environ):
        log.warning("unknown Temporal setting is ignored", reason=warning)
    if not settings.payload_keys:
        log.warning("payloads are stored unencrypted: TELEGENT_PAYLOAD_KEYS is not set")
    if not settings.id_key.get_secret_value():
        log.warning("phone numbers can be guessed from workflow ids: TELEGENT_ID_KEY is not set")


async def _connect(
    settings: WorkerSettings, runtime: Runtime, interceptors: Sequence[Interceptor]
) -> Client:
    """Connect to Temporal, and check that the namespace is set up and has workers like this one.

    Also set the schedules.
    """
    client = await connect(settings.payload_keys, runtime, interceptors)
    id_key = settings.id_key.get_secret_value()
    log.info(
        "connected to Temporal",
        **describe_connection(client),
        id_key_fingerprint=id_key_fingerprint(id_key),
        payload_key_fingerprints=[key.label for key in settings.payload_keys],
    )
    await require_search_attributes(client)
    await require_same_keys(client, id_key, settings.payload_keys)
    await ensure_schedule(client, RECONCILE, settings.reconcile_cron, settings.time_zone)
    await ensure_schedule(client, USAGE, settings.usage_cron, settings.time_zone)
    return client


def _log_running(settings: WorkerSettings, client: Client) -> None:
    log.info("running", namespace=client.namespace, build_id=settings.build_id)
    if settings.deployment_name:
        log.info(
            "worker versioning is on: this build gets tasks once it is the current version",
            deployment_name=settings.deployment_name,
        )


def _workers_of(
    settings: WorkerSettings, client: Client, api: Telegent, clock: ClockMonitor
) -> AbstractAsyncContextManager[tuple[Worker, Worker]]:
    return workers(
        client,
        api,
        settings.activity_settings(),
        graceful_shutdown_timeout=shutdown_timeout(settings.timeouts()),
        deployment_config=build_deployment_config(settings.build_id, settings.deployment_name),
        max_cached_workflows=settings.max_cached_workflows,
        clock=clock,
    )


def _create_client(
    settings: WorkerSettings, temporal: Client, meter: MetricMeter, tracer: Tracer
) -> Telegent:
    per_minute, window = settings.requests_per_minute, settings.request_window_seconds
    rate_limiter = SharedRateLimiter(lease_from(temporal), per_minute, window, meter)
    return Telegent(
        settings.account_key.get_secret_value(),
        settings.account_secret.get_secret_value(),
        base_url=settings.base_url,
        rate_limiter=rate_limiter,
        timeouts=settings.timeouts(),
        port_dialect=settings.port_dialect(),
        observer=instrument_requests(meter, tracer),
    )


def _check_base_url(base_url: str) -> None:
    """The other settings are validated; which base URLs are safe is the client's decision."""
    try:
        validate_base_url(base_url)
    except ValueError as error:
        raise SettingsError([f"{variable_name('base_url')}: {error}"]) from error
