"""Payload keys that are exchanged while a port-in is open, and keys that a worker lacks."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Replayer

from activities.support.outcomes import NOT_EXECUTED, Outcome, classify_failure
from simulator import CarrierRecord, CarrierSetup, Simulator, SimulatorOptions
from telegent_orchestrator import names
from telegent_orchestrator.client import Orchestrator, PortInHandle
from telegent_orchestrator.encryption import MissingKeyError, PayloadKey, data_converter
from telegent_orchestrator.port_in import (
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from tests.harness import FAST_TIMINGS, SETTINGS, Harness, terminate_running, workflow_task_failures
from tests.harness.payloads import port_in
from tests.harness.port_ins import until
from tests.harness.waiting import TEST_TIMEOUT
from worker.payload_validation import with_validating_converter
from worker.run import workflow_runner
from workflows.registry import WORKFLOWS
from workflows.support.messages import parse_message

NUMBER = "+18015550142"
A, B = PayloadKey("2025", os.urandom(32)), PayloadKey("2026", os.urandom(32))
NAMESAKE_OF_A = PayloadKey("2025", os.urandom(32))
CANCEL = PortInCancel(by="operator", reason="the subscriber stays")


def with_keys(client: Client, *keys: PayloadKey) -> Client:
    return Client(client.service_client, data_converter=data_converter(keys))


@asynccontextmanager
async def harness_without_workers(
    temporal: Client, record: CarrierRecord
) -> AsyncIterator[Harness]:
    """Yield a harness without running workers."""
    simulator = Simulator(
        SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS, records={NUMBER: record}))
    )
    mine = uuid4().hex[:8]
    async with simulator.serve() as url:
        settings = replace(SETTINGS, id_key=mine)
        harness = Harness(temporal, simulator, Orchestrator(temporal, id_key=mine), settings, url)
        yield harness
        await terminate_running(temporal)


def as_holder(harness: Harness, *keys: PayloadKey) -> Harness:
    """The same harness, as seen by a process with these keys."""
    temporal = with_keys(harness.temporal, *keys)
    typed = Orchestrator(temporal, id_key=harness.settings.id_key)
    return replace(harness, temporal=temporal, orchestrator=typed)


async def start(harness: Harness) -> PortInHandle:
    details = PortInDetails.model_validate(port_in(NUMBER))
    await harness.temporal.start_workflow(
        names.PORT_IN_WORKFLOW,
        PortInRequest(details=details),
        id=names.port_in_id(NUMBER, harness.settings.id_key),
        task_queue=names.TASK_QUEUE,
        # A failed task is tried again after this; the usual ten seconds are long for a test.
        task_timeout=timedelta(seconds=3),
    )
    return harness.orchestrator.port_in(NUMBER)


async def until_task_fails(handle: WorkflowHandle[Any, Any]) -> str:
    async with asyncio.timeout(TEST_TIMEOUT):
        while not (why := await workflow_task_failures(handle)):
            await asyncio.sleep(0.05)
    return why[0]


async def test_open_port_in_survives_key_rotation(temporal: Client) -> None:
    async with harness_without_workers(
        temporal, CarrierRecord(account_number="100200301")
    ) as harness:
        before, between = as_holder(harness, A), as_holder(harness, A, B)
        rotated, after = as_holder(harness, B, A), as_holder(harness, B)
        async with before.running_workers():
            port = await start(before)
            await until(port, PortState.ACTION_REQUIRED)
        # First every process learns to read the new key, then every process writes with it.
        async with between.running_workers():
            assert (
                await before.orchestrator.port_in(NUMBER).status()
            ).state is PortState.ACTION_REQUIRED
        async with rotated.running_workers():
            correction = PortInCorrection(account_number="100200301", by="operator")
            await rotated.orchestrator.port_in(NUMBER).correct(correction)
            result = await rotated.orchestrator.port_in(NUMBER).result()
            assert result.state is PortState.COMPLETED

        handle = rotated.temporal.get_workflow_handle(port.id)
        assert await workflow_task_failures(handle) == []
        history = await handle.fetch_history()
        used = {
            payload.metadata["encryption-key-id"]
            for event in history.events
            for payload in [
                *event.workflow_execution_started_event_attributes.input.payloads,
                *event.workflow_execution_update_accepted_event_attributes.accepted_request.input.args.payloads,
                *event.workflow_execution_completed_event_attributes.result.payloads,
            ]
        }
        assert used == {b"2025", b"2026"}
        await Replayer(
            workflows=WORKFLOWS,
            data_converter=rotated.temporal.data_converter,
            workflow_runner=workflow_runner(),
        ).replay_workflow(history)
        # Without the old key only the result can be read, which is encrypted with the new one.
        without_old_key = after.temporal.get_workflow_handle(port.id)
        assert (await without_old_key.result())["state"] == "COMPLETED"
        (given,) = history.events[0].workflow_execution_started_event_attributes.input.payloads
        with pytest.raises(MissingKeyError, match="'2025'"):
            await after.temporal.data_converter.decode([given])


@pytest.mark.parametrize(
    ("worker_has", "sender_has"),
    [((A,), (B, A)), ((), (A,)), ((NAMESAKE_OF_A,), (A,))],
    ids=["not rolled out yet", "no keys", "another key of the same name"],
)
async def test_start_under_missing_key_waits_for_the_key(
    temporal: Client, worker_has: tuple[PayloadKey, ...], sender_has: tuple[PayloadKey, ...]
) -> None:
    async with harness_without_workers(temporal, CarrierRecord()) as harness:
        sender = as_holder(harness, *sender_has)
        async with as_holder(harness, *worker_has).running_workers():
            port = await start(sender)
            why = await until_task_fails(temporal.get_workflow_handle(port.id))
            # In plain text, because the operator who reads it may have no key either.
            assert f"key '{sender_has[0].id}'" in why or f"name '{sender_has[0].id}'" in why
            assert "TELEGENT_PAYLOAD_KEYS" in why
        async with sender.running_workers():
            assert (await port.result()).state is PortState.COMPLETED


async def test_signal_under_missing_key_waits_for_the_key(temporal: Client) -> None:
    async with harness_without_workers(temporal, CarrierRecord(script="silent")) as harness:
        async with as_holder(harness, A).running_workers():
            port = await start(as_holder(harness, A))
            await until(port, PortState.SUBMITTED)
            early = as_holder(harness, B, A).temporal.get_workflow_handle(port.id)
            await early.signal(names.CANCEL_MESSAGE, CANCEL)
            assert "'2026'" in await until_task_fails(early)
        async with as_holder(harness, B, A).running_workers():
            result = await as_holder(harness, B, A).orchestrator.port_in(NUMBER).result()
            assert result.state is PortState.CANCELLED


async def test_update_under_missing_key_is_rejected_at_once(
    temporal: Client,
) -> None:
    """Taken into the workflow task, it would hold up everything else, even when its sender left."""
    async with (
        harness_without_workers(temporal, CarrierRecord(script="silent")) as harness,
        (worker := as_holder(harness, A)).running_workers(),
    ):
        port = await start(worker)
        await until(port, PortState.SUBMITTED)
        handle = temporal.get_workflow_handle(port.id)
        early = as_holder(harness, B, A).temporal.get_workflow_handle(port.id)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await early.execute_update(names.CANCEL_MESSAGE, CANCEL)
        assert "encrypted with key '2026'" in str(refused.value.cause)
        assert await workflow_task_failures(handle) == []
        await port.cancel(CANCEL)
        assert (await port.result()).state is PortState.CANCELLED


async def test_message_under_missing_key_fails_the_task_instead_of_being_rejected(
    temporal: Client,
) -> None:
    """A validator rejects with any error; a handler must not continue without the data."""
    (encrypted,) = await data_converter([B]).encode([CANCEL])
    converter = with_validating_converter(with_keys(temporal, A)).data_converter
    sent = await converter.decode([encrypted])

    with pytest.raises(MissingKeyError, match="'2026'"):
        parse_message(PortInCancel, sent)


async def test_failure_under_missing_key_fails_the_task_instead_of_being_shown_unread(
    temporal: Client,
) -> None:
    failure = Failure()
    newer = data_converter([B])
    await newer.encode_failure(ApplicationError("number is not eligible"), failure)
    older = with_validating_converter(with_keys(temporal, A)).data_converter

    with pytest.raises(MissingKeyError, match="'2026'"):
        await older.decode_failure(failure)


def test_create_under_missing_key_counts_as_not_executed() -> None:
    """As the SDK hands it on when an activity cannot read its arguments."""
    missing = ApplicationError("…", type=MissingKeyError.__name__)
    undecoded = ApplicationError("Failed decoding arguments")
    undecoded.__cause__ = missing
    failed = ActivityError(
        "Activity task failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="submit_port",
        activity_id="1",
        retry_state=None,
    )
    failed.__cause__ = undecoded

    assert classify_failure(failed) is Outcome.KEY_MISSING
    assert NOT_EXECUTED[Outcome.KEY_MISSING] == "worker is missing a payload key"
