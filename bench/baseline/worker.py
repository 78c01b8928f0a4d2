"""The baseline's worker as a process: `python -m bench.baseline.worker`.

Takes TEMPORAL_ADDRESS, TELEGENT_BASE_URL, TELEGENT_ACCOUNT_KEY and TELEGENT_ACCOUNT_SECRET from the
environment. Prints `running` once it is ready.
"""

import asyncio
import os
import signal
from datetime import timedelta

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities import ActivitySettings, ErrorTranslationInterceptor, build_activities
from bench.baseline.flow import TASK_QUEUE, BaselineOnboarding
from resilience.fault_matrix.runner import UNLIMITED
from telegent import RateLimiter, Telegent
from telegent_orchestrator.names import API_TASK_QUEUE


async def main() -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(
        os.environ["TEMPORAL_ADDRESS"], data_converter=pydantic_data_converter
    )
    settings = ActivitySettings(order_poll=timedelta(seconds=0.5))
    async with (
        Telegent(
            os.environ["TELEGENT_ACCOUNT_KEY"],
            os.environ["TELEGENT_ACCOUNT_SECRET"],
            base_url=os.environ["TELEGENT_BASE_URL"],
            rate_limiter=RateLimiter(per_minute=UNLIMITED),
        ) as api,
        Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[BaselineOnboarding],
            # As in the product's worker, so that the flows are compared and not their runners.
            workflow_runner=UnsandboxedWorkflowRunner(),
        ),
        Worker(
            client,
            task_queue=API_TASK_QUEUE,
            activities=build_activities(api, settings),
            interceptors=[ErrorTranslationInterceptor(settings.read_lag)],
        ),
    ):
        print("running", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
