"""Port-outs on a real Temporal server, judged by the simulator's ledger."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowFailureError

from activities import ActivitySettings
from activities.port_out import PIN_LENGTH, PinGenerator
from simulator import Fault
from simulator.engine.faults import FaultKind
from simulator.engine.state import Number
from telegent_orchestrator import names
from telegent_orchestrator.client import MessageRejectedError
from telegent_orchestrator.client.port_out import PortOutClient, PortOutHandle
from telegent_orchestrator.port_out import (
    PORT_OUT_WORKFLOW,
    ConfirmDeparture,
    PortOutCancel,
    PortOutRequest,
    PortOutState,
    PortOutStatus,
    RevealPin,
    is_weak_pin,
)
from tests.harness import SETTINGS, Harness
from tests.harness.tiers import sampled
from tests.harness.waiting import wait_until

NUMBER = "+18015550142"
PIN = "918274"
ICCID = "8901240000000000001"
SET_PIN = "POST /v1.0/numbers/portout"
READ_NUMBER = "GET /v1.0/numbers"
DELETE = "POST /v1.0/subscriptions/delete"
CANCEL = PortOutCancel(by="operator", reason="the subscriber stays")
REQUESTED = RevealPin(by="operator", reason="the subscriber called")


@pytest.fixture
def poll() -> timedelta:
    return timedelta(seconds=0.2)


@pytest.fixture
def settings(poll: timedelta) -> ActivitySettings:
    return replace(SETTINGS, port_out_poll=poll)


@pytest.fixture
def harness(harness: Harness) -> Harness:
    """A harness in which one number is in service, with a subscription."""
    world = harness.telegent.state
    world.numbers[NUMBER] = Number(
        number=NUMBER,
        id="NID-1",
        order_id="JNUOID-1",
        account_id=None,
        classification="MVNO",
        purchased=world.clock.now(),
        iccid=ICCID,
    )
    for subscription_id, tnid in (("SUB-1", "NID-1"), ("SUB-2", "NID-2")):
        world.subscriptions[subscription_id] = {
            "SubscriptionId": subscription_id,
            "SubscriberId": "TSUID-1",
            "PackageId": "PID-1",
            "Type": "mvno",
            "TNID": tnid,
            "ICCID": None,
        }
    return harness


def wanted(**changes: Any) -> PortOutRequest:
    values = {"phone_number": NUMBER, "authentication_reference": "call-4711", "by": "operator"}
    return PortOutRequest.model_validate(values | changes)


async def start(harness: Harness, **changes: Any) -> PortOutHandle:
    return await PortOutClient(harness.temporal, id_key=harness.settings.id_key).start(
        wanted(**changes)
    )


async def until(
    handle: PortOutHandle, true: PortOutState | Callable[[PortOutStatus], bool]
) -> PortOutStatus:
    """Waits for a state, or for a status that fits."""
    return await wait_until(
        handle.status, true if callable(true) else lambda status: status.state is true
    )


async def wait_for_reads(harness: Harness, count: int) -> None:
    """Returns when the number has been read so many times more: the first was then judged."""
    read = READ_NUMBER.split()

    def reads() -> int:
        return sum([entry.method, entry.path] == read for entry in harness.telegent.requests)

    before = reads()
    await wait_until(reads, lambda now: now >= before + count)


def said(status: PortOutStatus, words: str) -> bool:
    return any(words in entry.event for entry in status.timeline)


def count(harness: Harness, kind: str) -> int:
    return harness.telegent.ledger.count(kind)


def pin_of(harness: Harness) -> str | None:
    return harness.telegent.state.numbers[NUMBER].port_out_pin


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


@pytest.mark.parametrize("times", [1, 2])
async def test_briefly_missing_number_has_not_ported_out(harness: Harness, times: int) -> None:
    handle = await start(harness, pin=PIN, subscription_id="SUB-1")
    await until(handle, PortOutState.PIN_ISSUED)
    harness.telegent.faults.add(
        Fault(match=READ_NUMBER, kind="error_before", status=404, times=times)
    )

    status = await until(handle, lambda status: said(status, "the number is still here"))
    assert status.state is PortOutState.PIN_ISSUED
    assert count(harness, "subscription.deleted") == 0

    harness.telegent.complete_port_out(NUMBER, PIN)
    assert (await handle.result()).state is PortOutState.COMPLETED


@pytest.mark.parametrize("status", ["Inactive", "Parked", "Suspended", "Hibernating"])
async def test_suspended_number_with_open_port_out_has_not_left(
    harness: Harness, status: str
) -> None:
    handle = await start(harness, pin=PIN, subscription_id="SUB-1")
    await until(handle, PortOutState.PIN_ISSUED)
    number = harness.telegent.state.numbers[NUMBER]
    number.status = status
    await until(handle, lambda status: said(status, "another status"))
    await wait_for_reads(harness, 3)

    assert (await handle.status()).state is PortOutState.PIN_ISSUED
    assert count(harness, "subscription.deleted") == 0

    number.status = "Active"
    await until(handle, lambda status: status.timeline[-1].vendor_message.endswith("'Active'"))
    harness.telegent.complete_port_out(NUMBER, PIN)
    assert (await handle.result()).state is PortOutState.COMPLETED
    assert count(harness, "subscription.deleted") == 1


async def test_operator_confirms_the_departure_of_a_number_with_an_unclear_status(
    harness: Harness,
) -> None:
    handle = await start(harness, pin=PIN, subscription_id="SUB-1")
    await until(handle, PortOutState.PIN_ISSUED)
    harness.telegent.state.numbers[NUMBER].status = "Inactive"
    status = await until(handle, lambda status: bool(status.steps[2].detail))
    described = await harness.temporal.get_workflow_handle(handle.id).describe()

    assert "it is suspended, or has left" in status.steps[2].detail
    assert described.search_attributes[names.NEEDS_OPERATOR_ATTRIBUTE]

    confirmation = ConfirmDeparture(by="operator", reason="the gaining carrier has it")
    assert await handle.confirm_departure(confirmation) is PortOutState.PIN_ISSUED
    result = await handle.result()

    assert result.state is PortOutState.COMPLETED
    assert any(entry.by == "operator" for entry in result.timeline)
    assert count(harness, "subscription.deleted") == 1


async def test_departure_is_not_confirmed_before_the_pin_is_issued(harness: Harness) -> None:
    gate = harness.telegent.gates.close(SET_PIN, "before")
    handle = await start(harness, pin=PIN)
    await gate.reached()

    with pytest.raises(MessageRejectedError, match="cannot have left"):
        await handle.confirm_departure(ConfirmDeparture(by="operator", reason="a mistake"))
    gate.release()


@pytest.mark.parametrize("status", ["Port Out Complete", "Ported Out", "Cancelled"])
async def test_number_with_the_status_of_one_that_left_has_ported_out(
    harness: Harness, status: str
) -> None:
    handle = await start(harness, pin=PIN)
    await until(handle, PortOutState.PIN_ISSUED)
    harness.telegent.state.numbers[NUMBER].status = status

    result = await handle.result()

    assert result.state is PortOutState.COMPLETED
    assert any(f"'{status}'" in entry.vendor_message for entry in result.timeline)


async def test_number_with_pending_port_out_has_not_ported_out(harness: Harness) -> None:
    handle = await start(harness, pin=PIN)
    await until(handle, PortOutState.PIN_ISSUED)
    harness.telegent.state.numbers[NUMBER].status = "Port Out Pending"
    await wait_for_reads(harness, 2)

    status = await handle.status()

    assert status.state is PortOutState.PIN_ISSUED
    assert not said(status, "did not show the number")


async def test_rejected_poll_is_shown_and_cancel_works(harness: Harness) -> None:
    handle = await start(harness, pin=PIN)
    await until(handle, PortOutState.PIN_ISSUED)
    harness.telegent.faults.add(
        Fault(match=READ_NUMBER, kind="error_before", status=403, times=1_000)
    )
    await until(handle, lambda status: said(status, "rejected the read of the number"))

    await handle.cancel(CANCEL)

    assert (await handle.result()).state is PortOutState.CANCELLED


@pytest.mark.parametrize("kind", [None, "drop_response", "error_before"])
async def test_cancel_keeps_the_number_and_voids_the_pin(
    harness: Harness, kind: FaultKind | None
) -> None:
    handle = await start(harness, pin=PIN, subscription_id="SUB-1")
    await until(handle, PortOutState.PIN_ISSUED)
    if kind:
        harness.telegent.faults.add(Fault(match=SET_PIN, kind=kind))

    assert await handle.cancel(CANCEL) is PortOutState.PIN_ISSUED
    result = await handle.result()

    assert result.state is PortOutState.CANCELLED
    assert result.reason == "cancelled by operator: the subscriber stays"
    assert pin_of(harness) not in (None, PIN)
    assert count(harness, "portout.set") == 2
    assert count(harness, "subscription.deleted") == 0
    with pytest.raises(ValueError, match="another port-out PIN"):
        harness.telegent.complete_port_out(NUMBER, PIN)


async def test_cancelled_workflow_voids_the_pin(harness: Harness) -> None:
    handle = await start(harness, pin=PIN)
    await until(handle, PortOutState.PIN_ISSUED)

    await harness.temporal.get_workflow_handle(handle.id).cancel()

    assert (await handle.result()).state is PortOutState.CANCELLED
    assert pin_of(harness) not in (None, PIN)


@pytest.mark.parametrize("via", ["message", "workflow"])
async def test_cancel_while_setting_the_pin_waits_for_the_response(
    harness: Harness, via: str
) -> None:
    gate = harness.telegent.gates.close(SET_PIN, "before")
    harness.telegent.faults.add(Fault(match=SET_PIN, kind="error_before"))
    handle = await start(harness, pin=PIN)
    await gate.reached()
    await until(handle, PortOutState.ISSUING)

    if via == "message":
        await handle.cancel(CANCEL)
    else:
        await harness.temporal.get_workflow_handle(handle.id).cancel()
        await harness.cancel_delivered(handle.id)
    gate.release()

    assert (await handle.result()).state is PortOutState.CANCELLED
    assert pin_of(harness) not in (None, PIN)


async def test_cancel_before_the_pin_sends_no_pin(harness: Harness) -> None:
    gate = harness.telegent.gates.close(READ_NUMBER, "before")
    handle = await start(harness, pin=PIN)
    await gate.reached()
    await until(handle, PortOutState.CHECKING)

    await handle.cancel(CANCEL)
    gate.release()

    assert (await handle.result()).state is PortOutState.CANCELLED
    assert count(harness, "portout.set") == 0


class TestBetweenTwoPolls:
    @pytest.fixture
    def poll(self) -> timedelta:
        return timedelta(hours=6)

    async def test_cancel_after_port_out_is_too_late(self, harness: Harness) -> None:
        handle = await start(harness, pin=PIN, subscription_id="SUB-1")
        await until(handle, PortOutState.PIN_ISSUED)
        harness.telegent.complete_port_out(NUMBER, PIN)

        await handle.cancel(CANCEL)
        result = await handle.result()

        assert result.state is PortOutState.COMPLETED
        assert any("rejected the cancel" in entry.event for entry in result.timeline)
        assert count(harness, "subscription.deleted") == 1


async def test_cancel_after_port_out_is_rejected_with_the_reason(harness: Harness) -> None:
    gate = harness.telegent.gates.close(DELETE, "before")
    handle = await start(harness, pin=PIN, subscription_id="SUB-1")
    await until(handle, PortOutState.PIN_ISSUED)
    harness.telegent.complete_port_out(NUMBER, PIN)
    await gate.reached()
    await until(handle, PortOutState.PORTED_OUT)

    with pytest.raises(MessageRejectedError, match="the number has left"):
        await handle.cancel(CANCEL)
    with pytest.raises(MessageRejectedError, match="no PIN to show"):
        await handle.reveal_pin(REQUESTED)
    await harness.temporal.get_workflow_handle(handle.id).signal(names.CANCEL_MESSAGE, CANCEL)
    gate.release()
    result = await handle.result()

    assert result.state is PortOutState.COMPLETED
    assert any("rejected" in entry.event and entry.by == "operator" for entry in result.timeline)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("nonsense", "must be an object"),
        (None, "must be an object"),
        ([1, 2], "must be an object"),
        ({"by": "operator"}, "reason: is required"),
        ({"by": "operator", "reason": "x", "pin": "555123"}, "pin: unknown field"),
    ],
)
async def test_invalid_signal_is_in_the_timeline(harness: Harness, raw: object, why: str) -> None:
    handle = await start(harness, pin=PIN)
    await until(handle, PortOutState.PIN_ISSUED)
    workflow = harness.temporal.get_workflow_handle(handle.id)

    await workflow.signal(names.CANCEL_MESSAGE, raw)
    status = await until(handle, lambda status: said(status, "rejected"))

    assert why in status.timeline[-1].event
    assert "555123" not in status.model_dump_json()
    assert status.state is PortOutState.PIN_ISSUED

    await workflow.signal(names.CANCEL_MESSAGE, CANCEL)
    assert (await handle.result()).state is PortOutState.CANCELLED


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
        EventType.EVENT_TYPE_MARKER_RECORDED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
    }
    assert not any(void.encode() in event.SerializeToString() for event in history.events)
    assert searched[names.PORT_STATE_ATTRIBUTE] == ["PORT_OUT_CANCELLED"]


async def test_malformed_request_fails_with_a_readable_error(harness: Harness) -> None:
    handle = await harness.temporal.start_workflow(
        PORT_OUT_WORKFLOW,
        {"phone_number": NUMBER, "pin": "secret", "by": "operator"},
        id=f"port-out-broken-{harness.settings.id_key}",
        task_queue=names.TASK_QUEUE,
    )

    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()

    words = str(caught.value.cause)
    assert "authentication_reference" in words
    assert "secret" not in words


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"pin": "123456"}, "too easy to guess"),
        ({"pin": "550142"}, "too easy to guess"),
        ({"pin": "12a456"}, "pin"),
        ({"after_port_out": "close_subscription"}, "needs subscription_id"),
        ({"authentication_reference": "Jane Doe, born 1980"}, "authentication_reference"),
        ({"pin_issue_timeout": timedelta(0)}, "pin_issue_timeout"),
    ],
)
def test_invalid_request_is_rejected(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why) as caught:
        wanted(**changes)
    assert str(changes.get("pin", "no pin")) not in str(caught.value)


@pytest.mark.parametrize("pin", ["000000", "123456", "654321", "890123", "123123", "121212"])
def test_guessable_pins_are_weak(pin: str) -> None:
    assert is_weak_pin(pin, NUMBER)


async def test_generated_pins_differ_and_are_not_weak() -> None:
    pins = [(await PinGenerator().generate_port_out_pin(NUMBER)).pin for _ in range(3_000)]

    assert len(set(pins)) > 2_900
    assert all(len(pin) == PIN_LENGTH and pin.isdigit() for pin in pins)
    assert not any(is_weak_pin(pin, NUMBER) for pin in pins)


def test_repr_contains_no_pin() -> None:
    assert PIN not in repr(wanted(pin=PIN))


async def details(harness: Harness, handle: PortOutHandle) -> str:
    metadata: WorkflowMetadata = await harness.temporal.get_workflow_handle(handle.id).query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    return metadata.current_details


async def failure(handle: PortOutHandle) -> str:
    """What the workflow fails with, causes included."""
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    words = ""
    error: BaseException | None = caught.value.cause
    while error is not None:
        words, error = f"{words} | {error}", error.__cause__
    return words
