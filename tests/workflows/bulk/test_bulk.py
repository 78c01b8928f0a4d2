"""A bulk from its start to its end: paused, resumed, retried, cancelled, sent twice."""

import asyncio
from collections.abc import Callable

import pytest
from temporalio.api.enums.v1 import EventType

from simulator import Fault
from telegent_orchestrator.bulk import (
    BulkCancel,
    BulkState,
    BulkStatus,
    RowState,
    bulk_batch_id,
)
from telegent_orchestrator.client import MessageRejectedError, OnboardingIncompleteError
from telegent_orchestrator.client.bulk import BulkClient, BulkConflictError, BulkHandle
from telegent_orchestrator.lines import DataLimits
from telegent_orchestrator.names import line_id, onboarding_id
from tests.harness import Harness
from tests.harness.bulk_customers import COMMAND, create_customers
from tests.harness.command_line import command_line, printed_command
from tests.harness.details_pages import read_details_page
from tests.harness.resets import reset
from workflows.support.activity_calls import BULK_PRIORITY, INTERACTIVE_PRIORITY

SLOW = Fault(match="POST /v1.0/subscribers/create", kind="delay_effect", seconds=0.2, times=99)
# Twice, because a rejected create of what must be unique is tried once more.
REJECT_SUBSCRIBER = Fault(
    match="POST /v1.0/subscribers/create", kind="error_before", status=400, times=2
)
REJECT_NUMBER = Fault(match="POST /v1.0/numbers/provision", kind="error_before", status=400)


async def until(bulk: BulkHandle, reached: Callable[[BulkStatus], bool]) -> BulkStatus:
    async with asyncio.timeout(60):
        while not reached(now := await bulk.status()):
            await asyncio.sleep(0.1)
    return now


def is_quiescent(now: BulkStatus) -> bool:
    """Whether no row runs, or may begin."""
    starting = any(part.granted > part.started for part in now.batches)
    return not (now.counts.running or starting)


async def priority(harness: Harness, workflow_id: str) -> int:
    handle = harness.temporal.get_workflow_handle(workflow_id)
    return (await handle.describe()).raw_description.workflow_execution_info.priority.priority_key


async def test_paused_bulk_survives_a_restart_and_retries_failed_rows(
    harness: Harness,
) -> None:
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    async with harness.running_workers():
        some = await create_customers(harness)
        rows = some.rows(20)
        # One row was onboarded before, and the onboarding of another has failed.
        await (await harness.orchestrator.start_onboarding(rows[2].onboarding)).result()
        harness.telegent.faults.add(REJECT_SUBSCRIBER)
        failed = await harness.orchestrator.start_onboarding(rows[4].onboarding)
        with pytest.raises(OnboardingIncompleteError):
            await failed.result()
        harness.telegent.faults.add(REJECT_NUMBER)
        harness.telegent.faults.add(SLOW)

        reference = bulks.derive_reference("customers.csv", rows)
        bulk = await bulks.start(reference, rows, by="operator", window=4)
        await until(bulk, lambda now: now.counts.ended >= 3)
        await bulk.pause(COMMAND)
        with pytest.raises(MessageRejectedError, match="the bulk is paused"):
            await bulk.pause(COMMAND)
        paused = await until(bulk, is_quiescent)
        assert paused.state is BulkState.PAUSED
        assert paused.counts.ended < 16

    async with harness.running_workers():
        # The same file once more, after a restart: nothing is started by that.
        again = await bulks.start(reference, rows, by="operator", window=4)
        assert again.joined
        with pytest.raises(BulkConflictError):
            await bulks.start(reference, rows[:3], by="operator")
        assert (await bulk.status()).counts == paused.counts

        await bulk.resume(COMMAND)
        highest = 0

        def ended(now: BulkStatus) -> bool:
            nonlocal highest
            highest = max(highest, now.counts.running)
            return now.state is BulkState.NEEDS_OPERATOR

        waits = await until(bulk, ended)
        assert highest <= 4
        assert (waits.counts.done, waits.counts.already_done, waits.counts.failed) == (17, 1, 2)
        failed_rows = [row async for row in bulk.rows() if row.state is RowState.FAILED]
        assert "before this bulk" in failed_rows[0].detail + failed_rows[1].detail

        assert await bulk.retry(COMMAND) == 2
        result = await bulk.result()

    assert result.state is BulkState.COMPLETED
    assert result.counts.model_dump(exclude_defaults=True) == {"done": 19, "already_done": 1}
    created = [row.data["email"] for row in harness.telegent.ledger.by_kind("subscriber.created")]
    assert sorted(created) == sorted(
        [
            subscriber.email
            for row in rows
            for subscriber in row.onboarding.subscribers
            if hasattr(subscriber, "email")
        ]
        + ["one@example.com"]
    )
    for workflow_id in (bulk.id, bulk_batch_id(bulk.reference, 1)):
        runs = [
            run async for run in harness.temporal.list_workflows(f"WorkflowId = '{workflow_id}'")
        ]
        assert len(runs) > 1, f"{workflow_id} has not continued as new"


async def test_rows_cancelled_with_their_batch_are_reported_and_can_be_retried(
    harness: Harness,
) -> None:
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    hold = Fault(match="POST /v1.0/subscribers/create", kind="delay_effect", seconds=2)
    async with harness.running_workers():
        some = await create_customers(harness)
        rows = some.rows(3)[1:]
        harness.telegent.faults.add(hold)
        bulk = await bulks.start(some.reference("left-out"), rows, by="operator", window=1)
        await until(bulk, lambda now: now.counts.running == 1)
        # In Temporal's own dialog; the row that waits begins afterwards.
        await harness.temporal.get_workflow_handle(bulk_batch_id(bulk.reference, 1)).cancel()

        waits = await until(bulk, lambda now: now.state is not BulkState.RUNNING)
        assert waits.state is BulkState.NEEDS_OPERATOR
        assert waits.counts.model_dump(exclude_defaults=True) == {"done": 1, "cancelled": 1}
        said = await command_line(harness).run("bulk", "status", bulk.reference)
        assert said.status == 3
        assert "1 cancelled: retry these rows until" in said.out
        assert said.out.count("  row ") == 1
        shown = await read_details_page(harness.temporal, bulk.id)
        assert "**1 cancelled**: retry these rows until" in shown

        retry = printed_command(said, "bulk", "retry").replace("…", "not meant so")
        again = await command_line(harness).run_line(retry)
        assert again.status == 0, again.err
        result = await bulk.result()
    assert result.counts.model_dump(exclude_defaults=True) == {"done": 2}
    assert result.state is BulkState.COMPLETED


async def test_workflows_of_a_bulk_have_low_priority(harness: Harness) -> None:
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    async with harness.running_workers():
        some = await create_customers(harness)
        rows = some.rows(1)
        bulk = await bulks.start(some.reference("gives-way"), rows, by="operator")
        await bulk.result()
        reference = rows[0].onboarding.reference
        line = line_id(reference, "first")

        assert await priority(harness, onboarding_id(reference)) == BULK_PRIORITY.priority_key
        assert await priority(harness, line) == BULK_PRIORITY.priority_key
        for workflow_id, wanted in (
            (line, {BULK_PRIORITY.priority_key}),
            (onboarding_id(some.account.reference), {INTERACTIVE_PRIORITY.priority_key}),
        ):
            history = await harness.temporal.get_workflow_handle(workflow_id).fetch_history()
            assert {
                event.activity_task_scheduled_event_attributes.priority.priority_key
                for event in history.events
                if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
            } == wanted


async def test_cancel_stops_running_rows_only_on_request(harness: Harness) -> None:
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    async with harness.running_workers():
        some = await create_customers(harness)
        match = "POST /v1.0/subscribers/create"
        gates = [harness.telegent.gates.close(match, "before") for _ in range(3)]
        rows = some.rows(12)[1:]
        bulk = await bulks.start(some.reference("cancelled"), rows, by="operator", window=3)
        for gate in gates:
            await gate.reached()
        await until(bulk, lambda now: now.counts.running == 3)
        await bulk.cancel(BulkCancel(by="operator", reason="wrong file"))
        stopping = await bulk.status()
        assert (stopping.state, stopping.counts.waiting) == (BulkState.STOPPING, 8)
        with pytest.raises(MessageRejectedError, match="the bulk is stopping"):
            await bulk.retry(COMMAND)
        await bulk.cancel(BulkCancel(by="operator", reason="those too", cancel_running=True))
        for row in rows[:3]:
            await harness.cancel_delivered(onboarding_id(row.onboarding.reference))
        for gate in gates:
            gate.release()
        result = await bulk.result()

        assert result.state is BulkState.CANCELLED
        assert result.counts.model_dump(exclude_defaults=True) == {"waiting": 8, "cancelled": 3}
        part = harness.temporal.get_workflow_handle(bulk_batch_id(bulk.reference, 1))
        await part.result()


async def test_cancel_reaches_rows_that_were_retried_after_their_batch_was_cancelled(
    harness: Harness,
) -> None:
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    async with harness.running_workers():
        some = await create_customers(harness)
        first = harness.telegent.gates.close("POST /v1.0/subscribers/create", "before")
        rows = some.rows(1)
        onboarding = onboarding_id(rows[0].onboarding.reference)
        bulk = await bulks.start(some.reference("twice"), rows, by="operator", window=1)
        await first.reached()
        await harness.temporal.get_workflow_handle(bulk_batch_id(bulk.reference, 1)).cancel()
        await harness.cancel_delivered(onboarding)
        first.release()
        await until(bulk, lambda now: now.state is BulkState.NEEDS_OPERATOR)
        # The subscriber was retained.
        second = harness.telegent.gates.close("POST /v1.0/numbers/provision", "before")
        await bulk.retry(COMMAND)
        await second.reached()
        await until(bulk, lambda now: now.counts.running == 1)

        await bulk.cancel(BulkCancel(by="operator", reason="all of it", cancel_running=True))

        await harness.cancel_delivered(onboarding)
        second.release()
        result = await bulk.result()
        assert result.counts.model_dump(exclude_defaults=True) == {"cancelled": 1}


async def test_cancelled_bulk_that_was_reset_ends(harness: Harness) -> None:
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    async with harness.running_workers():
        some = await create_customers(harness)
        gate = harness.telegent.gates.close("POST /v1.0/subscribers/create", "before")
        bulk = await bulks.start(some.reference("again"), some.rows(3), by="operator", window=1)
        await gate.reached()
        await until(bulk, lambda now: now.counts.running == 1)
        await bulk.cancel(BulkCancel(by="operator", reason="wrong file"))

        await reset(harness, bulk.id)

        gate.release()
        result = await bulk.result()
        assert result.state is BulkState.CANCELLED
        assert result.counts.model_dump(exclude_defaults=True) == {"waiting": 2, "done": 1}


async def test_individually_cancelled_row_is_retried_with_the_failed_rows(
    harness: Harness,
) -> None:
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    async with harness.running_workers():
        some = await create_customers(harness)
        gate = harness.telegent.gates.close("POST /v1.0/subscribers/create", "before")
        rows = some.rows(2)[1:]
        bulk = await bulks.start(some.reference("by-itself"), rows, by="operator", window=1)
        await gate.reached()
        onboarding = onboarding_id(rows[0].onboarding.reference)
        await harness.temporal.get_workflow_handle(onboarding).cancel()
        await harness.cancel_delivered(onboarding)
        gate.release()
        await until(bulk, lambda now: now.state is BulkState.NEEDS_OPERATOR)

        assert await bulk.retry(COMMAND) == 1

        result = await bulk.result()
        assert result.state is BulkState.COMPLETED
        assert result.counts.model_dump(exclude_defaults=True) == {"done": 1}


async def test_row_of_an_existing_onboarding_with_another_request_fails_with_the_difference(
    harness: Harness,
) -> None:
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    async with harness.running_workers():
        (row,) = (await create_customers(harness)).rows(1)
        await (await harness.orchestrator.start_onboarding(row.onboarding)).result()
        line = row.onboarding.lines[0]
        other = line.model_copy(update={"data_limits": DataLimits(limit_mb=1234)})
        changed = row.onboarding.model_copy(update={"lines": [other]})

        bulk = await bulks.start(
            f"{harness.settings.id_key}-other",
            [row.model_copy(update={"onboarding": changed})],
            by="operator",
        )
        await until(bulk, lambda now: now.state is BulkState.NEEDS_OPERATOR)

        (result,) = [found async for found in bulk.rows()]
        assert result.state is RowState.FAILED
        assert f"differ in: lines.{line.key}" in result.detail
        await bulk.cancel(BulkCancel(by="operator", reason="done"))
