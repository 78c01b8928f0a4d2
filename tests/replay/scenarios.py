"""What is played, for a history of each way that a workflow can go."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

from temporalio.client import WorkflowFailureError

from activities import ActivitySettings
from activities.events import EventSettings
from simulator import CarrierRecord, Fault
from telegent_orchestrator.bulk import BulkCancel, BulkState
from telegent_orchestrator.client import (
    LineChangeClient,
    LineChangeSetClient,
    OnboardingIncompleteError,
    PortInHandle,
    ReconcileClient,
)
from telegent_orchestrator.client.bulk import BulkClient
from telegent_orchestrator.client.port_out import PortOutClient
from telegent_orchestrator.client.portability import PortabilityClient
from telegent_orchestrator.events import EVENT_DELIVERY_WORKFLOW
from telegent_orchestrator.line_change_sets import LineChangeSetRequest, LinesOf
from telegent_orchestrator.line_changes import LineChangeRequest, Restore, Suspend
from telegent_orchestrator.port_in import (
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from telegent_orchestrator.port_out import PortOutRequest, PortOutState
from telegent_orchestrator.portability import NumberToCheck
from telegent_orchestrator.progress import Resolution, ResolutionAction
from telegent_orchestrator.renewal_changes import RenewalChangeRequest
from telegent_orchestrator.request_allowance import ALLOWANCE_ID, SET_LIMIT_UPDATE, LimitCommand
from telegent_orchestrator.usage import USAGE_EVENTS_WORKFLOW
from tests.harness import SETTINGS, Harness, example_request
from tests.harness.bulk_customers import COMMAND, create_customers
from tests.harness.event_receiver import SECRET
from tests.harness.payloads import line, new_subscriber, port_in, single
from tests.harness.port_ins import attach, until
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from worker.schedules import USAGE, ensure_schedule
from worker.shared_rate_limiter import SharedRateLimiter, lease_from

NUMBER = "+18015550142"
CORRECTION = PortInCorrection(account_number="100200301", by="operator")


async def wait_for_state(port: PortInHandle, state: PortState) -> None:
    """Waits until a port-in is in a state."""
    await until(port, state)


async def start_port(harness: Harness) -> PortInHandle:
    """Starts a port-in by itself."""
    details = PortInDetails.model_validate(port_in(NUMBER))
    return await harness.orchestrator.start_port_in(PortInRequest(details=details))


async def family(harness: Harness) -> None:
    """The demo: a family, its port-in rejected and corrected by signal."""
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(account_number="100200301"))
    handle = await harness.onboard(example_request())
    async for now in handle.watch():
        port = now.ports.get("partner-port")
        if port and port.state is PortState.ACTION_REQUIRED:
            await harness.orchestrator.port_in(NUMBER).signal_correction(CORRECTION)
            break
    await handle.result()


async def lost_responses(harness: Harness) -> None:
    """The response of every create is lost once."""
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
        harness.telegent.faults.add(Fault(match=f"POST /v1.0/{path}", kind="drop_response"))
    await (await harness.onboard(example_request())).result()


async def operator_decision(harness: Harness) -> None:
    """The outcome of a purchase stays unknown, and an operator decides to retry it."""
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/provision", kind="error_before", times=2)
    )
    handle = await harness.onboard(single())
    async for now in handle.watch():
        if now.lines and now.lines["first"].escalations:
            break
    resolution = Resolution(
        step="Number", action=ResolutionAction.RETRY, by="operator", reason="it is back"
    )
    await handle.resolve(resolution, line="first")
    await handle.result()


async def second_run(harness: Harness) -> None:
    """A line fails, and a second run finishes it."""
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(eligible=False))
    request = single(
        subscribers=[new_subscriber("one"), new_subscriber("two")],
        lines=[line("first", "one"), line("ported", "two", number=port_in() | {"kind": "port_in"})],
    )
    try:
        await (await harness.onboard(request)).result()
    except OnboardingIncompleteError:
        harness.telegent.carrier.set_record(NUMBER, CarrierRecord())
    await (await harness.onboard(request)).result()


async def cancelled(harness: Harness) -> None:
    """A port-in is cancelled."""
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    port = await start_port(harness)
    await wait_for_state(port, PortState.SUBMITTED)
    await port.cancel(PortInCancel(by="operator", reason="the subscriber stays"))
    await port.result()


async def rolled_back(harness: Harness) -> None:
    """An onboarding is cancelled while its last filter is under way, and is rolled back."""
    hold = Fault(match="POST */message-filter", kind="delay_effect", seconds=1)
    harness.telegent.faults.add(hold)
    filters = {"call_filter": {"mode": "CHILD"}, "message_filter": {"mode": "ACTIVE"}}
    request = single(
        subscribers=[
            new_subscriber("mother", guardian=True),
            new_subscriber("child", guardian=True),
        ],
        relations=[{"parent": "mother", "child": "child"}],
        lines=[line("first", "child", **filters)],
    )
    handle = await harness.onboard(request)
    await wait_until(
        lambda: any("message-filter" in call.path for call in harness.telegent.requests)
    )
    await handle.cancel()
    with suppress(WorkflowFailureError):
        await handle.result()


async def order_attached(harness: Harness) -> None:
    """A submit is not answered; a person brings the order id."""
    harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind="drop_response"))
    port = await start_port(harness)
    await wait_for_state(port, PortState.SUBMIT_UNKNOWN)
    [submitted] = harness.telegent.ledger.by_kind("portin.submitted")
    await port.decide(attach(submitted.data["order_id"]))
    await port.result()


async def correction_response_lost(harness: Harness) -> None:
    """A correction stays unanswered and is sent again; nonsense arrives in between."""
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(account_number="100200301"))
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/portin/update", kind="error_before")
    )
    port = await start_port(harness)
    await wait_for_state(port, PortState.ACTION_REQUIRED)
    await harness.temporal.get_workflow_handle(port.id).signal("correct", "nonsense")
    await port.correct(CORRECTION)
    await port.result()


async def ported_out(harness: Harness) -> None:
    """A number leaves to another carrier."""
    result = await (await harness.onboard(single())).result()
    line_live = result.lines[0]
    number = line_live.phone_number or ""
    port_outs = PortOutClient(harness.temporal, id_key=harness.settings.id_key)
    request = PortOutRequest(
        phone_number=number,
        authentication_reference="auth-1",
        pin="739164",
        subscription_id=line_live.subscription_id,
        by="operator",
    )
    handle = await port_outs.start(request)
    async with asyncio.timeout(TEST_TIMEOUT):
        while (await handle.status()).state is not PortOutState.PIN_ISSUED:
            await asyncio.sleep(0.05)
    harness.telegent.complete_port_out(number, "739164")
    await handle.result()


async def line_suspended(harness: Harness) -> None:
    """A line is suspended, which an operator confirms, and restored; it is read back each time."""
    result = await (await harness.onboard(single())).result()
    number = result.lines[0].phone_number or ""
    changes = LineChangeClient(harness.temporal, id_key=harness.settings.id_key)
    who = {"by": "operator", "reason": "the invoice"}
    held = harness.telegent.gates.close("POST /v1.0/numbers/status", "after")
    suspend = await changes.start(
        LineChangeRequest(phone_number=number, change=Suspend(kind="suspend"), **who)
    )
    await held.reached()
    harness.telegent.state.numbers[number].status = "Active"
    held.release()
    await wait_until(suspend.status, lambda status: bool(status.escalations))
    await suspend.resolve(
        Resolution(step="Status", action=ResolutionAction.RETRY, by="operator", reason="again")
    )
    await suspend.result()
    restore = await changes.start(
        LineChangeRequest(phone_number=number, change=Restore(kind="restore"), **who)
    )
    await restore.result()


async def lines_changed(harness: Harness) -> None:
    """The lines of an account are suspended and restored at once; what has changed is compared."""
    result = await (await harness.onboard(single())).result()
    sets = LineChangeSetClient(harness.temporal, id_key=harness.settings.id_key)
    of_account = LinesOf(account_id=result.account_id)
    for kind in ("suspend", "restore"):
        request = {"reference": f"{harness.settings.id_key}-{kind}", "change": {"kind": kind}}
        who = {"by": "operator", "reason": "the invoice"}
        wanted = LineChangeSetRequest.model_validate(
            request | who | {"lines_of": of_account.model_dump()}
        )
        await (await sets.start(wanted)).result()
    await (await ReconcileClient(harness.temporal).start()).result()


async def renewal_awaited(harness: Harness) -> None:
    """A plan that waits for the renewal of its line is cancelled."""
    result = await (await harness.onboard(single())).result()
    plan = {"kind": "plan", "package_id": result.package_ids["plan"]}
    line = {"phone_number": result.lines[0].phone_number, "renewal_day": 31}
    who = {"by": "operator", "reason": "a bigger plan"}
    request = RenewalChangeRequest.model_validate({"change": plan} | line | who)
    changes = LineChangeClient(harness.temporal, id_key=harness.settings.id_key)
    waiting = await changes.start_at_renewal(request)
    await wait_until(waiting.status, lambda status: status.steps[1].detail.startswith("due "))
    await waiting.cancel()
    with suppress(WorkflowFailureError):
        await waiting.result()


async def usage_read(harness: Harness) -> None:
    """A number has reached a threshold in a reading that the schedule starts."""
    result = await (await harness.onboard(single())).result()
    harness.telegent.use_data(result.lines[0].phone_number or "", 19)
    await ensure_schedule(harness.temporal, USAGE, "30 3 * * *", ZoneInfo("UTC"))
    schedule = harness.temporal.get_schedule_handle(USAGE.schedule_id)
    await schedule.trigger()
    sent = f"WorkflowType = '{USAGE_EVENTS_WORKFLOW}' AND ExecutionStatus = 'Completed'"
    await wait_until(lambda: harness.temporal.count_workflows(sent), lambda found: found.count == 1)
    await schedule.delete()


async def events_undelivered(harness: Harness) -> None:
    """A port-in is cancelled while a receiver of events is away."""
    await cancelled(harness)


async def events_delivered(harness: Harness) -> None:
    """A port-in is cancelled, and a receiver takes the events."""
    await cancelled(harness)
    async with asyncio.timeout(TEST_TIMEOUT):
        while (await harness.temporal.count_workflows(OPEN_DELIVERIES)).count:
            await asyncio.sleep(0.05)


async def bulk_migrated(harness: Harness) -> None:
    """A bulk: a row is done already, two fail and are started again; it is paused in between."""
    some = await create_customers(harness)
    rows = some.rows(4)[1:]
    await (await harness.orchestrator.start_onboarding(rows[0].onboarding)).result()
    # Each of two rows creates again once, because a rejected create may have succeeded before.
    refuse = Fault(match="POST /v1.0/subscribers/create", kind="error_before", status=400, times=4)
    harness.telegent.faults.add(refuse)
    harness.telegent.faults.add(refuse.model_copy(update={"kind": "delay_effect", "times": 9}))
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    bulk = await bulks.start(some.reference("bulk"), rows, by="operator", window=2)
    await bulk.pause(COMMAND)
    await bulk.resume(COMMAND)
    async with asyncio.timeout(TEST_TIMEOUT):
        while (await bulk.status()).state is not BulkState.NEEDS_OPERATOR:
            await asyncio.sleep(0.05)
    await bulk.retry(COMMAND)
    await bulk.result()


async def bulk_cancelled(harness: Harness) -> None:
    """A bulk is cancelled, with the rows that run."""
    some = await create_customers(harness)
    hold = Fault(match="POST /v1.0/subscribers/create", kind="delay_effect", seconds=2, times=9)
    harness.telegent.faults.add(hold)
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    rows = some.rows(3)[1:]
    bulk = await bulks.start(some.reference("bulk"), rows, by="operator", window=1)
    async with asyncio.timeout(TEST_TIMEOUT):
        while not (await bulk.status()).counts.running:
            await asyncio.sleep(0.05)
    await bulk.cancel(BulkCancel(by="operator", reason="the wrong file", cancel_running=True))
    await bulk.result()


async def portability_checked(harness: Harness) -> None:
    """Numbers are checked: more than at once, one is not portable, one question is refused."""
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(eligible=False))
    refuse = Fault(match="POST /v1.0/numbers/portin/eligibility", kind="error_before", status=400)
    harness.telegent.faults.add(refuse)
    others = [NumberToCheck(phone_number=f"+1801555015{at}") for at in range(6)]
    client = PortabilityClient(harness.temporal, id_key=harness.settings.id_key)
    async for _ in client.check([*others, NumberToCheck(phone_number=NUMBER)]):
        pass


async def planned(harness: Harness) -> None:
    """A request is planned before it exists, and after a run that has failed."""
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(eligible=False))
    request = single(
        f"{harness.settings.id_key}-planned",
        subscribers=[new_subscriber("one"), new_subscriber("two")],
        lines=[line("first", "one"), line("ported", "two", number=port_in() | {"kind": "port_in"})],
    )
    await harness.orchestrator.plan(request)
    handle = await harness.orchestrator.start_onboarding(request)
    with suppress(OnboardingIncompleteError):
        await handle.result()
    await harness.orchestrator.plan(request)


async def requests_shared(harness: Harness) -> None:
    """A worker sends requests, an operator changes the limit, and the worker returns permits."""
    limiter = SharedRateLimiter(lease_from(harness.temporal), 50)
    for _ in range(3):
        (await limiter.acquire()).settle()
    handle = harness.temporal.get_workflow_handle(ALLOWANCE_ID)
    command = LimitCommand(requests_per_minute=100, by="operator")
    await handle.execute_update(SET_LIMIT_UPDATE, command)
    (await limiter.acquire()).settle()
    await limiter.close()


Scenario = Callable[[Harness], Awaitable[None]]
SCENARIOS: tuple[Scenario, ...] = (
    family,
    lost_responses,
    operator_decision,
    second_run,
    cancelled,
    rolled_back,
    order_attached,
    correction_response_lost,
    ported_out,
    line_suspended,
    lines_changed,
    renewal_awaited,
    bulk_migrated,
    bulk_cancelled,
    portability_checked,
    planned,
    usage_read,
    events_undelivered,
    events_delivered,
    requests_shared,
)
UNREACHABLE_URL = "http://127.0.0.1:9/away"
OPEN_DELIVERIES = f"WorkflowType = '{EVENT_DELIVERY_WORKFLOW}' AND ExecutionStatus = 'Running'"


def events_to(url: str) -> ActivitySettings:
    """The usual settings, and a receiver of events."""
    return replace(SETTINGS, events=EventSettings(urls=(url,), secret=SECRET))
