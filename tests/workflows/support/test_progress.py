"""The progress that a workflow shows."""

import asyncio
from uuid import uuid4

from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from telegent_orchestrator.names import NEEDS_OPERATOR_KEY
from workflows.support.progress import ProgressTracker

NOTES = 100


@workflow.defn(sandboxed=False)
class Busy:
    """A workflow with many changes at one time."""

    def __init__(self) -> None:
        self._renderings = 0

    @workflow.run
    async def run(self) -> tuple[int, str]:
        progress = ProgressTracker(["Number"])
        progress.header = self._preface
        for at in range(NOTES):
            progress.set_detail("Number", f"note {at}")
        await workflow.sleep(0.01)
        return self._renderings, workflow.get_current_details()

    def _preface(self) -> list[str]:
        self._renderings += 1
        return []


@workflow.defn(sandboxed=False)
class Escalating:
    """A workflow that escalates, and waits forever when it is cancelled."""

    @workflow.run
    async def run(self) -> None:
        progress = ProgressTracker(["Number"])
        try:
            async with progress.step("Number"):
                await progress.escalate("Number", "does it exist?", [])
        except asyncio.CancelledError:
            await workflow.wait_condition(lambda: False)


async def test_escalation_ended_by_a_cancel_is_not_listed(temporal: Client) -> None:
    queue = str(uuid4())
    async with Worker(temporal, task_queue=queue, workflows=[Escalating]):
        escalating = await temporal.start_workflow(Escalating.run, id=queue, task_queue=queue)
        async with asyncio.timeout(20):
            while not await needs_operator(escalating):
                await asyncio.sleep(0.05)
            await escalating.cancel()
            while await needs_operator(escalating):
                await asyncio.sleep(0.05)
        await escalating.terminate()


async def needs_operator(handle: WorkflowHandle[Escalating, None]) -> str | None:
    return (await handle.describe()).typed_search_attributes.get(NEEDS_OPERATOR_KEY)


async def test_simultaneous_changes_are_rendered_once(temporal: Client) -> None:
    queue = str(uuid4())
    async with Worker(temporal, task_queue=queue, workflows=[Busy]):
        renderings, details = await temporal.execute_workflow(Busy.run, id=queue, task_queue=queue)

    assert renderings == 1
    assert f"note {NOTES - 1}" in details
    assert "note 0" not in details
