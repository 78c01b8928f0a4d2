"""The two workers on a real server, with workflows and activities of the tests' own."""

import asyncio
import os
import uuid
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from telegent import RateLimiter, Timeouts
from telegent_orchestrator.encryption import PayloadKey, data_converter
from telegent_orchestrator.names import TASK_QUEUE
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from tests.worker.purchase import (
    IncrementWorkflow,
    Order,
    PurchaseActivities,
    PurchaseWorkflow,
    increment,
)
from worker.run import api_worker, shutdown_timeout, workflow_worker


def for_workflows(client: Client) -> Worker:
    return workflow_worker(client, [PurchaseWorkflow, IncrementWorkflow], [increment])


def for_api(
    client: Client, buying: PurchaseActivities, rate_limiter: RateLimiter | None = None
) -> Worker:
    return api_worker(
        client,
        [buying.buy],
        rate_limiter=rate_limiter or RateLimiter(),
        graceful_shutdown_timeout=timedelta(seconds=10),
    )


async def start(client: Client, name: str, argument: object) -> WorkflowHandle[Any, Any]:
    return await client.start_workflow(name, argument, id=str(uuid.uuid4()), task_queue=TASK_QUEUE)


async def test_internal_activities_run_on_the_workflows_queue(temporal: Client) -> None:
    async with for_workflows(temporal):
        handle = await start(temporal, "IncrementWorkflow", Order(count=1))
        assert await handle.result() == 2


async def test_unencrypted_start_on_a_worker_that_encrypts(temporal: Client) -> None:
    plain = temporal
    converter = data_converter([PayloadKey("k", os.urandom(32))])
    sealed = Client(plain.service_client, data_converter=converter)
    async with for_workflows(sealed):
        handle = await start(plain, "IncrementWorkflow", {"count": 1})
        assert await sealed.get_workflow_handle(handle.id, result_type=int).result() == 2
    last = (await handle.fetch_history()).events[-1]
    (result,) = last.workflow_execution_completed_event_attributes.result.payloads
    assert result.metadata["encoding"] == b"binary/encrypted"


@pytest.mark.parametrize("payload", [{"count": "many"}, {}, [], "x"])
async def test_undecodable_input_fails_the_workflow_with_a_readable_error(
    temporal: Client, payload: object
) -> None:
    async with for_workflows(temporal):
        handle = await start(temporal, "PurchaseWorkflow", payload)
        with pytest.raises(WorkflowFailureError) as failed:
            await asyncio.wait_for(handle.result(), TEST_TIMEOUT)
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert str(cause).startswith("InvalidMessage: PurchaseWorkflow was not started: ")
    assert "many" not in str(cause)


async def test_call_in_flight_finishes_before_the_worker_stops(
    temporal: Client,
) -> None:
    buying = PurchaseActivities(seconds=1)
    async with for_workflows(temporal), for_api(temporal, buying):
        handle = await start(temporal, "PurchaseWorkflow", Order(count=1))
        await asyncio.wait_for(buying.started.wait(), TEST_TIMEOUT)
    assert len(buying.finished) == 1
    history = await handle.fetch_history()
    assert any(
        event.HasField("activity_task_completed_event_attributes") for event in history.events
    )


async def test_calls_wait_in_the_queue_until_a_request_may_leave(temporal: Client) -> None:
    buying, limiter = PurchaseActivities(), RateLimiter(per_minute=1)
    permit = await limiter.acquire()
    async with for_workflows(temporal), for_api(temporal, buying, limiter):
        handle = await start(temporal, "PurchaseWorkflow", Order(count=8))
        await wait_until(lambda: scheduled(handle), lambda count: count == 8)
        assert buying.finished == []
        permit.give_back()
        await asyncio.wait_for(handle.result(), TEST_TIMEOUT)
    assert len(buying.finished) == 8


async def scheduled(handle: WorkflowHandle[Any, Any]) -> int:
    """How many calls a workflow has scheduled."""
    events = (await handle.fetch_history()).events
    return sum(event.HasField("activity_task_scheduled_event_attributes") for event in events)


def test_shutdown_timeout_outlasts_the_longest_call() -> None:
    timeouts = Timeouts(connect=1, read=2, write=3, pool=4, call=13)
    assert shutdown_timeout(timeouts).total_seconds() > timeouts.call
