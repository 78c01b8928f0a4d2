"""What each alert warns of, caused and then removed: workers, Temporal, integrations."""

import asyncio
import signal
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass

from temporalio.service import RPCError

from resilience.alerts.receiver import ACCEPTED, REJECTED
from resilience.alerts.stack import MonitoredStack
from telegent_orchestrator.names import TASK_QUEUE

CPU_PERIOD = 0.5
CPU_SHARE = 0.3
"""The share of the time in which an overloaded worker runs."""
BURST = 30
"""Onboardings that are started at once."""
UNKNOWN_WORKFLOWS = 3
REJECTED_UPDATES = 12
WAIT_TIMEOUT = 180.0
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Cause = Callable[[MonitoredStack], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Case:
    """A cause, and the alerts that must fire while it lasts and end after it.

    Attributes:
        title: What happens.
        seconds: How long the alerts may take to fire, and how long to end.
    """

    title: str
    alerts: tuple[str, ...]
    cause: Cause
    seconds: float = 180


@asynccontextmanager
async def killed_worker(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Every worker is killed, and started again."""
    for worker in monitored.workers:
        await worker.kill()
    try:
        yield
    finally:
        for worker in monitored.workers:
            await worker.start()


@asynccontextmanager
async def unknown_workflow(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Workflows are started that no worker knows, and terminated."""
    handles = [
        await monitored.stack.client.start_workflow(
            "UnknownWorkflow", id=f"unknown-{number}", task_queue=TASK_QUEUE
        )
        for number in range(UNKNOWN_WORKFLOWS)
    ]
    try:
        yield
    finally:
        for handle in handles:
            await handle.terminate("it has failed")


@asynccontextmanager
async def slow_worker(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Every worker gets a share of its CPU only, while many onboardings begin."""

    async def slow_down() -> None:
        while True:
            for number, share in ((signal.SIGSTOP, 1 - CPU_SHARE), (signal.SIGCONT, CPU_SHARE)):
                for worker in monitored.workers:
                    worker.signal(number)
                await asyncio.sleep(share * CPU_PERIOD)

    task = asyncio.create_task(slow_down())
    for _ in range(BURST):
        monitored.load.start()
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        for worker in monitored.workers:
            worker.signal(signal.SIGCONT)


@asynccontextmanager
async def temporal_down(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Temporal is killed, and started again on its database."""
    await monitored.temporal.kill()
    try:
        yield
    finally:
        await monitored.temporal.start()


@asynccontextmanager
async def fast_clock(monitored: MonitoredStack) -> AsyncIterator[None]:
    """One more worker runs, whose clock is ahead by a minute."""
    async with monitored.worker_with_fast_clock():
        yield


@asynccontextmanager
async def rejecting_receiver(monitored: MonitoredStack) -> AsyncIterator[None]:
    """The receiver of events responds with 400."""
    monitored.receiver.status = REJECTED
    try:
        yield
    finally:
        monitored.receiver.status = ACCEPTED


@asynccontextmanager
async def rejected_updates(monitored: MonitoredStack) -> AsyncIterator[None]:
    """Order updates arrive with other credentials than the webhook receiver accepts."""
    for _ in range(REJECTED_UPDATES):
        await asyncio.to_thread(_send_update, monitored.webhook_url)
    yield


def _send_update(url: str) -> None:
    request = urllib.request.Request(url, b"JNUOID-11111111")  # noqa: S310 - our own
    request.add_header("Authorization", "Bearer another")
    try:
        _opener.open(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        if error.code != 401:
            raise


async def wait_until(reached: Callable[[], Awaitable[bool]], what: str) -> None:
    """Poll until it is so, whether or not Temporal responds. Raises TimeoutError."""
    try:
        async with asyncio.timeout(WAIT_TIMEOUT):
            while True:
                with suppress(RPCError):
                    if await reached():
                        return
                await asyncio.sleep(0.5)
    except TimeoutError:
        raise TimeoutError(f"not within {WAIT_TIMEOUT:g} s: {what}") from None


OF_WORKERS = [
    Case("every worker is killed", ("NoWorker",), killed_worker),
    Case("a workflow is started that no worker knows", ("WorkflowTaskFailures",), unknown_workflow),
    Case(
        "the worker gets a third of its CPU time during a burst",
        ("WorkflowTaskLatencyHigh",),
        slow_worker,
    ),
    Case(
        "Temporal is killed",
        ("TemporalRequestFailures", "BacklogNotCounted"),
        temporal_down,
    ),
    Case("a worker's clock is a minute ahead", ("ClockSkew",), fast_clock),
]
OF_INTEGRATIONS = [
    Case("a receiver rejects events", ("EventDeliveryFailing",), rejecting_receiver),
    Case("order updates have wrong credentials", ("WebhookEventsRejected",), rejected_updates),
]
