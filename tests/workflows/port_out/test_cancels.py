"""Cancels of a port-out: before, while and after the number leaves."""

from datetime import timedelta

import pytest

from simulator import Fault
from simulator.engine.faults import FaultKind
from telegent_orchestrator import names
from telegent_orchestrator.client import MessageRejectedError
from telegent_orchestrator.port_out import PortOutState
from tests.harness import Harness
from tests.harness.port_outs import (
    CANCEL,
    DELETE,
    NUMBER,
    PIN,
    READ_NUMBER,
    REQUESTED,
    SET_PIN,
    count,
    pin_of,
    said,
    start,
    until,
)


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
