"""Port-outs on a real Temporal server, judged by the simulator's ledger."""

import asyncio
import logging
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType

from activities.port_out import PIN_LENGTH
from simulator import Fault
from simulator.engine.faults import FaultKind
from telegent_orchestrator import names
from telegent_orchestrator.client import MessageRejectedError
from telegent_orchestrator.port_out import PortOutState
from tests.harness import Harness
from tests.harness.pauses import paused
from tests.harness.port_outs import (
    CANCEL,
    DELETE,
    NUMBER,
    PIN,
    REQUESTED,
    SET_PIN,
    count,
    details,
    failure,
    pin_of,
    said,
    start,
    until,
)
from tests.harness.tiers import sampled
from tests.harness.waiting import wait_until


async def test_port_out_completes_with_a_generated_pin(harness: Harness) -> None:
    handle = await start(harness)
    status = await until(handle, PortOutState.PIN_ISSUED)

    shown = await handle.reveal_pin(REQUESTED)
    harness.telegent.complete_port_out(NUMBER, shown.pin)
    result = await handle.result()

    assert len(shown.pin) == PIN_LENGTH
    assert status.order_id
    assert status.issued_at
    assert result.state is PortOutState.COMPLETED
    assert result.ported_out_at
    assert result.authentication_reference == "call-4711"
    assert result.closed_subscription_id is None
    assert count(harness, "subscription.deleted") == 0
    assert [entry.event for entry in result.timeline if entry.by == "operator"] == [
        "was shown the PIN: the subscriber called"
    ]


async def test_port_out_with_pin_in_the_request_ends_the_subscription(harness: Harness) -> None:
    handle = await start(harness, pin=PIN, subscription_id="SUB-1")
    await until(handle, PortOutState.PIN_ISSUED)
    assert count(harness, "subscription.deleted") == 0

    harness.telegent.complete_port_out(NUMBER, PIN)
    result = await handle.result()

    assert result.closed_subscription_id == "SUB-1"
    assert count(harness, "portout.set") == 1
    assert count(harness, "subscription.deleted") == 1


async def test_subscription_is_kept_on_request(harness: Harness) -> None:
    handle = await start(harness, pin=PIN, subscription_id="SUB-1", after_port_out="keep")
    await until(handle, PortOutState.PIN_ISSUED)
    harness.telegent.complete_port_out(NUMBER, PIN)

    assert (await handle.result()).state is PortOutState.COMPLETED
    assert count(harness, "subscription.deleted") == 0


@pytest.mark.parametrize(
    "kind", sampled("drop_response", "error_after", "error_before", "html", "429")
)
async def test_lost_pin_response_is_looked_up_or_repeated(
    harness: Harness, kind: FaultKind
) -> None:
    harness.telegent.faults.add(Fault(match=SET_PIN, kind=kind, retry_after=0))
    handle = await start(harness, pin=PIN)
    await until(handle, PortOutState.PIN_ISSUED)

    assert pin_of(harness) == PIN
    assert count(harness, "portout.set") == 1


async def test_lost_pin_response_with_rejected_lookup_is_repeated(harness: Harness) -> None:
    harness.telegent.faults.add(Fault(match=SET_PIN, kind="drop_response"))
    harness.telegent.faults.add(
        Fault(match="GET /v1.0/numbers/inventory", kind="error_before", status=403, times=2)
    )
    handle = await start(harness, pin=PIN)
    await until(handle, PortOutState.PIN_ISSUED)

    assert pin_of(harness) == PIN
    assert count(harness, "portout.set") == 2


@pytest.mark.parametrize("kind", ["drop_response", "error_after", "error_before"])
async def test_subscription_is_ended_once_under_faults(harness: Harness, kind: FaultKind) -> None:
    harness.telegent.faults.add(Fault(match=DELETE, kind=kind))
    handle = await start(harness, pin=PIN, subscription_id="SUB-1")
    await until(handle, PortOutState.PIN_ISSUED)
    harness.telegent.complete_port_out(NUMBER, PIN)

    assert (await handle.result()).state is PortOutState.COMPLETED
    assert count(harness, "subscription.deleted") == 1


async def test_late_pin_needs_attention_and_arrives(harness: Harness) -> None:
    gate = harness.telegent.gates.close(SET_PIN, "before")
    handle = await start(harness, pin=PIN, pin_issue_timeout=timedelta(seconds=0.3))
    status = await until(handle, PortOutState.ISSUE_OVERDUE)

    assert "waited for the PIN" in status.attention
    assert "✋" in await details(harness, handle)
    with pytest.raises(MessageRejectedError, match="no PIN to show"):
        await handle.reveal_pin(REQUESTED)
    gate.release()
    issued = await until(handle, PortOutState.PIN_ISSUED)

    assert issued.attention == ""
    assert said(issued, "was not issued within 0:00:00.3")


async def test_pin_that_is_issued_at_its_deadline_can_be_shown(harness: Harness) -> None:
    gate = harness.telegent.gates.close(SET_PIN, "before")
    handle = await start(harness, pin=PIN, pin_issue_timeout=timedelta(seconds=2))
    await gate.reached()
    await until(handle, PortOutState.ISSUING)
    workflow = harness.temporal.get_workflow_handle(handle.id)

    async def events() -> set[int]:
        return {event.event_type for event in (await workflow.fetch_history()).events}

    # While it is paused, both happen, and it learns of them together.
    async with paused(harness.temporal, handle.id):
        gate.release()
        await wait_until(lambda: count(harness, "portout.set"))
        await wait_until(events, lambda seen: EventType.EVENT_TYPE_TIMER_FIRED in seen)

    await until(handle, PortOutState.PIN_ISSUED)
    assert (await handle.reveal_pin(REQUESTED)).pin == PIN


async def test_number_of_another_account_fails_with_a_readable_error(harness: Harness) -> None:
    del harness.telegent.state.numbers[NUMBER]
    handle = await start(harness, pin=PIN)

    words = await failure(handle)

    assert "not in service here" in words
    assert count(harness, "portout.set") == 0


@pytest.mark.parametrize(
    ("subscription_id", "why"),
    [("SUB-9", "there is no subscription SUB-9"), ("SUB-2", "belongs to another number")],
)
async def test_subscription_of_another_number_fails_with_a_readable_error(
    harness: Harness, subscription_id: str, why: str
) -> None:
    handle = await start(harness, pin=PIN, subscription_id=subscription_id)

    assert why in await failure(handle)
    assert count(harness, "portout.set") == 0


async def test_rejected_pin_fails_with_the_message_from_telegent(harness: Harness) -> None:
    harness.telegent.faults.add(Fault(match=SET_PIN, kind="error_before", status=400))
    handle = await start(harness, pin=PIN)

    words = await failure(handle)

    assert "rejected (400)" in words
    assert PIN not in words


async def test_one_port_out_per_number_is_open_at_a_time(harness: Harness) -> None:
    first, second = await asyncio.gather(start(harness, pin=PIN), start(harness, pin=PIN))
    assert first.id == second.id
    assert NUMBER.removeprefix("+") not in first.id
    await until(first, PortOutState.PIN_ISSUED)
    await first.cancel(CANCEL)
    await first.result()

    again = await start(harness, pin=PIN)
    await until(again, PortOutState.PIN_ISSUED)

    assert pin_of(harness) == PIN


async def test_pin_is_shown_only_by_the_reveal_query(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    # At DEBUG the Temporal SDK prints payloads as they are stored: without a key, in the clear.
    caplog.set_level(logging.INFO)
    harness.telegent.faults.add(Fault(match=SET_PIN, kind="error_before"))
    handle = await start(harness)
    await until(handle, PortOutState.PIN_ISSUED)
    pin = (await handle.reveal_pin(REQUESTED)).pin
    shown = [await details(harness, handle), (await handle.status()).model_dump_json()]
    await handle.cancel(CANCEL)
    result = await handle.result()
    void = pin_of(harness)
    workflow = harness.temporal.get_workflow_handle(handle.id)
    history = await workflow.fetch_history()
    searched = (await workflow.describe()).search_attributes
    shown += [result.model_dump_json(), str(searched), caplog.text]

    assert void
    assert result.reason
    for text in shown:
        assert pin not in text
        assert void not in text
    # Payloads, which are encrypted when the worker has a key; elsewhere it does not occur.
    assert {
        event.event_type for event in history.events if pin.encode() in event.SerializeToString()
    } == {
        EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
    }
    assert not any(void.encode() in event.SerializeToString() for event in history.events)
    assert searched[names.PORT_STATE_ATTRIBUTE] == ["PORT_OUT_CANCELLED"]
