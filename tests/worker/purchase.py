"""A workflow that buys. Apart from the tests, because the sandbox loads this module again."""

import asyncio
import time
from datetime import timedelta

import pydantic
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from telegent_orchestrator.names import API_TASK_QUEUE


class Order(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(hide_input_in_errors=True)

    count: int


class PurchaseActivities:
    """Two calls to a vendor who takes his time."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds
        self.started = asyncio.Event()
        self.finished: list[float] = []

    @activity.defn
    async def buy(self) -> str:
        self.started.set()
        await asyncio.sleep(self.seconds)
        self.finished.append(time.monotonic())
        return "bought"


@activity.defn
async def increment(count: int) -> int:
    return count + 1


@workflow.defn
class PurchaseWorkflow:
    @workflow.run
    async def run(self, order: Order) -> str:
        calls = [
            workflow.start_activity_method(
                PurchaseActivities.buy,
                task_queue=API_TASK_QUEUE,
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
            for _ in range(order.count)
        ]
        results = await asyncio.gather(*calls)
        return f"{len(results)} {results[0]}"


@workflow.defn
class IncrementWorkflow:
    @workflow.run
    async def run(self, order: Order) -> int:
        return await workflow.execute_activity(
            increment, order.count, start_to_close_timeout=timedelta(seconds=5)
        )
