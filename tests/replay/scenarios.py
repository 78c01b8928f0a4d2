"""What is played, for a history of each way that a workflow can go."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from temporalio.client import WorkflowFailureError

from activities import ActivitySettings
from activities.events.delivery import EventSettings
from simulator import CarrierRecord, Fault
from telegent_orchestrator.bulk import BulkCancel, BulkState
from telegent_orchestrator.client import OnboardingIncompleteError, PortInHandle
from telegent_orchestrator.client.bulk import Bulks
from telegent_orchestrator.client.port_out import PortOuts
from telegent_orchestrator.events import EVENT_DELIVERY_WORKFLOW
from telegent_orchestrator.port_in import (
    AttachOrder,
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from telegent_orchestrator.port_out import PortOutRequest, PortOutState
from telegent_orchestrator.progress import Answer, Resolution
from tests.harness import SETTINGS, House, example_family
from tests.payloads import line, person, port_in, single
from tests.timeouts import PATIENCE
from tests.workflows.bulk.customers import BY, customers
from tests.workflows.events.test_events import SECRET

NUMBER = "+18015550142"
CORRECTION = PortInCorrection(account_number="100200301", by="desk")


async def until(port: PortInHandle, state: PortState) -> None:
    """Waits until a port-in is in a state."""
    async with asyncio.timeout(PATIENCE):
        while (await port.status()).state is not state:
            await asyncio.sleep(0.05)


async def start_port(house: House) -> PortInHandle:
    """Starts a port-in by itself."""
    details = PortInDetails.model_validate(port_in(NUMBER))
    return await house.orchestrator.start_port_in(PortInRequest(details=details))


async def family(house: House) -> None:
    """The demo: a family, its port-in rejected and corrected by signal."""
    house.telegent.carrier.set(NUMBER, CarrierRecord(account_number="100200301"))
    handle = await house.onboard(example_family())
    async for now in handle.watch():
        port = now.ports.get("partner-port")
        if port and port.state is PortState.ACTION_REQUIRED:
            await house.orchestrator.port_in(NUMBER).signal_correction(CORRECTION)
            break
    await handle.result()


async def lost_answers(house: House) -> None:
    """Every create loses its answer once."""
    for path in (
        "account/create",
        "subscribers/create",
        "message/routes",
        "voice/routes",
        "products",
        "packages",
        "numbers/provision",
        "subscriptions",
        "subscribers/guardians/relation",
        "subscribers/call-filter",
        "subscribers/message-filter",
    ):
        house.telegent.faults.add(Fault(match=f"POST /v1.0/{path}", kind="lose"))
    await (await house.onboard(example_family())).result()


async def asked_a_person(house: House) -> None:
    """A purchase stays unanswered, and a person says: retry."""
    house.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/provision", kind="error_before", times=2)
    )
    handle = await house.onboard(single())
    async for now in handle.watch():
        if now.lines and now.lines["first"].questions:
            break
    answer = Resolution(step="Number", answer=Answer.RETRY, by="desk", reason="it is back")
    await handle.resolve(answer, line="first")
    await handle.result()


async def second_run(house: House) -> None:
    """A line fails, and a second run finishes it."""
    house.telegent.carrier.set(NUMBER, CarrierRecord(eligible=False))
    request = single(
        subscribers=[person("one"), person("two")],
        lines=[line("first", "one"), line("ported", "two", number=port_in() | {"kind": "port_in"})],
    )
    try:
        await (await house.onboard(request)).result()
    except OnboardingIncompleteError:
        house.telegent.carrier.set(NUMBER, CarrierRecord())
    await (await house.onboard(request)).result()


async def cancelled(house: House) -> None:
    """A port-in is cancelled."""
    house.telegent.carrier.set(NUMBER, CarrierRecord(script="silent"))
    port = await start_port(house)
    await until(port, PortState.SUBMITTED)
    await port.cancel(PortInCancel(by="desk", reason="the subscriber stays"))
    await port.result()


async def taken_back(house: House) -> None:
    """An onboarding is cancelled while its last filter is under way; all of it is taken back."""
    hold = Fault(match="POST */message-filter", kind="slow_before", seconds=1)
    house.telegent.faults.add(hold)
    filters = {"call_filter": {"mode": "CHILD"}, "message_filter": {"mode": "ACTIVE"}}
    request = single(
        subscribers=[person("mother", guardian=True), person("child", guardian=True)],
        relations=[{"parent": "mother", "child": "child"}],
        lines=[line("first", "child", **filters)],
    )
    handle = await house.onboard(request)
    async with asyncio.timeout(PATIENCE):
        while not any("message-filter" in call.path for call in house.telegent.requests):
            await asyncio.sleep(0.05)
    await handle.cancel()
    with suppress(WorkflowFailureError):
        await handle.result()


async def order_attached(house: House) -> None:
    """A submit is not answered; a person brings the order id."""
    house.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind="lose"))
    port = await start_port(house)
    await until(port, PortState.SUBMIT_UNKNOWN)
    [submitted] = house.telegent.ledger.of("portin.submitted")
    order = AttachOrder(order_id=submitted.data["order_id"], by="desk", reason="support told us")
    await port.attach_order(order)
    await port.result()


async def correction_unanswered(house: House) -> None:
    """A correction stays unanswered and is sent again; nonsense arrives in between."""
    house.telegent.carrier.set(NUMBER, CarrierRecord(account_number="100200301"))
    house.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin/update", kind="error_before"))
    port = await start_port(house)
    await until(port, PortState.ACTION_REQUIRED)
    await house.temporal.get_workflow_handle(port.id).signal("correct", "nonsense")
    await port.correct(CORRECTION)
    await port.result()


async def left(house: House) -> None:
    """A number leaves to another carrier."""
    result = await (await house.onboard(single())).result()
    line_live = result.lines[0]
    number = line_live.phone_number or ""
    port_outs = PortOuts(house.temporal, id_key=house.settings.id_key)
    request = PortOutRequest(
        phone_number=number,
        authentication_reference="auth-1",
        pin="739164",
        subscription_id=line_live.subscription_id,
        by="desk",
    )
    handle = await port_outs.start(request)
    async with asyncio.timeout(PATIENCE):
        while (await handle.status()).state is not PortOutState.PIN_ISSUED:
            await asyncio.sleep(0.05)
    house.telegent.leave(number, "739164")
    await handle.result()


async def told(house: House) -> None:
    """A port-in is cancelled while a receiver of events is away."""
    await cancelled(house)


async def delivered(house: House) -> None:
    """A port-in is cancelled, and a receiver takes the events."""
    await cancelled(house)
    async with asyncio.timeout(PATIENCE):
        while (await house.temporal.count_workflows(OPEN_DELIVERIES)).count:
            await asyncio.sleep(0.05)


async def migrated(house: House) -> None:
    """A bulk: a row is done already, one fails and is started again; it is paused in between."""
    some = await customers(house)
    rows = some.rows(4)[1:]
    await (await house.orchestrator.start_onboarding(rows[0].onboarding)).result()
    refuse = Fault(match="POST /v1.0/subscribers/create", kind="error_before", status=400)
    house.telegent.faults.add(refuse)
    house.telegent.faults.add(refuse.model_copy(update={"kind": "slow_before", "times": 9}))
    bulks = Bulks(house.temporal, id_key=house.settings.id_key)
    bulk = await bulks.start(some.reference("bulk"), rows, by="desk", window=2)
    await bulk.pause(BY)
    await bulk.resume(BY)
    async with asyncio.timeout(PATIENCE):
        while (await bulk.status()).state is not BulkState.NEEDS_PERSON:
            await asyncio.sleep(0.05)
    await bulk.retry(BY)
    await bulk.result()


async def stopped(house: House) -> None:
    """A bulk is cancelled, with the rows that run."""
    some = await customers(house)
    hold = Fault(match="POST /v1.0/subscribers/create", kind="slow_before", seconds=2, times=9)
    house.telegent.faults.add(hold)
    bulks = Bulks(house.temporal, id_key=house.settings.id_key)
    rows = some.rows(3)[1:]
    bulk = await bulks.start(some.reference("bulk"), rows, by="desk", window=1)
    async with asyncio.timeout(PATIENCE):
        while not (await bulk.status()).counts.running:
            await asyncio.sleep(0.05)
    await bulk.cancel(BulkCancel(by="desk", reason="the wrong file", running_too=True))
    await bulk.result()


Scenario = Callable[[House], Awaitable[None]]
SCENARIOS: tuple[Scenario, ...] = (
    family,
    lost_answers,
    asked_a_person,
    second_run,
    cancelled,
    taken_back,
    order_attached,
    correction_unanswered,
    left,
    migrated,
    stopped,
    told,
    delivered,
)
AWAY = "http://127.0.0.1:9/away"
OPEN_DELIVERIES = f"WorkflowType = '{EVENT_DELIVERY_WORKFLOW}' AND ExecutionStatus = 'Running'"


def events_to(url: str) -> ActivitySettings:
    """The usual settings, and a receiver of events."""
    return replace(SETTINGS, events=EventSettings(urls=(url,), secret=SECRET))
