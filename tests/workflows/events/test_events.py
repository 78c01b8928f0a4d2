"""Events to other systems, on a real Temporal server and with a receiver that can be away."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import activity, workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer

from activities.events import EventActivities, EventSettings
from telegent_orchestrator.events import (
    EVENT_DELIVERY_WORKFLOW,
    Event,
    EventData,
    EventType,
    verify_signature,
)
from telegent_orchestrator.names import TASK_QUEUE
from tests.harness import cancel_delivered, terminate_running
from tests.harness.event_receiver import SECRET, Receiver
from tests.harness.waiting import TEST_TIMEOUT
from worker.run import workflow_runner, workflow_worker
from workflows.events.delivery_workflow import EventDeliveryWorkflow, EventPublisher

NUMBER = "+18015550142"
EVENT = Event(
    id="event-1",
    source="/telegent-orchestrator/default",
    type=EventType.LINE_IN_SERVICE,
    subject="line",
    time=datetime(2026, 1, 1, tzinfo=UTC),
    sequence="00000001",
    data=EventData(workflow_id="line", state="done"),
)
STATES = ("SUBMITTED", "ACTION_REQUIRED", "COMPLETED")


@workflow.defn(sandboxed=False)
class Talks:
    """Publishes what a port-in would, one event for each state."""

    def __init__(self) -> None:
        self._events = EventPublisher("family-7", "first")
        self._resume = False

    @workflow.run
    async def run(self, waits: bool) -> str:
        for state in STATES:
            attention = state == "ACTION_REQUIRED"
            await self._events.publish(
                EventType.PORT_IN_ATTENTION_REQUIRED if attention else EventType.PORT_IN_CHANGED,
                state,
                step="Losing carrier",
                reason="ACCOUNT_NUMBER" if attention else None,
                remedy="Ask the subscriber for the account number" if attention else None,
                fields_to_correct=["account_number"] if attention else [],
                deadline=workflow.now() + timedelta(days=14) if attention else None,
                phone_number=NUMBER,
            )
        await workflow.wait_condition(lambda: self._resume or not waits)
        return "ended"

    @workflow.signal
    def resume(self) -> None:
        self._resume = True


@workflow.defn(sandboxed=False)
class Resumes:
    """Is cancelled while it publishes, and lives on, as a port-in does."""

    @workflow.run
    async def run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await EventPublisher().publish(EventType.PORT_IN_CHANGED, "SUBMITTED")
        await workflow.sleep(1)


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    there = Receiver()
    async with there.listening():
        yield there


@asynccontextmanager
async def working(temporal: Client, *urls: str, personal_data: bool = False) -> AsyncIterator[None]:
    there = EventActivities(EventSettings(urls, SECRET, personal_data))
    functions: list[Callable[..., object]] = [there.list_event_receivers, there.deliver_event]
    async with workflow_worker(temporal, [Talks, EventDeliveryWorkflow], functions):
        yield
    left = f'ExecutionStatus = "Running" AND WorkflowType = "{EVENT_DELIVERY_WORKFLOW}"'
    await terminate_running(temporal, left)


async def talk(temporal: Client) -> str:
    workflow_id = f"port-in-{uuid4().hex}"
    await temporal.execute_workflow(Talks.run, False, id=workflow_id, task_queue=TASK_QUEUE)
    return workflow_id


async def history_of(temporal: Client, workflow_id: str) -> list[str]:
    history = await temporal.get_workflow_handle(workflow_id).fetch_history()
    return [str(event.WhichOneof("attributes")) for event in history.events]


async def failed_deliveries(temporal: Client, subject: str, count: int) -> list[str]:
    """What an operator lists, of this workflow's events."""
    query = f'WorkflowType = "{EVENT_DELIVERY_WORKFLOW}" AND ExecutionStatus = "Failed"'
    async with asyncio.timeout(TEST_TIMEOUT):
        while True:
            found = [
                each.id
                async for each in temporal.list_workflows(query)
                if each.parent_id == subject
            ]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.05)


async def tried_in_vain(temporal: Client, subject: str, count: int) -> None:
    """Returns when so many of this workflow's events could not be delivered at a first try."""
    query = f'WorkflowType = "{EVENT_DELIVERY_WORKFLOW}" AND ExecutionStatus = "Running"'
    async with asyncio.timeout(TEST_TIMEOUT):
        while True:
            failed = 0
            async for each in temporal.list_workflows(query):
                if each.parent_id == subject:
                    there = await temporal.get_workflow_handle(each.id).describe()
                    pending = there.raw_description.pending_activities
                    failed += any(call.HasField("last_failure") for call in pending)
            if failed == count:
                return
            await asyncio.sleep(0.05)


async def test_each_event_arrives_once_and_signed(temporal: Client, receiver: Receiver) -> None:
    async with working(temporal, receiver.url):
        subject = await talk(temporal)
        received = await receiver.has(3)

    for each in received:
        verify_signature(SECRET, each.headers, each.body)
        assert each.headers["content-type"] == "application/cloudevents+json"
        assert each.headers["webhook-id"] == each.event.id
    events = sorted((each.event for each in received), key=lambda event: event.sequence)
    assert [event.data.state for event in events] == list(STATES)
    assert len({event.id for event in events}) == 3
    assert {event.subject for event in events} == {subject}
    wanted = json.loads(next(e.body for e in received if e.event.id == events[1].id))
    assert wanted["specversion"] == "1.0"
    assert wanted["type"] == "com.telegent-orchestrator.port-in.attention-required"
    assert wanted["source"] == "/telegent-orchestrator/default"
    deadline = wanted["data"].pop("deadline")
    assert deadline.endswith("Z")
    assert wanted["data"] == {
        "workflow_id": subject,
        "reference": "family-7",
        "line_key": "first",
        "state": "ACTION_REQUIRED",
        "step": "Losing carrier",
        "reason": "ACCOUNT_NUMBER",
        "remedy": "Ask the subscriber for the account number",
        "fields_to_correct": ["account_number"],
    }


@pytest.mark.parametrize("allowed", [False, True])
async def test_phone_number_is_sent_only_when_enabled(
    temporal: Client, receiver: Receiver, allowed: bool
) -> None:
    async with working(temporal, receiver.url, personal_data=allowed):
        await talk(temporal)
        received = await receiver.has(3)

    assert {each.event.data.phone_number for each in received} == {NUMBER if allowed else None}
    assert all((NUMBER[1:].encode() in each.body) is allowed for each in received)


async def test_each_receiver_gets_each_event(temporal: Client, receiver: Receiver) -> None:
    other = Receiver()
    async with other.listening(), working(temporal, receiver.url, other.url, receiver.url):
        await talk(temporal)
        first, second = await receiver.has(3), await other.has(3)

    assert {each.event.id for each in first} == {each.event.id for each in second}


async def test_unavailable_receiver_gets_the_same_event_later(temporal: Client) -> None:
    away = Receiver()
    async with away.listening():
        pass  # to have a port without a listener
    async with working(temporal, away.url):
        subject = await talk(temporal)  # ends, although nothing can be delivered
        await tried_in_vain(temporal, subject, 3)
        away.responses = ["503 Service Unavailable", "429 Too Many Requests\r\nRetry-After: 1"]
        async with away.listening():
            received = await away.has(5)

    tries: dict[str, set[bytes]] = {}
    for each in received:
        tries.setdefault(each.event.id, set()).add(each.body)
        verify_signature(SECRET, each.headers, each.body)
    assert len(tries) == 3
    assert all(len(bodies) == 1 for bodies in tries.values())


async def test_rejected_event_is_delivered_after_a_reset(
    temporal: Client, receiver: Receiver
) -> None:
    receiver.responses = ["400 Bad Request"] * 3
    async with working(temporal, receiver.url):
        subject = await talk(temporal)
        refused = await receiver.has(3)
        ids = [each.event.id for each in refused]
        delivery_id = (await failed_deliveries(temporal, subject, 3))[0]

        handle = temporal.get_workflow_handle(delivery_id)
        with pytest.raises(WorkflowFailureError) as failure:
            await handle.result()
        said = str(failure.value.cause.__cause__)
        assert "127.0.0.1 responded 400" in said
        assert "hidden" not in said
        await reset(temporal, delivery_id)
        again = (await receiver.has(4))[-1]
        await handle.result()

    assert again.event.id in ids
    assert delivery_id.startswith(again.event.id)


async def reset(temporal: Client, workflow_id: str, task: int = 0) -> str:
    """As `temporal workflow reset` does, to a workflow task of the run; the new run's id."""
    history = await temporal.get_workflow_handle(workflow_id).fetch_history()
    completed = [
        event.event_id
        for event in history.events
        if event.HasField("workflow_task_completed_event_attributes")
    ]
    response = await temporal.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=temporal.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            reason="the receiver has been fixed",
            workflow_task_finish_event_id=completed[task],
            request_id=uuid4().hex,
        )
    )
    run_id: str = response.run_id
    return run_id


async def test_event_for_a_removed_receiver_fails_with_advice() -> None:
    there = EventActivities(EventSettings(("https://a.example/", "https://b.example/"), SECRET))
    first, second = await there.list_event_receivers()
    left = EventActivities(EventSettings(("https://b.example/",), SECRET))
    assert await left.list_event_receivers() == [second]
    with pytest.raises(ApplicationError, match="is not in TELEGENT_EVENT_URLS") as refused:
        await left.deliver_event(first, EVENT)
    assert refused.value.non_retryable


async def test_rejected_event_does_not_fail_its_publisher(
    temporal: Client, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.responses = ["410 Gone"] * 3
    async with working(temporal, receiver.url):
        handle = await temporal.start_workflow(
            Talks.run, True, id=f"port-in-{uuid4().hex}", task_queue=TASK_QUEUE
        )
        await failed_deliveries(temporal, handle.id, 3)
        await handle.signal(Talks.resume)
        assert await handle.result() == "ended"
    assert "never retrieved" not in caplog.text


async def test_publisher_without_receivers_reads_them_once(temporal: Client) -> None:
    async with working(temporal):
        subject = await talk(temporal)

    assert await history_of(temporal, subject) == [
        "workflow_execution_started_event_attributes",
        "workflow_task_scheduled_event_attributes",
        "workflow_task_started_event_attributes",
        "workflow_task_completed_event_attributes",
        "activity_task_scheduled_event_attributes",
        "activity_task_started_event_attributes",
        "activity_task_completed_event_attributes",
        "workflow_task_scheduled_event_attributes",
        "workflow_task_started_event_attributes",
        "workflow_task_completed_event_attributes",
        "workflow_execution_completed_event_attributes",
    ]


async def test_events_of_a_cancelled_publisher_arrive(temporal: Client, receiver: Receiver) -> None:
    receiver.usual = "500 Internal Server Error"
    async with working(temporal, receiver.url):
        handle = await temporal.start_workflow(
            Talks.run, True, id=f"port-in-{uuid4().hex}", task_queue=TASK_QUEUE
        )
        await receiver.has_events(3)
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        refused, receiver.usual = len(receiver.received), "204 No Content"
        await receiver.has_events(3, after=refused)


async def test_event_published_during_a_cancel_arrives(
    temporal: Client, receiver: Receiver
) -> None:
    requested, resume = asyncio.Event(), asyncio.Event()
    there = EventActivities(EventSettings((receiver.url,), SECRET))

    @activity.defn
    async def list_event_receivers() -> list[str]:
        requested.set()
        await resume.wait()
        return await there.list_event_receivers()

    functions: list[Callable[..., object]] = [list_event_receivers, there.deliver_event]
    async with workflow_worker(temporal, [Resumes, EventDeliveryWorkflow], functions):
        handle = await temporal.start_workflow(
            Resumes.run,
            id=f"port-in-{uuid4().hex}",
            task_queue=TASK_QUEUE,
            # While the question is open, the workflow hears of the cancel as often as this.
            task_timeout=timedelta(seconds=1),
        )
        await requested.wait()
        await handle.cancel()
        await cancel_delivered(handle)
        resume.set()
        await receiver.has(1)
        await handle.result()


async def test_publisher_survives_replay_and_reset(temporal: Client, receiver: Receiver) -> None:
    async with working(temporal, receiver.url):
        handle = await temporal.start_workflow(
            Talks.run, True, id=f"port-in-{uuid4().hex}", task_queue=TASK_QUEUE
        )
        await receiver.has(3)
        replayer = Replayer(
            workflows=[Talks],
            workflow_runner=workflow_runner(),
            data_converter=temporal.data_converter,
        )
        await replayer.replay_workflow(await handle.fetch_history())

        # To after the first delivery has started: its id must still be what the history says.
        run_id = await reset(temporal, handle.id, task=2)
        again = temporal.get_workflow_handle(handle.id, run_id=run_id)
        await again.signal(Talks.resume)
        async with asyncio.timeout(TEST_TIMEOUT):
            assert await again.result() == "ended"
        assert (await again.describe()).status is WorkflowExecutionStatus.COMPLETED
        async with asyncio.timeout(TEST_TIMEOUT):
            while len(receiver.received) < 5:
                await asyncio.sleep(0.05)
    first_run = [each.event for each in receiver.received[:3]]
    assert not {each.event.id for each in receiver.received[3:]} & {e.id for e in first_run}
