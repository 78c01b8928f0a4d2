"""An onboarding, two port-ins and a good deal of trouble, seen with everything that is there."""

import asyncio
import base64
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.client import ActivityFailureError, Client
from temporalio.common import RetryPolicy
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from activities.internal_activities import InternalActivities
from devstack.child_process import ChildProcess, http_ready, python_command
from devstack.stack import Vendor, worker_process
from simulator import CarrierRecord, CarrierSetup, ManualClock, Simulator, SimulatorOptions
from simulator.engine.carrier import ORDER_STATUSES
from simulator.engine.faults import Fault
from telegent_orchestrator.client import OnboardingHandle, Orchestrator, PortInHandle
from telegent_orchestrator.events import EVENT_DELIVERY_WORKFLOW
from telegent_orchestrator.names import TASK_QUEUE
from telegent_orchestrator.port_in import (
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortInStatus,
    PortState,
)
from telegent_orchestrator.progress import Resolution, ResolutionAction
from tests.harness import FAST_TIMINGS, dev_server
from tests.harness.payloads import line, new_subscriber, port_in, single
from tests.harness.processes import free_port
from tests.harness.scraping import Scrape, scrape
from tests.harness.waiting import TEST_TIMEOUT
from tests.observability.receivers import receivers
from worker.http.webhook import ORDER_UPDATE_PATH

NUMBER, LOST_NUMBER = "+18015550142", "+18015550199"
TOKEN = "let-me-in"
PERSONAL = (
    *(NUMBER[1:], LOST_NUMBER[1:], "one@example.com", "Example one", "change-me-first"),
    *("100200300", "100200301", "482913", "Main Street", TOKEN),
)
INJECTED_FAULTS = (
    Fault(match="POST /v1.0/account/create", kind="drop_response"),
    Fault(match="POST /v1.0/products", kind="error_before", status=504),
    Fault(match="POST /v1.0/voice/routes", kind="error_before", status=500, times=2),
    Fault(match="POST /v1.0/message/routes", kind="429", retry_after=0),
    Fault(match="POST /v1.0/subscribers/create", kind="401"),
    Fault(match="POST /v1.0/numbers/portin/update", kind="drop_response"),
    Fault(match="POST /v1.0/numbers/portin", kind="drop_response", nth=2),
)


@dataclass
class Observations:
    """What was to be seen of it.

    `at_first`: the worker, before it had work; `while_asked`: while a question was open. `traces`:
    all that was sent to the collector. `caller`: id of the caller's span that began the onboarding.
    `requests`: how many the simulator has had, by whether they were for tokens. `personal`: what
    must be in none of it.
    """

    initial: Scrape
    during_escalation: Scrape
    worker: Scrape
    webhook: Scrape
    spans: list[Span]
    traces: bytes
    trace_id: bytes
    caller: bytes
    requests: Counter[bool]
    personal: list[str]


async def observe(folder: Path) -> Observations:
    """Play it once."""
    options = SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS))
    clock = ManualClock()
    telegent = Simulator(options, clock=clock)
    telegent.carrier.set_record(NUMBER, CarrierRecord(account_number="100200301"))
    for fault in INJECTED_FAULTS:
        telegent.faults.add(fault)
    worker_metrics, webhook_metrics = free_port(), free_port()
    with receivers() as receiver, patch.dict(ORDER_STATUSES["kb"], acknowledged="Teleporting"):
        async with dev_server() as temporal, telegent.serve() as url:
            address = temporal.service_client.config.target_host
            settings = {
                "TELEGENT_METRICS_PORT": str(worker_metrics),
                "TELEGENT_BACKLOG_INTERVAL_SECONDS": "0.5",
                "TELEGENT_EVENT_URLS": f"{receiver.url}/takes,{receiver.url}/refuses",
                "TELEGENT_EVENT_SECRET": base64.b64encode(b"k" * 32).decode(),
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            }
            async with worker_process(
                "worker",
                log=folder / "worker.log",
                temporal_address=address,
                vendor=Vendor.simulated(url, telegent.options),
                settings=settings,
            ):
                at_first = await scrape(worker_metrics)
                port = free_port()
                webhook = webhook_process(folder, address, port, webhook_metrics)
                await webhook.spawn()
                try:
                    await webhook.wait_ready()
                    caller, during_escalation = await run_scenario(address, clock, worker_metrics)
                    await post_webhooks(
                        f"http://127.0.0.1:{port}{ORDER_UPDATE_PATH}",
                        next(iter(telegent.state.orders)),
                    )
                    async with asyncio.timeout(TEST_TIMEOUT):
                        while await has_pending_deliveries(
                            temporal
                        ) or not await is_backlog_reported(worker_metrics):
                            await asyncio.sleep(0.1)
                    requests = Counter(entry.is_token for entry in telegent.requests)
                    scrapes = [await scrape(p) for p in (worker_metrics, webhook_metrics)]
                finally:
                    await webhook.stop()
    numbers = [number.strip("+") for number in telegent.state.numbers]
    return Observations(
        initial=at_first,
        during_escalation=during_escalation,
        worker=scrapes[0],
        webhook=scrapes[1],
        spans=receiver.spans,
        traces=b"".join(receiver.bodies),
        trace_id=caller.context.trace_id.to_bytes(16, "big"),
        caller=caller.context.span_id.to_bytes(8, "big"),
        requests=requests,
        personal=[*numbers, *PERSONAL],
    )


async def run_scenario(
    address: str, clock: ManualClock, worker_metrics: int
) -> tuple[ReadableSpan, Scrape]:
    """What a service and its people do.

    Returns the service's span that started it, and what the worker showed while a question was
    open.
    """
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("shop")
    client = await Client.connect(
        address,
        data_converter=pydantic_data_converter,
        interceptors=[TracingInterceptor(tracer)],
    )
    orchestrator = Orchestrator(client)
    with tracer.start_as_current_span("order in the shop"):
        onboarding = await orchestrator.start_onboarding(REQUEST)
    during_escalation = await resolve_escalation(onboarding, worker_metrics)
    await correct_port_in(orchestrator.port_in(NUMBER), clock)
    assert (await onboarding.result()).complete

    details = PortInDetails.model_validate(port_in(LOST_NUMBER))
    lost = await orchestrator.start_port_in(PortInRequest(details=details))
    await wait_for(lost, lambda status: status.state is PortState.SUBMIT_UNKNOWN)

    await cause_failures(client)
    return next(span for span in kept.get_finished_spans() if span.parent), during_escalation


REQUEST = single(
    reference="seen-1",
    subscribers=[new_subscriber("one"), new_subscriber("two")],
    lines=[
        line("first", "one"),
        line("ported", "two", number={"kind": "port_in", **port_in(NUMBER)}),
    ],
)


async def cause_failures(client: Client) -> None:
    """A workflow that no worker knows, and a question that Temporal refuses."""
    await client.start_workflow("NoSuchWorkflow", id="unknown", task_queue=TASK_QUEUE)
    with pytest.raises(ActivityFailureError):
        await client.execute_activity(
            InternalActivities.await_port_in,
            args=["nobody"],
            id="nobody",
            task_queue=TASK_QUEUE,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )


async def resolve_escalation(onboarding: OnboardingHandle, worker_metrics: int) -> Scrape:
    """Resolve the escalation of a route whose outcome is unknown: it does not exist.

    Returns:
        The worker's metrics while the escalation was open.
    """
    async with asyncio.timeout(60):
        while not (await onboarding.status()).escalations:
            await asyncio.sleep(0.2)
    async with asyncio.timeout(30):
        while not (shown := await scrape(worker_metrics)).sum("telegent_escalations_open"):
            await asyncio.sleep(0.1)
    (escalation,) = (await onboarding.status()).escalations
    await onboarding.resolve(
        Resolution(
            step=escalation.step,
            action=ResolutionAction.RETRY,
            by="operator",
            reason="it is missing",
        )
    )
    return shown


async def correct_port_in(port: PortInHandle, clock: ManualClock) -> None:
    """Correct a port-in that had an unknown status and then a rejection."""
    await wait_for(port, lambda status: status.state is PortState.SUBMITTED)
    clock.advance(FAST_TIMINGS.acknowledge_after)
    await wait_for(port, lambda status: status.unknown_statuses > 0)
    clock.advance(FAST_TIMINGS.decide_after)
    await wait_for(port, lambda status: status.state is PortState.ACTION_REQUIRED)
    await port.correct(PortInCorrection(account_number="100200301", by="operator"))
    await wait_for(port, lambda status: status.state is PortState.SUBMITTED)
    clock.advance(FAST_TIMINGS.complete_after)


async def wait_for(port: PortInHandle, wanted: Callable[[PortInStatus], bool]) -> None:
    async with asyncio.timeout(60):
        while True:
            # There is no port-in yet, or no worker has taken it up.
            with contextlib.suppress(RPCError):
                if wanted(await port.status()):
                    return
            await asyncio.sleep(0.2)


def webhook_process(folder: Path, address: str, port: int, metrics: int) -> ChildProcess:
    return ChildProcess(
        "webhook",
        python_command("worker", "webhook"),
        log=folder / "webhook.log",
        ready=http_ready(f"http://127.0.0.1:{port}/readyz"),
        environment={
            "TEMPORAL_ADDRESS": address,
            "TELEGENT_WEBHOOK_PORT": str(port),
            "TELEGENT_WEBHOOK_TOKEN": TOKEN,
            "TELEGENT_METRICS_PORT": str(metrics),
        },
    )


async def post_webhooks(url: str, order_id: str) -> None:
    """Send an order with the token, another body with the token, and an order without it."""
    token = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(url, headers=token, content=order_id)).status_code == 200
        assert (await http.post(url, headers=token, content=b"other")).status_code == 200
        assert (await http.post(url, content=order_id)).status_code == 401


async def has_pending_deliveries(temporal: Client) -> bool:
    """Whether an event is still on its way to one of the receivers."""
    query = f"WorkflowType = '{EVENT_DELIVERY_WORKFLOW}' AND ExecutionStatus = 'Running'"
    return (await temporal.count_workflows(query)).count > 0


async def is_backlog_reported(port: int) -> bool:
    """Whether the worker has counted what waits at the end, and failed the unknown workflow."""
    shown, waiting = await scrape(port), PortState.SUBMIT_UNKNOWN.value
    return (
        shown.sum("telegent_port_ins_open", state=waiting) == 1
        and shown.sum("telegent_escalations_open") == 0
        and shown.sum("temporal_workflow_task_execution_failed_total") > 0
    )
