"""What an onboarding tells other services, and what it asks the vendor to tell us."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from temporalio.client import Client

from activities.events import EventSettings
from activities.settings import OrderWebhook
from simulator import CarrierRecord, Fault, SimulatorOptions
from telegent_orchestrator.events import EventType, verify_signature
from telegent_orchestrator.port_in import PortInCorrection, PortState
from tests.harness import SETTINGS, Harness, example_request, running_harness
from tests.harness.event_receiver import SECRET, Receiver
from tests.harness.payloads import new_subscriber, single
from tests.harness.waiting import wait_until

NUMBER = "+18015550142"
HOOK = OrderWebhook(url="https://mvno.example.com/telegent/order-update", token="hook-token")


@pytest_asyncio.fixture(loop_scope="session")
async def delivering(
    temporal: Client, options: SimulatorOptions
) -> AsyncIterator[tuple[Harness, Receiver]]:
    receiver = Receiver()
    async with receiver.listening():
        events = EventSettings(urls=(receiver.url,), secret=SECRET)
        async with running_harness(temporal, options, replace(SETTINGS, events=events)) as harness:
            yield harness, receiver


def received_kinds(receiver: Receiver) -> Counter[str]:
    return Counter(one.event.type for one in receiver.received)


async def test_each_transition_is_delivered_once_and_signed(
    delivering: tuple[Harness, Receiver],
) -> None:
    harness, receiver = delivering
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(account_number="100200301"))
    handle = await harness.onboard(example_request())
    port = harness.orchestrator.port_in(NUMBER)
    async for now in handle.watch():
        if now.ports and now.ports["partner-port"].state is PortState.ACTION_REQUIRED:
            await port.correct(PortInCorrection(account_number="100200301", by="operator"))
            break
    await handle.result()
    # They are sent side by side: the last one need not be the last to arrive.
    expected = {
        EventType.LINE_IN_SERVICE: 3,
        EventType.ONBOARDING_COMPLETED: 1,
        EventType.PORT_IN_ATTENTION_REQUIRED: 1,
    }
    await wait_until(lambda: expected.items() <= received_kinds(receiver).items())

    for one in receiver.received:
        verify_signature(SECRET, one.headers, one.body)
    assert len({one.event.id for one in receiver.received}) == len(receiver.received)
    assert expected.items() <= received_kinds(receiver).items()
    [attention] = [
        one.event.data
        for one in receiver.received
        if one.event.type == EventType.PORT_IN_ATTENTION_REQUIRED
    ]
    assert attention.reason == "ACCOUNT_NUMBER"
    assert attention.fields_to_correct == ["account_number"]
    assert attention.remedy
    assert attention.deadline
    everything = b"".join(one.body for one in receiver.received).decode()
    for private in (NUMBER, "100200300", "482913", "example.com", "Partner"):
        assert private not in everything


class TestWithAWebhook:
    @pytest.fixture
    def settings(self) -> object:
        return replace(SETTINGS, order_webhook=HOOK)

    @pytest.mark.parametrize("faulty", [False, True])
    async def test_account_gets_one_order_webhook(self, harness: Harness, faulty: bool) -> None:
        if faulty:
            harness.telegent.faults.add(
                Fault(match="POST /v1.0/webhook/create", kind="drop_response")
            )
        first = await (await harness.onboard(single(lines=[]))).result()
        again = single(
            "single-2",
            account={"account_id": first.account_id},
            subscribers=[new_subscriber("one", email="other@example.com")],
            lines=[],
        )
        await (await harness.onboard(again)).result()

        [hook] = harness.telegent.ledger.by_kind("webhook.created")
        assert "hook-token" not in str(hook.data)

    async def test_onboarding_completes_without_the_webhook(self, harness: Harness) -> None:
        harness.telegent.faults.add(
            Fault(match="POST /v1.0/webhook/create", kind="error_before", status=400, times=9)
        )

        assert (await (await harness.onboard(single())).result()).complete
