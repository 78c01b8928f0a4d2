"""The board that a workflow shows."""

import asyncio
from uuid import uuid4

from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from workflows.support.progress import ProgressTracker
from workflows.support.search_attributes import NEEDS_ACTION_SINCE

NOTES = 100


@workflow.defn(sandboxed=False)
class Busy:
    """Much happens to it at one time."""

    def __init__(self) -> None:
        self._drawn = 0

    @workflow.run
    async def run(self) -> tuple[int, str]:
        board = ProgressTracker(["Number"])
        board.header = self._preface
        for at in range(NOTES):
            board.set_detail("Number", f"note {at}")
        await workflow.sleep(0.01)
        return self._drawn, workflow.get_current_details()

    def _preface(self) -> list[str]:
        self._drawn += 1
        return []


@workflow.defn(sandboxed=False)
class Asking:
    """It asks, and takes back what it has made when it is cancelled meanwhile."""

    @workflow.run
    async def run(self) -> None:
        board = ProgressTracker(["Number"])
        try:
            async with board.step("Number"):
                await board.escalate("Number", "is it there?", [])
        except asyncio.CancelledError:
            await workflow.wait_condition(lambda: False)


async def test_escalation_ended_by_a_cancel_is_not_listed(temporal: Client) -> None:
    queue = str(uuid4())
    async with Worker(temporal, task_queue=queue, workflows=[Asking]):
        asking = await temporal.start_workflow(Asking.run, id=queue, task_queue=queue)
        async with asyncio.timeout(20):
            while not await needs_action(asking):
                await asyncio.sleep(0.05)
            await asking.cancel()
            while await needs_action(asking):
                await asyncio.sleep(0.05)
        await asking.terminate()


async def needs_action(handle: WorkflowHandle[Asking, None]) -> str | None:
    return (await handle.describe()).typed_search_attributes.get(NEEDS_ACTION_SINCE)


async def test_simultaneous_changes_are_rendered_once(temporal: Client) -> None:
    queue = str(uuid4())
    async with Worker(temporal, task_queue=queue, workflows=[Busy]):
        drawn, details = await temporal.execute_workflow(Busy.run, id=queue, task_queue=queue)

    assert drawn == 1
    assert f"note {NOTES - 1}" in details
    assert "note 0" not in details
