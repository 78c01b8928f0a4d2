"""How a port-out learns that its number has left, or has not."""

import pytest

from simulator import Fault
from telegent_orchestrator import names
from telegent_orchestrator.client import MessageRejectedError
from telegent_orchestrator.client.port_out import PortOutHandle
from telegent_orchestrator.port_out import ConfirmDeparture, PortOutState
from tests.harness import Harness
from tests.harness.port_outs import (
    CANCEL,
    NUMBER,
    PIN,
    READ_NUMBER,
    SET_PIN,
    count,
    said,
    start,
    until,
    wait_for_reads,
)
from tests.harness.waiting import wait_until
from workflows.port_out.state import MAX_STATUS_CHANGES, NEXT_READ


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


async def test_number_that_is_missing_in_every_other_read_is_read_at_a_slow_rate(
    harness: Harness,
) -> None:
    handle = await start(harness, pin=PIN)
    await until(handle, PortOutState.PIN_ISSUED)
    for nth in range(1, 100, 2):
        harness.telegent.faults.add(
            Fault(match=READ_NUMBER, kind="error_before", status=404, nth=nth)
        )

    await wait_until(lambda: timers_of(harness, handle), lambda names: NEXT_READ in names)
    repeats = [entry.event for entry in (await handle.status()).timeline]
    assert repeats.count("the number is still here") == MAX_STATUS_CHANGES + 1

    await handle.cancel(CANCEL)
    assert (await handle.result()).state is PortOutState.CANCELLED


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


async def timers_of(harness: Harness, handle: PortOutHandle) -> list[str]:
    """The summaries of the timers that it has started."""
    events = harness.temporal.get_workflow_handle(handle.id).fetch_history_events()
    return [
        event.user_metadata.summary.data.decode().strip('"')
        async for event in events
        if event.HasField("timer_started_event_attributes")
    ]
