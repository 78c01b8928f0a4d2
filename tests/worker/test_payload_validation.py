"""What reaches a workflow and cannot be read, sent by a client that knows nothing of our models."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowHistory,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer

from simulator import CarrierRecord, CarrierSetup, SimulatorOptions
from telegent_orchestrator import names
from telegent_orchestrator.client import PortInHandle
from telegent_orchestrator.encryption import EncryptionCodec, PayloadKey, data_converter
from telegent_orchestrator.names import ONBOARDING_WORKFLOW, TASK_QUEUE
from telegent_orchestrator.port_in import PortInCancel, PortInDetails, PortInRequest, PortState
from telegent_orchestrator.reconcile import RECONCILE_WORKFLOW
from telegent_orchestrator.usage import USAGE_WORKFLOW
from tests.harness import FAST_TIMINGS, Harness, running_harness, workflow_task_failures
from tests.harness.payloads import port_in
from tests.harness.port_ins import until
from tests.harness.waiting import TEST_TIMEOUT
from worker.run import workflow_runner
from workflows.registry import WORKFLOWS

WITHOUT_ARGUMENT = (RECONCILE_WORKFLOW, USAGE_WORKFLOW)
KEY = PayloadKey("ours", os.urandom(32))
UNDECODED = (
    *("no encoding", "unknown encoding", "protobuf", "empty", "no JSON", "other charset"),
    *("half a character", "not a number", "control characters"),
)
"""Of `unreadable`: what is rejected before it is compared with a model."""
CROWD = {
    "reference": "crowd",
    "subscribers": [{"key": f"k{n}"} for n in range(40_000)],
    "lines": [{"subscriber": "nobody"} for n in range(20_000)],
    "relations": [{}] * 60_000,
}
DEEP = b'{"a":' * 5_000 + b"1" + b"}" * 5_000


def payload(data: bytes, encoding: bytes = b"json/plain", **metadata: bytes) -> Payload:
    return Payload(metadata={"encoding": encoding} | metadata, data=data)


async def altered() -> Payload:
    (sealed,) = await data_converter([KEY]).encode([port_in()])
    sealed.data = sealed.data[:-1]
    return sealed


async def unreadable() -> dict[str, list[Payload]]:
    """Return invalid arguments by what is wrong with them."""
    return {
        "none": [],
        "two": [payload(b"{}"), payload(b"{}")],
        "null": [payload(b"", b"binary/null")],
        "json null": [payload(b"null")],
        "bytes": [payload(b"\x00\xff", b"binary/plain")],
        "no encoding": [Payload(data=b"{}")],
        "unknown encoding": [payload(b"{}", b"binary/zlib")],
        "protobuf": [payload(b"{}", b"json/protobuf", messageType=b"no.such.Type")],
        "empty": [payload(b"")],
        "no JSON": [payload(b"{")],
        "other charset": [payload('{"by": "Jürgen"}'.encode("latin-1"))],
        "half a character": [payload(b'{"by": "\\ud800"}')],
        "not a number": [payload(b'{"by": NaN}')],
        "control characters": [payload(b'{"by": "\x00\x1b"}')],
        "deep": [payload(DEEP)],
        "wide": [payload(json.dumps({f"field {n}": n for n in range(20_000)}).encode())],
        # Checked one against the other, these would take minutes, and no task may take two seconds.
        "crowd": [payload(json.dumps(CROWD).encode())],
        "long name": [payload(json.dumps({"x" * 500_000: 1}).encode())],
        "altered": [await altered()],
    }


@pytest.fixture
def options() -> SimulatorOptions:
    # A carrier that never answers: what happens is up to the messages.
    records = {"+18015550142": CarrierRecord(script="silent")}
    return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS, records=records))


@pytest_asyncio.fixture(loop_scope="session")
async def harness(temporal: Client, options: SimulatorOptions) -> AsyncIterator[Harness]:
    sealed = Client(temporal.service_client, data_converter=data_converter([KEY]))
    async with running_harness(sealed, options) as harness:
        yield harness


class ReadsOnly(EncryptionCodec):
    """Sends what it is given as it is, and reads what is encrypted."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)


def foreign(client: Client) -> Client:
    """A client that sends whatever it is told to."""
    converter = replace(data_converter([KEY]), payload_codec=ReadsOnly([KEY]))
    return Client(client.service_client, data_converter=converter)


async def open_port_in(harness: Harness) -> PortInHandle:
    details = PortInDetails.model_validate(port_in())
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=details))
    await until(handle, PortState.SUBMITTED)
    return handle


async def start_raw(client: Client, workflow: str, sent: list[Payload]) -> WorkflowHandle[Any, Any]:
    return await foreign(client).start_workflow(
        workflow,
        args=[RawValue(one) for one in sent],
        id=f"raw-{uuid4()}",
        task_queue=TASK_QUEUE,
    )


@pytest.mark.parametrize("workflow", WITHOUT_ARGUMENT)
async def test_start_with_an_argument_too_many_fails_with_the_reason(
    harness: Harness, workflow: str
) -> None:
    handle = await start_raw(harness.temporal, workflow, [payload(b"{}")])

    with pytest.raises(WorkflowFailureError) as failed:
        await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    said = f"{workflow} was not started: it takes no argument, and got 1"
    assert str(failed.value.cause) == f"InvalidMessage: {said}"


@pytest.mark.parametrize(
    "workflow",
    [found.__name__ for found in WORKFLOWS if found.__name__ not in WITHOUT_ARGUMENT],
)
async def test_unreadable_start_fails_with_the_reason(harness: Harness, workflow: str) -> None:
    async def start(sent: list[Payload]) -> ApplicationError:
        handle = await start_raw(harness.temporal, workflow, sent)
        with pytest.raises(WorkflowFailureError) as failed:
            await asyncio.wait_for(handle.result(), TEST_TIMEOUT)
        assert await workflow_task_failures(handle) == []
        assert isinstance(failed.value.cause, ApplicationError)
        return failed.value.cause

    wrong = await unreadable()
    if workflow != ONBOARDING_WORKFLOW:
        # What the type of the workflow does not matter for.
        wrong = {name: sent for name, sent in wrong.items() if name not in UNDECODED}
    causes = await asyncio.gather(*map(start, wrong.values()))
    for cause in causes:
        assert cause.type == "InvalidMessage"
        assert cause.message.startswith(f"{workflow} was not started: ")
        assert len(cause.message) < 20_000
    said = dict(zip(wrong, [cause.message for cause in causes], strict=True))
    assert "it takes 1 argument, and got 0" in said["none"]
    assert "encoding must be json/plain" in said["bytes"]
    assert "altered" in said["altered"]


async def test_query_of_rejected_start_fails_at_once(harness: Harness) -> None:
    handle = await start_raw(harness.temporal, "PortInWorkflow", [payload(b"{}")])
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    with pytest.raises(WorkflowQueryFailedError):
        await handle.query(names.STATUS_QUERY)


async def test_rejected_start_replays(harness: Harness) -> None:
    raw = await start_raw(harness.temporal, "PortInWorkflow", [])
    with pytest.raises(WorkflowFailureError):
        await raw.result()
    history = await raw.fetch_history()
    replayer = Replayer(
        workflows=WORKFLOWS, data_converter=data_converter([KEY]), workflow_runner=workflow_runner()
    )
    await replayer.replay_workflow(history)


async def test_build_that_cannot_read_a_recorded_start_does_not_end_the_workflow(
    harness: Harness,
) -> None:
    """The replay differs from what is recorded, so that the task fails and the workflow stays."""
    port = await open_port_in(harness)
    handle = harness.temporal.get_workflow_handle(port.id)
    recorded = json.loads((await handle.fetch_history()).to_json())
    started = recorded["events"][0]["workflowExecutionStartedEventAttributes"]
    started["input"] = {"payloads": []}
    replayer = Replayer(
        workflows=WORKFLOWS, data_converter=data_converter([KEY]), workflow_runner=workflow_runner()
    )
    with pytest.raises(Exception, match=r"[Nn]ondeterminism"):
        await replayer.replay_workflow(WorkflowHistory.from_json(port.id, recorded))


@pytest.mark.parametrize("signal", [names.CORRECT_MESSAGE, names.CANCEL_MESSAGE])
async def test_unreadable_signal_is_in_the_timeline_and_changes_nothing(
    harness: Harness, signal: str
) -> None:
    port = await open_port_in(harness)
    handle = foreign(harness.temporal).get_workflow_handle(port.id)
    wrong = await unreadable()
    for sent in wrong.values():
        args = [RawValue(one) for one in sent]
        await handle.signal(signal, args=args)
        await handle.signal(names.POLL_NOW_SIGNAL, args=args)
        await handle.signal("no_such_signal", args=args)

    status = await port.status()

    refused = [entry for entry in status.timeline if "that was rejected: " in entry.event]
    assert len(refused) == len(wrong)
    assert all(len(entry.event) < 1_100 and len(entry.by) <= 300 for entry in refused)
    said = dict(zip(wrong, [entry.event for entry in refused], strict=True))
    assert "it could not be read: payload under key 'ours' was altered" in said["altered"]
    assert "is not valid JSON" in said["no JSON"]
    assert status.state is PortState.SUBMITTED
    assert await workflow_task_failures(handle) == []


@pytest.mark.parametrize(
    "update",
    [
        names.CORRECT_MESSAGE,
        names.CANCEL_MESSAGE,
        names.DECIDE_UPDATE,
        names.NOTE_UPDATE,
        "no_such_update",
    ],
)
async def test_unreadable_update_is_rejected(harness: Harness, update: str) -> None:
    port = await open_port_in(harness)
    handle = foreign(harness.temporal).get_workflow_handle(port.id)

    for sent in (await unreadable()).values():
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update(update, args=[RawValue(one) for one in sent])
        assert "object has no attribute" not in str(refused.value.cause)

    assert (await port.status()).state is PortState.SUBMITTED
    assert await workflow_task_failures(handle) == []


async def test_flood_of_invalid_signals_does_not_stop_a_port_in(harness: Harness) -> None:
    harness.telegent.carrier.set_record(port_in()["phone_number"], CarrierRecord(script="silent"))
    port = await open_port_in(harness)
    handle = foreign(harness.temporal).get_workflow_handle(port.id)
    nonsense = {"by": "x" * 10_000} | {f"field {n}": n for n in range(60)}
    for _ in range(30):
        await asyncio.gather(*(handle.signal(names.CORRECT_MESSAGE, nonsense) for _ in range(20)))

    await port.cancel(PortInCancel(by="operator", reason="the subscriber stays"))
    result = await port.result()

    assert result.state is PortState.CANCELLED
    assert len(result.timeline) == 500
    assert "more entries than are kept" in result.timeline[250].event
    assert result.timeline[1].event == "submitting"
    assert len(result.model_dump_json()) < 1_000_000
