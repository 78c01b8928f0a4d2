"""A call that makes no progress shows why, is counted, and continues."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.support.outcomes import Outcome
from activities.support.write_activity import write_activity
from activities.support.write_specs import SET_DATA_LIMITS
from telegent_orchestrator.names import API_TASK_QUEUE, NEEDS_OPERATOR_ATTRIBUTE
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from workflows.support import activity_calls
from workflows.support.activity_calls import (
    execute_idempotent_write,
    execute_poll,
    execute_read,
)
from workflows.support.progress import ProgressTracker


class Vendor:
    """Responds in an unknown shape until it is repaired."""

    def __init__(self) -> None:
        self.readable = False

    @activity.defn
    async def read_it(self) -> str:
        return self._respond("Outage")

    @activity.defn
    async def await_it(self) -> str:
        return self._respond(Outcome.PENDING)

    @write_activity(SET_DATA_LIMITS)
    async def set_data_limits(self) -> str:
        return self._respond(Outcome.RATE_LIMITED)

    def _respond(self, kind: str) -> str:
        if not self.readable:
            raise ApplicationError(
                "not the documented shape", type=kind, next_retry_delay=timedelta(milliseconds=50)
            )
        return "done"


@workflow.defn(sandboxed=False)
class Calling:
    """One step with one call."""

    def __init__(self) -> None:
        self._progress = ProgressTracker(["Step"])

    @workflow.run
    async def run(self, kind: str) -> str:
        async with self._progress.step("Step"):
            if kind == "read":
                return await execute_read(Vendor.read_it, "Read it")
            if kind == "poll":
                return await execute_poll(Vendor.await_it, "Wait for it")
            return await execute_idempotent_write(Vendor.set_data_limits, "Set it")

    @workflow.query
    def detail(self) -> str:
        return self._progress.steps[0].detail


@pytest_asyncio.fixture
async def vendor(temporal: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vendor]:
    monkeypatch.setattr(activity_calls, "STALL_AFTER", timedelta(seconds=0.3))
    vendor = Vendor()
    activities = [vendor.read_it, vendor.await_it, vendor.set_data_limits]
    async with (
        Worker(temporal, task_queue=API_TASK_QUEUE, activities=activities),
        Worker(temporal, task_queue="stalls", workflows=[Calling]),
    ):
        yield vendor


async def needs_operator(handle: WorkflowHandle[Calling, str]) -> bool:
    attributes = (await handle.describe()).typed_search_attributes
    return any(pair.key.name == NEEDS_OPERATOR_ATTRIBUTE for pair in attributes)


@pytest.mark.parametrize("kind", ["read", "poll", "write"])
async def test_stalled_call_shows_why_and_continues(
    temporal: Client, vendor: Vendor, kind: str
) -> None:
    calling = await temporal.start_workflow(Calling.run, kind, id=str(uuid4()), task_queue="stalls")

    detail = await wait_until(lambda: calling.query(Calling.detail), bool)
    assert detail.startswith("no progress since ")
    assert detail.endswith("still trying: not the documented shape")
    assert await needs_operator(calling)

    vendor.readable = True
    assert await asyncio.wait_for(calling.result(), TEST_TIMEOUT) == "done"
    assert not await needs_operator(calling)
    assert await calling.query(Calling.detail) == ""
