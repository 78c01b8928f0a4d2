"""The order in which a queue hands out calls that were all waiting."""

from collections.abc import Sequence
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import Priority
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from telegent_orchestrator.names import API_TASK_QUEUE
from workflows.support.activity_calls import BULK_PRIORITY, INTERACTIVE_PRIORITY

MANY, FEW = 200, 10
WORKFLOW_QUEUE = "server-settings"
_TIMEOUT = timedelta(minutes=5)


@workflow.defn(name="Calls")
class _Calls:
    @workflow.run
    async def run(self, name: str, count: int, priority: int) -> None:
        calls = [
            workflow.start_activity(
                "call",
                name,
                task_queue=API_TASK_QUEUE,
                schedule_to_close_timeout=_TIMEOUT,
                priority=Priority(priority_key=priority, fairness_key=name),
            )
            for _ in range(count)
        ]
        for call in calls:
            await call


async def last_places(client: Client) -> tuple[int, int]:
    """How many of 210 waiting calls were made until the last of ten.

    Returns:
        Once with ten that are more urgent, and once with ten of another customer.
    """
    assert BULK_PRIORITY.priority_key
    assert INTERACTIVE_PRIORITY.priority_key
    bulk, interactive = BULK_PRIORITY.priority_key, INTERACTIVE_PRIORITY.priority_key
    return (
        await _last_place(client, "priority", (bulk, interactive)),
        await _last_place(client, "fairness", (bulk, bulk)),
    )


async def _last_place(client: Client, name: str, priorities: tuple[int, int]) -> int:
    """Start many calls and then a few, make them one at a time, and find the last of the few."""
    made: list[str] = []

    @activity.defn(name="call")
    async def call(customer: str) -> None:
        made.append(customer)

    async with Worker(
        client,
        task_queue=WORKFLOW_QUEUE,
        workflows=[_Calls],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        sizes = {f"{name}-many": MANY, f"{name}-few": FEW}
        handles = []
        for (customer, count), priority in zip(sizes.items(), priorities, strict=True):
            handle = await client.start_workflow(
                "Calls", args=[customer, count, priority], id=customer, task_queue=WORKFLOW_QUEUE
            )
            await _until_pending(client, customer, count)
            handles.append(handle)
        async with Worker(
            client, task_queue=API_TASK_QUEUE, activities=[call], max_concurrent_activities=1
        ):
            for handle in handles:
                await handle.result()
    return _place_of_last(made, f"{name}-few")


def _place_of_last(made: Sequence[str], customer: str) -> int:
    return max(place for place, each in enumerate(made, start=1) if each == customer)


async def _until_pending(client: Client, workflow_id: str, count: int) -> None:
    handle = client.get_workflow_handle(workflow_id)
    while len((await handle.describe()).raw_description.pending_activities) < count:
        pass
