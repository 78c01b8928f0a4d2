"""What an onboarding tells other services, and what it asks the vendor to tell us."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from temporalio.client import Client

from activities.events.delivery import EventSettings
from activities.settings import OrderUpdates
from simulator import CarrierRecord, Fault, SimulatorOptions
from telegent_orchestrator.events import EventType, verify_signature
from telegent_orchestrator.port_in import PortInCorrection, PortState
from tests.harness import SETTINGS, House, example_family, open_house
from tests.payloads import person, single
from tests.timeouts import PATIENCE
from tests.workflows.events.test_events import SECRET, Receiver

NUMBER = "+18015550142"
HOOK = OrderUpdates(url="https://mvno.example.com/telegent/order-update", token="hook-token")


@pytest_asyncio.fixture(loop_scope="session")
async def told(
    temporal: Client, options: SimulatorOptions
) -> AsyncIterator[tuple[House, Receiver]]:
    receiver = Receiver()
    async with receiver.listening():
        events = EventSettings(urls=(receiver.url,), secret=SECRET)
        async with open_house(temporal, options, replace(SETTINGS, events=events)) as house:
            yield house, receiver


def received_kinds(receiver: Receiver) -> Counter[str]:
    return Counter(one.event.type for one in receiver.received)


async def test_every_transition_is_told_once_and_signed(told: tuple[House, Receiver]) -> None:
    house, receiver = told
    house.telegent.carrier.set(NUMBER, CarrierRecord(account_number="100200301"))
    handle = await house.onboard(example_family())
    port = house.orchestrator.port_in(NUMBER)
    async for now in handle.watch():
        if now.ports and now.ports["partner-port"].state is PortState.ACTION_REQUIRED:
            await port.correct(PortInCorrection(account_number="100200301", by="desk"))
            break
    await handle.result()
    # They are sent side by side: the last one need not be the last to arrive.
    expected = {
        EventType.LINE_LIVE: 3,
        EventType.ONBOARDING_COMPLETED: 1,
        EventType.PORT_IN_ATTENTION_REQUIRED: 1,
    }
    async with asyncio.timeout(PATIENCE):
        while not expected.items() <= received_kinds(receiver).items():
            await asyncio.sleep(0.05)

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
        return replace(SETTINGS, order_updates=HOOK)

    @pytest.mark.parametrize("trouble", [False, True])
    async def test_the_account_has_our_webhook_once(self, house: House, trouble: bool) -> None:
        if trouble:
            house.telegent.faults.add(Fault(match="POST /v1.0/webhook/create", kind="lose"))
        first = await (await house.onboard(single(lines=[]))).result()
        again = single(
            "single-2",
            account={"account_id": first.account_id},
            subscribers=[person("one", email="other@example.com")],
            lines=[],
        )
        await (await house.onboard(again)).result()

        [hook] = house.telegent.ledger.of("webhook.created")
        assert "hook-token" not in str(hook.data)

    async def test_an_onboarding_does_not_need_it(self, house: House) -> None:
        house.telegent.faults.add(
            Fault(match="POST /v1.0/webhook/create", kind="error_before", status=400, times=9)
        )

        assert (await (await house.onboard(single())).result()).complete
