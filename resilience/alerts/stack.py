"""What is monitored: Temporal, simulator, workers, webhook receiver, Prometheus and load."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from devstack.child_process import ChildProcess, http_ready, python_command
from devstack.stack import FAST_SETTINGS, DevStack
from devstack.tcp_ports import HOST, free_ports
from resilience.alerts.load import Load
from resilience.alerts.prometheus import Prometheus, run_prometheus
from resilience.alerts.receiver import Receiver
from resilience.harness.chaos_stack import quiet_runtime
from simulator import CarrierSetup, CarrierTimings, Simulator, SimulatorOptions

WEBHOOK_TOKEN = secrets.token_urlsafe()


@dataclass(frozen=True)
class Speed:
    """How fast it is.

    Attributes:
        scale: Divides the durations of the alert rules.
        pause: Seconds between two onboardings.
        carrier: How long losing carriers take.
        settings: Of the workers.
    """

    scale: float
    pause: float
    carrier: CarrierTimings
    settings: Mapping[str, str]


ACCELERATED = Speed(
    scale=30,
    pause=8,
    carrier=CarrierTimings(acknowledge_after=2, decide_after=4, complete_after=6),
    settings={
        "TELEGENT_BACKLOG_INTERVAL_SECONDS": "1",
        "TELEGENT_RECONCILE_CRON": "* * * * *",
        "TELEGENT_USAGE_CRON": "* * * * *",
        "TELEGENT_RECONCILE_SHARE": "1",
        "TELEGENT_USAGE_SHARE": "1",
    },
)
REAL_TIME = Speed(
    scale=1,
    pause=90,
    carrier=CarrierTimings(acknowledge_after=60, decide_after=120, complete_after=240),
    settings={
        "TELEGENT_REQUESTS_PER_MINUTE": "50",
        "TELEGENT_READ_LAG_SECONDS": "5",
        "TELEGENT_ORDER_POLL_SECONDS": "15",
        "TELEGENT_PORT_POLL_FIXED_SECONDS": "60",
        "TELEGENT_RECONCILE_CRON": "*/20 * * * *",
        "TELEGENT_USAGE_CRON": "*/20 * * * *",
    },
)
"""The limit of the standard tier. What the vendor takes days for takes minutes."""


@dataclass
class MonitoredStack:
    """What runs.

    Attributes:
        temporal: The server's process.
        workers: Their processes.
        spare_port: Where a worker that is not one of `workers` may serve metrics.
        webhook_url: Where Telegent would send order updates.
    """

    stack: DevStack
    speed: Speed
    simulator: Simulator
    receiver: Receiver
    temporal: ChildProcess
    workers: list[ChildProcess]
    spare_port: int
    webhook_url: str
    prometheus: Prometheus
    load: Load

    def worker_with_fast_clock(self) -> ChildProcess:
        """One more worker, not started, whose clock is ahead."""
        return ChildProcess(
            "worker with a fast clock",
            python_command("resilience.alerts.fast_clock"),
            log=self.stack.directory / "worker-with-a-fast-clock.log",
            ready=http_ready(f"http://{HOST}:{self.spare_port}/metrics"),
            environment={
                **FAST_SETTINGS,
                **self.stack.vendor.settings,
                **self.stack.settings,
                "TEMPORAL_ADDRESS": self.stack.temporal_address,
                "TELEGENT_METRICS_PORT": str(self.spare_port),
            },
        )


@asynccontextmanager
async def run_monitored(
    directory: Path, speed: Speed, workers: int
) -> AsyncIterator[MonitoredStack]:
    """Run all of it while the block runs.

    Args:
        directory: For logs and databases.
        speed: How fast.
        workers: How many.

    Raises:
        StackError: A process could not start.
    """
    simulator = Simulator(SimulatorOptions(carrier=CarrierSetup(timings=speed.carrier)))
    receiver = Receiver()
    *worker_ports, spare, webhook_metrics, webhook_port = free_ports(workers + 3)
    async with receiver.listening():
        settings = {
            **speed.settings,
            "TELEGENT_EVENT_URLS": receiver.url,
            "TELEGENT_EVENT_SECRET": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        async with DevStack(directory, settings=settings, runtime=quiet_runtime()) as stack:
            await stack.serve_simulator(simulator)
            temporal = await stack.start_temporal("--headless")
            started = await _start_workers(stack, worker_ports)
            await _start_webhook(stack, webhook_port, webhook_metrics)
            targets = {
                "worker": [f"{HOST}:{port}" for port in (*worker_ports, spare)],
                "webhook": [f"{HOST}:{webhook_metrics}"],
            }
            load = Load(stack.orchestrator, simulator, speed.pause)
            async with (
                run_prometheus(directory / "prometheus", speed.scale, targets) as prometheus,
                _running(load),
            ):
                yield MonitoredStack(
                    stack=stack,
                    speed=speed,
                    simulator=simulator,
                    receiver=receiver,
                    temporal=temporal,
                    workers=started,
                    spare_port=spare,
                    webhook_url=f"http://{HOST}:{webhook_port}/telegent/order-update",
                    prometheus=prometheus,
                    load=load,
                )


async def _start_workers(stack: DevStack, metrics_ports: Sequence[int]) -> list[ChildProcess]:
    return [
        await stack.start_worker(f"worker {number}", settings={"TELEGENT_METRICS_PORT": str(port)})
        for number, port in enumerate(metrics_ports, 1)
    ]


async def _start_webhook(stack: DevStack, port: int, metrics_port: int) -> None:
    await stack.start_webhook(
        {
            "TELEGENT_WEBHOOK_PORT": str(port),
            "TELEGENT_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
            "TELEGENT_METRICS_PORT": str(metrics_port),
        }
    )


@asynccontextmanager
async def _running(load: Load) -> AsyncIterator[None]:
    loading = asyncio.create_task(load.run())
    try:
        yield
    finally:
        loading.cancel()
        with suppress(asyncio.CancelledError):
            await loading
