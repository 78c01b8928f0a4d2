"""Each state of a port-out sends an event, without the PIN."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowFailureError

from activities.events import EventSettings
from simulator import Fault, SimulatorOptions
from telegent_orchestrator.client.port_out import PortOutClient, PortOutHandle
from telegent_orchestrator.port_out import ConfirmDeparture, PortOutRequest, PortOutState
from tests.harness import SETTINGS, Harness, idle_harness, running_harness
from tests.harness.event_receiver import SECRET, Receiver
from tests.harness.line_changes import NUMBER, put_in_service
from tests.harness.waiting import wait_until

PIN = "918274"
SET_PIN = "POST /v1.0/numbers/portout"
TYPES = "com.telegent-orchestrator.port-out."


@pytest_asyncio.fixture(loop_scope="session")
async def delivering(
    temporal: Client, options: SimulatorOptions
) -> AsyncIterator[tuple[Harness, Receiver]]:
    receiver = Receiver()
    async with receiver.listening():
        events = EventSettings(urls=(receiver.url,), secret=SECRET)
        settings = replace(SETTINGS, events=events)
        async with running_harness(temporal, options, settings) as harness:
            put_in_service(harness)
            yield harness, receiver


async def start(harness: Harness, **changes: object) -> PortOutHandle:
    values = {"phone_number": NUMBER, "authentication_reference": "call-1", "by": "operator"}
    request = PortOutRequest.model_validate(values | changes)
    return await PortOutClient(harness.temporal, id_key=harness.settings.id_key).start(request)


def sent(receiver: Receiver) -> list[tuple[str, str]]:
    """Type and state of each event, in the order in which they happened."""
    events = {one.event.id: one.event for one in receiver.received}
    in_order = sorted(events.values(), key=lambda event: event.sequence)
    return [(event.type.removeprefix(TYPES), event.data.state) for event in in_order]


async def until_issued(handle: PortOutHandle) -> None:
    await wait_until(handle.status, lambda status: status.state is PortOutState.PIN_ISSUED)


async def test_each_state_sends_an_event_without_the_pin(
    delivering: tuple[Harness, Receiver],
) -> None:
    harness, receiver = delivering
    handle = await start(harness, pin=PIN)
    await until_issued(handle)
    harness.telegent.complete_port_out(NUMBER, PIN)
    await handle.result()

    await receiver.has_events(5)
    states = ["CHECKING", "ISSUING", "PIN_ISSUED", "PORTED_OUT", "COMPLETED"]
    assert sent(receiver) == [("changed", state) for state in states]
    assert not any(PIN.encode() in one.body for one in receiver.received)
    assert not any(NUMBER.encode() in one.body for one in receiver.received)


async def test_cancelled_port_out_sends_an_event(delivering: tuple[Harness, Receiver]) -> None:
    harness, receiver = delivering
    handle = await start(harness)
    await until_issued(handle)
    await harness.temporal.get_workflow_handle(handle.id).cancel()
    result = await handle.result()

    await receiver.has_events(5)
    assert result.state is PortOutState.CANCELLED
    assert sent(receiver)[3:] == [("changed", "CANCEL_REQUESTED"), ("changed", "CANCELLED")]


async def test_unclear_status_requires_attention(delivering: tuple[Harness, Receiver]) -> None:
    harness, receiver = delivering
    handle = await start(harness)
    await until_issued(handle)
    harness.telegent.state.numbers[NUMBER].status = "Inactive"

    await wait_until(lambda: ("attention-required", "PIN_ISSUED") in sent(receiver))
    attention = [one for one in receiver.received if b"attention" in one.body]
    assert "Inactive" in (attention[0].event.data.step or "")
    await handle.confirm_departure(ConfirmDeparture(by="operator", reason="it has left"))
    assert (await handle.result()).state is PortOutState.COMPLETED


async def test_rejected_pin_sends_a_failure(delivering: tuple[Harness, Receiver]) -> None:
    harness, receiver = delivering
    harness.telegent.faults.add(Fault(match=SET_PIN, kind="error_before", status=400))
    handle = await start(harness)

    with pytest.raises(WorkflowFailureError):
        await handle.result()

    await wait_until(lambda: ("failed", "ISSUING") in sent(receiver))


async def test_cancel_while_the_first_event_is_sent_is_a_cancel_of_the_port_out(
    temporal: Client, options: SimulatorOptions
) -> None:
    async with idle_harness(temporal, options) as harness:
        put_in_service(harness)
        handle = await start(harness)
        # Before any worker runs, so that the first task has both the start and the cancel.
        await harness.temporal.get_workflow_handle(handle.id).cancel()
        async with harness.running_workers():
            result = await handle.result()

    assert result.state is PortOutState.CANCELLED
    assert harness.telegent.ledger.count("portout.set") == 0
