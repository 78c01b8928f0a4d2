"""Port-ins that are started or reset while the order of an earlier run is open."""

import asyncio

import pytest

from simulator import CarrierRecord
from telegent_orchestrator.client import PortInHandle
from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInResult,
    PortState,
)
from tests.harness import Harness
from tests.harness.port_ins import NUMBER, attach, start, until
from tests.harness.resets import delete, reset
from tests.harness.waiting import TEST_TIMEOUT

SUBMIT = "POST /v1.0/numbers/portin"
SILENT = CarrierRecord(script="silent")


async def ordered(harness: Harness) -> tuple[PortInHandle, str]:
    """A port-in whose order is open, and the id of the order."""
    harness.telegent.carrier.set_record(NUMBER, SILENT)
    handle = await start(harness)
    status = await until(handle, lambda now: now.order_id is not None)
    return handle, status.order_id or ""


async def followed(handle: PortInHandle, order_id: str) -> PortInResult:
    """Cancels the port-in, once it follows the order, so that it ends."""
    await until(handle, lambda now: now.order_id == order_id)
    await handle.cancel(PortInCancel(by="desk", reason="the test ends"))
    return await asyncio.wait_for(handle.result(), TEST_TIMEOUT)


def submitted(harness: Harness) -> list[str]:
    return [row.data["order_id"] for row in harness.telegent.ledger.by_kind("portin.submitted")]


async def test_order_of_a_terminated_port_in_is_followed_by_the_next(harness: Harness) -> None:
    first, order_id = await ordered(harness)
    await harness.temporal.get_workflow_handle(first.id).terminate()

    result = await followed(await start(harness), order_id)

    assert result.state is PortState.CANCELLED
    assert any("an earlier run" in entry.event for entry in result.timeline)
    assert submitted(harness) == [order_id]


@pytest.mark.parametrize("before", [None, "check_port_in", "submit_port"])
async def test_order_of_a_port_in_that_is_reset_is_followed(
    harness: Harness, before: str | None
) -> None:
    first, order_id = await ordered(harness)

    await reset(harness, first.id, before)

    assert (await followed(first, order_id)).state is PortState.CANCELLED
    assert submitted(harness) == [order_id]


async def test_port_in_that_is_reset_after_it_completed_completes_again(harness: Harness) -> None:
    first = await start(harness)
    done = await asyncio.wait_for(first.result(), TEST_TIMEOUT)

    await reset(harness, first.id)
    again = await asyncio.wait_for(first.result(), TEST_TIMEOUT)

    assert (again.state, again.number_id) == (PortState.COMPLETED, done.number_id)
    assert len(submitted(harness)) == 1


async def test_operator_attaches_the_order_of_a_deleted_port_in(harness: Harness) -> None:
    first, order_id = await ordered(harness)
    await delete(harness, first.id)

    second = await start(harness)

    status = await until(second, PortState.SUBMIT_UNKNOWN)
    assert "already active" in status.timeline[-1].vendor_message
    await second.decide(attach(order_id))
    assert (await followed(second, order_id)).state is PortState.CANCELLED
    assert submitted(harness) == [order_id]


async def test_order_of_an_abandoned_port_in_is_named_to_the_operator(harness: Harness) -> None:
    first, order_id = await ordered(harness)
    abandon = OperatorDecision(action=OperatorAction.ABANDON, by="desk", reason="a slip")
    await first.decide(abandon)
    await asyncio.wait_for(first.result(), TEST_TIMEOUT)

    second = await start(harness)

    status = await until(second, PortState.SUBMIT_UNKNOWN)
    assert f"attach {order_id}" in status.timeline[-1].event
    await second.decide(attach(order_id))
    await followed(second, order_id)
    assert submitted(harness) == [order_id]


@pytest.mark.parametrize("end", ["terminate", "reset"])
async def test_submit_under_way_when_the_run_ended_is_not_repeated(
    harness: Harness, end: str
) -> None:
    harness.telegent.carrier.set_record(NUMBER, SILENT)
    gate = harness.telegent.gates.close(SUBMIT, "after")
    handle = await start(harness)
    await gate.reached()
    if end == "reset":
        await reset(harness, handle.id, "submit_port")
    else:
        await harness.temporal.get_workflow_handle(handle.id).terminate()
        handle = await start(harness)
    gate.release()

    await until(handle, PortState.SUBMIT_UNKNOWN)
    order_id = submitted(harness)[0]
    await handle.decide(attach(order_id))
    await followed(handle, order_id)
    assert submitted(harness) == [order_id]


async def test_submit_that_may_still_arrive_is_not_repeated(harness: Harness) -> None:
    # Until Telegent has executed it, the eligibility does not show it.
    gate = harness.telegent.gates.close(SUBMIT, "before")
    first = await start(harness)
    await gate.reached()
    await harness.temporal.get_workflow_handle(first.id).terminate()

    second = await start(harness)

    await until(second, PortState.SUBMIT_UNKNOWN)
    gate.release()
    abandon = OperatorDecision(action=OperatorAction.ABANDON, by="desk", reason="the test ends")
    await second.decide(abandon)
    result = await asyncio.wait_for(second.result(), TEST_TIMEOUT)
    assert result.state is PortState.ABANDONED


async def test_port_in_that_was_terminated_before_its_submit_is_submitted(
    harness: Harness,
) -> None:
    gate = harness.telegent.gates.close("POST /v1.0/numbers/portin/eligibility", "before")
    first = await start(harness)
    await gate.reached()
    await harness.temporal.get_workflow_handle(first.id).terminate()
    gate.release()

    result = await asyncio.wait_for((await start(harness)).result(), TEST_TIMEOUT)

    assert result.state is PortState.COMPLETED
    assert submitted(harness) == [result.order_id]


async def test_submit_that_a_reset_starts_again_is_not_sent(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, SILENT)
    gate = harness.telegent.gates.close(SUBMIT, "after")
    handle = await start(harness)
    await gate.reached()
    pending = await harness.temporal.get_workflow_handle(handle.id).describe()
    gate.release()
    await until(handle, lambda now: now.order_id is not None)
    order_id = submitted(harness)[0]

    # Temporal sends the pending activity to a worker again.
    await reset(harness, handle.id, within=pending.history_length)

    assert (await followed(handle, order_id)).state is PortState.CANCELLED
    sent = [entry for entry in harness.telegent.requests if entry.path == "/v1.0/numbers/portin"]
    assert len(sent) == 1


async def test_cancelled_order_of_a_terminated_port_in_is_not_followed(harness: Harness) -> None:
    first, order_id = await ordered(harness)
    await harness.temporal.get_workflow_handle(first.id).terminate()
    for order in harness.telegent.state.orders.values():
        order.phase = "cancelled"
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord())

    result = await asyncio.wait_for((await start(harness)).result(), TEST_TIMEOUT)

    assert result.state is PortState.COMPLETED
    assert submitted(harness) == [order_id, result.order_id]
