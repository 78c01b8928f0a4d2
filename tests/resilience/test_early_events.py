"""Queries during restarts of the server do not change when a workflow sees an event."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowHandle, WorkflowQueryFailedError
from temporalio.service import RPCError
from temporalio.worker import Worker

from devstack.child_process import ChildProcess
from devstack.stack import DevStack
from resilience.harness.chaos_stack import quiet_runtime
from telegent_orchestrator.names import QUERY_AGAIN
from worker.run import workflow_runner

WORKFLOWS, RESTARTS = 30, 5
SECONDS_BETWEEN_RESTARTS = 1.5
WORKFLOW_QUEUE, ACTIVITY_QUEUE = "workflows", "activities"


@workflow.defn
class NotesTheTime:
    """Notes the time at the start and after each activity, until it is told to end."""

    def __init__(self) -> None:
        self._times: list[str] = []
        self._ended = False

    @workflow.run
    async def run(self) -> list[str]:
        self._times.append(workflow.now().isoformat())
        while not self._ended:
            await workflow.execute_activity(
                work, task_queue=ACTIVITY_QUEUE, start_to_close_timeout=timedelta(seconds=2)
            )
            self._times.append(workflow.now().isoformat())
        return self._times

    @workflow.query
    def count(self) -> int:
        return len(self._times)

    @workflow.signal
    def end(self) -> None:
        self._ended = True


@activity.defn
async def work() -> None:
    await asyncio.sleep(0.5)


@pytest.mark.resilience
async def test_events_are_seen_at_the_time_of_their_task(tmp_path: Path) -> None:
    async with DevStack(tmp_path, kill=True, runtime=quiet_runtime()) as stack:
        server = await stack.start_temporal("--headless")
        temporal = stack.client
        async with (
            Worker(temporal, task_queue=ACTIVITY_QUEUE, activities=[work]),
            Worker(
                temporal,
                task_queue=WORKFLOW_QUEUE,
                workflows=[NotesTheTime],
                workflow_runner=workflow_runner(),
            ),
        ):
            handles = [
                await temporal.start_workflow(
                    NotesTheTime.run, id=f"time-{number}", task_queue=WORKFLOW_QUEUE
                )
                for number in range(WORKFLOWS)
            ]
            queries = [asyncio.create_task(_query_repeatedly(handle)) for handle in handles]
            await _restart_repeatedly(server)
            for query in queries:
                query.cancel()
            for ended in await asyncio.gather(*queries, return_exceptions=True):
                assert isinstance(ended, asyncio.CancelledError)
            for handle in handles:
                await handle.signal(NotesTheTime.end)
            noted = [await handle.result() for handle in handles]

    assert [len(times) - len(set(times)) for times in noted] == [0] * WORKFLOWS


async def _restart_repeatedly(server: ChildProcess) -> None:
    for _ in range(RESTARTS):
        await asyncio.sleep(SECONDS_BETWEEN_RESTARTS)
        await server.kill()
        await server.start()


async def _query_repeatedly(handle: WorkflowHandle[NotesTheTime, list[str]]) -> None:
    while True:
        try:
            await handle.query(NotesTheTime.count, rpc_timeout=timedelta(seconds=4))
        except WorkflowQueryFailedError as error:
            if str(error) != QUERY_AGAIN:
                raise
        except RPCError:  # the server does not run
            pass
        await asyncio.sleep(0.1)
