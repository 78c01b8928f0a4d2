"""Lines are suspended and restored on a real Temporal server, judged by the simulator's ledger."""

import asyncio
from dataclasses import replace

import pytest
from pydantic import ValidationError
from temporalio import activity
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowFailureError

from activities.events import EventActivities, EventSettings
from simulator import Fault, SimulatorOptions
from simulator.engine.faults import FaultKind
from simulator.engine.state import Order
from telegent_orchestrator.client import LineChangeFailedError, LineChangeHandle
from telegent_orchestrator.client._calls import RequestConflictError
from telegent_orchestrator.events import EventType
from telegent_orchestrator.line_changes import LineState
from telegent_orchestrator.progress import Resolution, ResolutionAction, StepState
from tests.harness import SETTINGS, Harness, idle_harness, running_harness
from tests.harness.event_receiver import SECRET, Receiver
from tests.harness.line_changes import (
    NUMBER,
    READ_NUMBER,
    STATUS,
    change,
    orders,
    put_in_service,
    start,
)
from tests.harness.tiers import sampled
from tests.harness.waiting import wait_until

RESPONSE_LOST: tuple[FaultKind, ...] = ("drop_response", "error_after")
ORDER = "GET /v1.0/numbers/order"
SENT_ONCE: tuple[FaultKind, ...] = ("error_before", "html", "429")


def status_of(harness: Harness) -> str:
    return harness.telegent.state.numbers[NUMBER].status


async def details(harness: Harness, handle: LineChangeHandle) -> str:
    metadata: WorkflowMetadata = await harness.temporal.get_workflow_handle(handle.id).query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    return metadata.current_details


@pytest.mark.parametrize(
    "options",
    sampled(
        *(
            SimulatorOptions(parked_status=word)
            for word in ("Inactive", "Parked", "Suspended", "Hibernating")
        )
    ),
    ids=lambda options: options.parked_status,
)
async def test_line_is_suspended_and_restored_whatever_a_parked_number_is_called(
    harness: Harness, options: SimulatorOptions
) -> None:
    put_in_service(harness)

    suspended = await (await start(harness, "suspend")).result()
    assert status_of(harness) == options.parked_status
    restored = await (await start(harness, "restore")).result()

    assert (suspended.line_state, suspended.changed) == (LineState.SUSPENDED, True)
    assert suspended.vendor_status == options.parked_status
    assert suspended.order_id
    assert (suspended.by, suspended.reason) == ("operator", "non-payment")
    assert restored.line_state is LineState.ACTIVE
    assert status_of(harness) == "Active"
    assert (orders(harness, "park"), orders(harness, "activate")) == (1, 1)


async def test_line_that_is_already_as_wanted_costs_one_read(harness: Harness) -> None:
    put_in_service(harness)

    result = await (await start(harness, "restore")).result()

    assert (result.state, result.changed) == (StepState.DONE, False)
    assert result.line_state is LineState.ACTIVE
    assert orders(harness, "activate") == 0


async def test_suspended_line_is_suspended_again(harness: Harness) -> None:
    put_in_service(harness).status = "Inactive"

    result = await (await start(harness, "suspend")).result()

    assert result.line_state is LineState.SUSPENDED
    assert orders(harness, "park") == 1


@pytest.mark.parametrize("kind", ["suspend", "restore"])
@pytest.mark.parametrize("fault", sampled(*RESPONSE_LOST, *SENT_ONCE))
async def test_lost_response_is_read_back_and_not_repeated(
    harness: Harness, kind: str, fault: FaultKind
) -> None:
    number = put_in_service(harness)
    if kind == "restore":
        number.status = "Inactive"
    harness.telegent.faults.add(Fault(match=STATUS, kind=fault, retry_after=0))

    result = await (await start(harness, kind)).result()

    assert result.state is StepState.DONE
    assert orders(harness, "park" if kind == "suspend" else "activate") == 1


async def test_rejection_of_a_repeat_does_not_fail_a_change_that_took_effect(
    harness: Harness,
) -> None:
    number = put_in_service(harness)
    harness.telegent.faults.add(Fault(match=STATUS, kind="error_before"))
    harness.telegent.faults.add(Fault(match=STATUS, kind="error_before", status=400))
    handle = await start(harness, "suspend")

    def requests() -> int:
        return sum(entry.path == "/v1.0/numbers/status" for entry in harness.telegent.requests)

    await wait_until(requests, lambda sent: sent == 2)
    number.status = "Inactive"

    assert (await handle.result()).state is StepState.DONE
    assert requests() == 2


async def test_rejected_change_fails_with_the_message_from_telegent(harness: Harness) -> None:
    put_in_service(harness)
    harness.telegent.faults.add(Fault(match=STATUS, kind="error_before", status=400))

    with pytest.raises(LineChangeFailedError, match=r"rejected \(400\)") as failed:
        await (await start(harness, "suspend")).result()

    assert failed.value.result.state is StepState.FAILED
    assert failed.value.result.line_state is LineState.ACTIVE


async def test_number_that_is_not_here_fails_without_a_change(harness: Harness) -> None:
    with pytest.raises(LineChangeFailedError, match="404"):
        await (await start(harness, "suspend")).result()


async def test_cancelled_number_is_not_suspended(harness: Harness) -> None:
    put_in_service(harness).status = "Cancelled"

    with pytest.raises(LineChangeFailedError, match="'Cancelled'"):
        await (await start(harness, "suspend")).result()


@pytest.mark.parametrize("options", [SimulatorOptions(status_change_delay=0.5)])
async def test_order_that_is_pending_is_awaited(harness: Harness) -> None:
    put_in_service(harness)

    result = await (await start(harness, "suspend")).result()

    assert result.line_state is LineState.SUSPENDED
    assert orders(harness, "park") == 1


@pytest.mark.parametrize("options", [SimulatorOptions(status_change_delay=60)])
async def test_read_lag_begins_when_the_order_is_complete(harness: Harness) -> None:
    number = put_in_service(harness)
    handle = await start(harness, "suspend")
    [order] = await wait_until(lambda: pending_orders(harness), bool)
    # Longer than the read lag.
    await wait_until(lambda: order.polls, lambda polls: polls >= 5)
    gate = harness.telegent.gates.close(ORDER, "before")
    await gate.reached()

    order.status, number.status = "Complete", "Inactive"
    gate.release()

    assert (await handle.result()).line_state is LineState.SUSPENDED


def pending_orders(harness: Harness) -> list[Order]:
    return [o for o in harness.telegent.state.orders.values() if o.status == "Pending"]


@pytest.mark.parametrize("options", [SimulatorOptions(status_change_delay=60)])
async def test_failed_order_fails_the_change(harness: Harness) -> None:
    put_in_service(harness)
    handle = await start(harness, "suspend")

    [order] = await wait_until(lambda: pending_orders(harness), bool)
    order.status, order.message = "Failed", "the SIM is locked"

    with pytest.raises(LineChangeFailedError, match="the SIM is locked"):
        await handle.result()


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (ResolutionAction.RETRY, StepState.DONE),
        (ResolutionAction.ADOPT, StepState.DONE),
        (ResolutionAction.ABANDON, StepState.FAILED),
    ],
)
async def test_change_that_does_not_show_is_escalated(
    harness: Harness, action: ResolutionAction, expected: StepState
) -> None:
    number = put_in_service(harness)
    # The vendor says that it is complete, and still shows the number as active.
    gate = harness.telegent.gates.close(STATUS, "after")
    handle = await start(harness, "suspend")
    await gate.reached()
    number.status = "Active"
    gate.release()
    status = await wait_until(handle.status, lambda status: bool(status.escalations))

    assert status.state is StepState.NEEDS_OPERATOR
    assert "shown as 'Active'" in status.escalations[0].evidence[0]
    assert "needs an operator" in await details(harness, handle)

    resolution = Resolution(
        step="Status", action=action, id=NUMBER, by="operator", reason="checked the portal"
    )
    await handle.resolve(resolution)
    if expected is StepState.FAILED:
        with pytest.raises(LineChangeFailedError, match="abandoned by operator"):
            await handle.result()
    else:
        assert (await handle.result()).line_state is LineState.SUSPENDED
    assert orders(harness, "park") == (2 if action is ResolutionAction.RETRY else 1)


async def test_one_change_of_a_number_is_open_at_a_time(harness: Harness) -> None:
    put_in_service(harness)
    gate = harness.telegent.gates.close(STATUS, "before")
    first = await start(harness, "suspend")
    await gate.reached()

    again = await start(harness, "suspend")
    with pytest.raises(RequestConflictError, match=r"change\.kind"):
        await start(harness, "restore")
    gate.release()

    assert again.joined
    assert first.id == again.id
    assert NUMBER.removeprefix("+") not in first.id
    assert (await first.result()).line_state is LineState.SUSPENDED


async def test_cancel_before_the_change_is_sent_sends_nothing(harness: Harness) -> None:
    put_in_service(harness)
    gate = harness.telegent.gates.close(READ_NUMBER, "before")
    handle = await start(harness, "suspend")
    await gate.reached()

    await harness.temporal.get_workflow_handle(handle.id).cancel()
    await harness.cancel_delivered(handle.id)
    gate.release()

    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert (await handle.status()).detail == "cancelled"
    assert orders(harness, "park") == 0


async def test_cancel_after_the_change_has_no_effect_and_loses_no_event(
    temporal: Client, options: SimulatorOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, release = asyncio.Event(), asyncio.Event()
    read_receivers = EventActivities.list_event_receivers

    @activity.defn(name="list_event_receivers")
    async def hold(self: EventActivities) -> list[str]:
        reached.set()
        await release.wait()
        return await read_receivers(self)

    monkeypatch.setattr(EventActivities, "list_event_receivers", hold)
    receiver = Receiver()
    async with receiver.listening():
        events = EventSettings(urls=(receiver.url,), secret=SECRET)
        async with running_harness(temporal, options, replace(SETTINGS, events=events)) as harness:
            put_in_service(harness)
            handle = await start(harness, "suspend")
            await reached.wait()

            await harness.temporal.get_workflow_handle(handle.id).cancel()
            await harness.cancel_delivered(handle.id)
            release.set()

            assert (await handle.result()).state is StepState.DONE
            await wait_until(lambda: receiver.received)
    assert receiver.received[0].event.type == EventType.LINE_CHANGE_COMPLETED


async def test_cancel_while_the_change_is_sent_waits_for_its_outcome(harness: Harness) -> None:
    put_in_service(harness)
    gate = harness.telegent.gates.close(STATUS, "after")
    handle = await start(harness, "suspend")
    await gate.reached()

    await harness.temporal.get_workflow_handle(handle.id).cancel()
    await harness.cancel_delivered(handle.id)
    gate.release()
    result = await handle.result()

    assert result.line_state is LineState.SUSPENDED
    assert orders(harness, "park") == 1


async def test_stalled_change_shows_why_and_continues(harness: Harness) -> None:
    put_in_service(harness)
    harness.telegent.faults.add(Fault(match=STATUS, kind="error_before", status=503, times=3))
    handle = await start(harness, "suspend")

    [call] = await wait_until(handle.failing_calls, bool)

    assert call.activity == "suspend_line"
    assert "503" in call.description
    assert (await handle.result()).state is StepState.DONE


@pytest.mark.resilience
async def test_change_is_sent_once_when_the_worker_stops_during_it(temporal: Client) -> None:
    async with idle_harness(temporal, SimulatorOptions()) as harness:
        put_in_service(harness)
        async with harness.running_workers():
            gate = harness.telegent.gates.close(STATUS, "after")
            handle = await start(harness, "suspend")
            await gate.reached()
        async with harness.running_workers():
            assert (await handle.result()).line_state is LineState.SUSPENDED
        assert orders(harness, "park") == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"change": {"kind": "explode"}}, "kind"),
        ({"change": {}}, "kind"),
        ({"reason": ""}, "reason"),
        ({"reason": "…"}, "reason"),
        ({"phone_number": "801-555-0199"}, "phone_number"),
        ({"until": "tomorrow"}, "until"),
    ],
)
def test_invalid_request_is_rejected(changes: dict[str, object], why: str) -> None:
    values = change("suspend").model_dump() | changes
    with pytest.raises(ValidationError, match=why):
        type(change("suspend")).model_validate(values)
