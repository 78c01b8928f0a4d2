"""A run that was reset looks up what it did after the place to which it was reset."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType

from simulator import Fault
from telegent_orchestrator.names import line_id
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import Harness
from tests.harness.payloads import new_subscriber, single
from tests.harness.resets import reset
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from tests.workflows.onboarding.ledgers import SINGLE_LEDGER, counted
from workflows.support import exactly_once

TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


@pytest.fixture(autouse=True)
def brief_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of the run before the reset counts as ended at once."""
    monkeypatch.setattr(exactly_once, "VENDOR_CALL_TIMEOUT", timedelta(0))


@pytest.mark.parametrize("before", [None, "buy_number", "start_subscription"])
async def test_line_that_is_reset_buys_no_second_number(
    harness: Harness, before: str | None
) -> None:
    gate = harness.telegent.gates.close("POST /v1.0/subscriptions", "after")
    onboarding = await harness.onboard(single())
    await gate.reached()
    line = line_id((await onboarding.status()).reference, "first")

    run_id = await reset(harness, line, before)
    gate.release()
    handle = harness.temporal.get_workflow_handle(line, run_id=run_id)
    await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert counted(harness.telegent) == SINGLE_LEDGER


async def test_create_that_was_pending_at_the_place_of_the_reset_is_not_repeated(
    harness: Harness,
) -> None:
    gate = harness.telegent.gates.close("POST /v1.0/message/routes", "after")
    onboarding = await harness.onboard(single(lines=[]))
    await gate.reached()
    workflow = harness.temporal.get_workflow_handle(onboarding.id)
    made = {"subscriber.created", "voice_route.created", "product.created", "package.created"}
    await wait_until(lambda: made <= counted(harness.telegent).keys())
    pending = await wait_until(
        workflow.describe, lambda now: len(now.raw_description.pending_activities) == 1
    )
    gate.release()
    await asyncio.wait_for(onboarding.result(), TEST_TIMEOUT)
    made_once = counted(harness.telegent)

    run_id = await reset(harness, onboarding.id, within=pending.history_length)
    handle = harness.temporal.get_workflow_handle(onboarding.id, run_id=run_id)
    await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert counted(harness.telegent) == made_once


async def test_create_that_was_to_be_sent_again_at_the_place_of_the_reset_is_looked_up(
    harness: Harness,
) -> None:
    unknown_id = Fault(match="POST /v1.0/message/routes", kind="error_before", status=404)
    harness.telegent.faults.add(unknown_id)
    onboarding = await harness.onboard(single(lines=[]))
    await asyncio.wait_for(onboarding.result(), TEST_TIMEOUT)
    made_once = counted(harness.telegent)
    history = await harness.temporal.get_workflow_handle(onboarding.id).fetch_history()
    _, sent_again = (
        event.event_id
        for event in history.events
        if event.activity_task_scheduled_event_attributes.activity_type.name
        == "create_message_route"
    )

    run_id = await reset(harness, onboarding.id, within=sent_again)
    handle = harness.temporal.get_workflow_handle(onboarding.id, run_id=run_id)
    await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert counted(harness.telegent) == made_once


@pytest.mark.parametrize("before", [None, "create_account", "create_message_route"])
async def test_onboarding_that_is_reset_creates_nothing_twice(
    harness: Harness, before: str | None
) -> None:
    onboarding = await harness.onboard(single(lines=[]))
    await asyncio.wait_for(onboarding.result(), TEST_TIMEOUT)
    effects = counted(harness.telegent)

    run_id = await reset(harness, onboarding.id, before)
    handle = harness.temporal.get_workflow_handle(onboarding.id, run_id=run_id)
    await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert counted(harness.telegent) == effects


@pytest.mark.parametrize("next_reference", ["single-1", "another"])
async def test_item_that_a_reset_run_was_creating_can_be_created_by_the_next(
    harness: Harness, next_reference: str
) -> None:
    lost = Fault(match="POST /v1.0/products", kind="error_before", status=500, times=2)
    harness.telegent.faults.add(lost)
    onboarding = await harness.onboard(single(lines=[]))
    # Until an operator decides, no other run may create the product.
    await wait_until(onboarding.progress, lambda now: bool(now.onboarding.escalations))

    run_id = await reset(harness, onboarding.id)
    if next_reference != "single-1":
        await harness.temporal.get_workflow_handle(onboarding.id, run_id=run_id).terminate()
        onboarding = await harness.onboard(another(next_reference))
    handle = harness.temporal.get_workflow_handle(onboarding.id)
    await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert harness.telegent.ledger.count("product.created") == 1


def another(reference: str) -> OnboardingRequest:
    subscriber = new_subscriber("one", email=f"{reference}@example.com")
    return single(reference, subscribers=[subscriber], lines=[])
