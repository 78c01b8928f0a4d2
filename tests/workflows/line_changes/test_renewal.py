"""A plan changes at the renewal, judged by the simulator's ledger. Until then the line is free."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import is_cancelled_exception

from activities import ActivitySettings
from activities.events import EventSettings
from simulator import ManualClock, Simulator, SimulatorOptions
from telegent_orchestrator.client import (
    LineChangeFailedError,
    LineChangeHandle,
    Orchestrator,
    PortOutClient,
    RequestConflictError,
)
from telegent_orchestrator.events import EventType
from telegent_orchestrator.line_changes import LineChangeStatus, LineState
from telegent_orchestrator.port_out import PortOutCancel, PortOutRequest, PortOutState
from telegent_orchestrator.progress import Resolution, ResolutionAction, StepState
from telegent_orchestrator.renewal_changes import RenewalChangeRequest
from tests.harness import SETTINGS, Harness, idle_harness
from tests.harness.event_receiver import SECRET, Receiver
from tests.harness.line_changes import STATUS, change, line_changes, live_line, orders
from tests.harness.payloads import single
from tests.harness.time_skipping import DAY, ClockSync, time_skipper
from tests.harness.waiting import wait_until

BIGGER = "PID-bigger"
IN_TEN_DAYS = (datetime.now(UTC) + timedelta(days=10)).day
WAITING = "due "


async def planned_line(harness: Harness) -> str:
    line = await live_line(harness, single())
    world = harness.telegent.state
    [package] = world.packages.values()
    world.packages[BIGGER] = package | {"PackageId": BIGGER, "PackageName": "Bigger"}
    return line.number


def request(number: str, **values: Any) -> RenewalChangeRequest:
    plan = {"kind": "plan", "package_id": values.pop("package_id", BIGGER)}
    given = {"phone_number": number, "change": plan, "renewal_day": IN_TEN_DAYS}
    who = {"by": "operator", "reason": "a bigger plan"}
    return RenewalChangeRequest.model_validate(given | who | values)


async def waiting(harness: Harness, number: str) -> LineChangeHandle:
    """A change that waits for the renewal."""
    handle = await line_changes(harness).start_at_renewal(request(number))
    await wait_until(handle.status, is_waiting)
    return handle


def is_waiting(status: LineChangeStatus) -> bool:
    return any(step.detail.startswith(WAITING) for step in status.steps)


def port_outs(harness: Harness) -> PortOutClient:
    return PortOutClient(harness.temporal, id_key=harness.settings.id_key)


def leaving(number: str) -> PortOutRequest:
    return PortOutRequest(phone_number=number, authentication_reference="call-1", by="operator")


@asynccontextmanager
async def skipping_harness(temporal: Client, **settings: Any) -> AsyncIterator[Harness]:
    """A harness that skips the waiting, with a simulator whose clock keeps in step."""
    step = ClockSync(ManualClock())
    options = SimulatorOptions(token_ttl=90 * DAY)
    simulator = Simulator(options, clock=step.clock)
    skipping = await time_skipper(temporal, step)
    async with simulator.serve() as url:
        mine = uuid4().hex[:8]
        orchestrator = Orchestrator(skipping.client, id_key=mine)
        given = ActivitySettings(id_key=mine, **settings)
        harness = Harness(skipping.client, simulator, orchestrator, given, url)
        async with harness.running_workers():
            yield harness


async def test_plan_changes_when_the_line_has_renewed(temporal: Client) -> None:
    async with skipping_harness(temporal) as harness:
        number = await planned_line(harness)
        handle = await line_changes(harness).start_at_renewal(request(number))
        result = await handle.result()
        status = await handle.status()

    assert (result.state, result.changed) == (StepState.DONE, True)
    [updated] = harness.telegent.ledger.by_kind("subscription.updated")
    assert updated.data["fields"] == ["PackageId"]
    assert status.due_at is not None
    assert timedelta(0) <= updated.time - status.due_at < timedelta(hours=1)
    assert status.due_at.astimezone(harness.settings.time_zone).hour == 12


async def open_suspend(harness: Harness, number: str) -> LineChangeHandle:
    """A line change that needs an operator."""
    gate = harness.telegent.gates.close(STATUS, "after")
    suspend = await line_changes(harness).start(change("suspend", number))
    await gate.reached()
    harness.telegent.state.numbers[number].status = "Active"
    gate.release()
    await wait_until(suspend.status, lambda status: bool(status.escalations))
    return suspend


def awaits_another(status: LineChangeStatus) -> bool:
    return "another change of this line" in status.steps[-1].detail


async def test_change_that_is_cancelled_while_it_awaits_another_sends_the_event(
    temporal: Client,
) -> None:
    receiver = Receiver()
    async with (
        receiver.listening(),
        skipping_harness(
            temporal, events=EventSettings(urls=(receiver.url,), secret=SECRET)
        ) as harness,
    ):
        number = await planned_line(harness)
        await open_suspend(harness, number)
        handle = await line_changes(harness).start_at_renewal(request(number))
        await wait_until(handle.status, awaits_another)

        await handle.cancel()

        with pytest.raises(WorkflowFailureError):
            await handle.result()
        await wait_until(
            lambda: (
                [one.event.type for one in receiver.received if one.event.subject == handle.id]
                == [EventType.LINE_CHANGE_FAILED]
            )
        )


async def test_open_change_at_the_renewal_is_awaited(temporal: Client) -> None:
    async with skipping_harness(temporal) as harness:
        number = await planned_line(harness)
        suspend = await open_suspend(harness, number)
        handle = await line_changes(harness).start_at_renewal(request(number))
        await wait_until(handle.status, awaits_another)
        updates_before = harness.telegent.ledger.count("subscription.updated")
        await suspend.resolve(
            Resolution(step="Status", action=ResolutionAction.ABANDON, by="operator", reason="no")
        )
        with pytest.raises(LineChangeFailedError):
            await suspend.result()
        result = await handle.result()

    assert updates_before == 0
    assert result.state is StepState.DONE
    assert harness.telegent.ledger.count("subscription.updated") == 1


async def test_port_out_that_is_open_at_the_renewal_excludes_the_change(
    temporal: Client,
) -> None:
    async with skipping_harness(temporal, port_out_poll=timedelta(days=1)) as harness:
        number = await planned_line(harness)
        port_out = await port_outs(harness).start(leaving(number))
        handle = await line_changes(harness).start_at_renewal(request(number))

        with pytest.raises(LineChangeFailedError, match=r"a port-out .* is open") as failed:
            await handle.result()
        await port_out.cancel(PortOutCancel(by="operator", reason="stays"))

    assert failed.value.result.phone_number == number
    assert harness.telegent.ledger.count("subscription.updated") == 0


async def test_waiting_change_leaves_the_line_free_and_can_be_cancelled(harness: Harness) -> None:
    number = await planned_line(harness)
    handle = await waiting(harness, number)

    suspended = await (await line_changes(harness).start(change("suspend", number))).result()
    restored = await (await line_changes(harness).start(change("restore", number))).result()
    port_out = await port_outs(harness).start(leaving(number))
    await wait_until(port_out.status, lambda status: status.state is PortOutState.PIN_ISSUED)
    await port_out.cancel(PortOutCancel(by="operator", reason="stays"))
    await handle.cancel(reason="shop: the subscriber stays")
    with pytest.raises(WorkflowFailureError) as ended:
        await handle.result()
    status = await handle.status()

    assert suspended.line_state is LineState.SUSPENDED
    assert restored.line_state is LineState.ACTIVE
    assert orders(harness, "park") == 1
    assert is_cancelled_exception(ended.value.cause)
    assert status.detail == "cancelled: shop: the subscriber stays"
    assert harness.telegent.ledger.count("subscription.updated") == 0


async def test_waiting_change_continues_on_another_worker(
    temporal: Client, options: SimulatorOptions
) -> None:
    async with idle_harness(temporal, options, SETTINGS) as harness:
        async with harness.running_workers():
            number = await planned_line(harness)
            handle = await waiting(harness, number)
            before = await handle.status()
        async with harness.running_workers():
            after = await handle.status()
            await handle.cancel()
            with pytest.raises(WorkflowFailureError):
                await handle.result()

    assert before.due_at is not None
    assert before.due_at > datetime.now(UTC) + timedelta(days=5)
    assert after == before


async def test_other_waiting_change_of_the_line_is_rejected(harness: Harness) -> None:
    number = await planned_line(harness)
    handle = await waiting(harness, number)

    joined = await line_changes(harness).start_at_renewal(request(number))
    with pytest.raises(RequestConflictError):
        await line_changes(harness).start_at_renewal(
            request(number, renewal_day=IN_TEN_DAYS % 28 + 1)
        )

    assert (joined.id, joined.joined) == (handle.id, True)


@pytest.mark.parametrize("missing", ["package", "subscription", "number"])
async def test_what_would_fail_at_the_renewal_fails_at_once(harness: Harness, missing: str) -> None:
    number = await planned_line(harness)
    package = BIGGER
    if missing == "package":
        package, why = "PID-none", "does not know package PID-none"
    elif missing == "subscription":
        harness.telegent.state.subscriptions.clear()
        why = "no active subscription"
    else:
        number, why = "+18015550199", "404"
    handle = await line_changes(harness).start_at_renewal(request(number, package_id=package))

    with pytest.raises(LineChangeFailedError, match=why):
        await handle.result()

    assert harness.telegent.ledger.count("subscription.updated") == 0


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"renewal_day": 32}, "less than or equal to 31"),
        ({"change": {"kind": "suspend"}}, "plan"),
    ],
)
def test_invalid_request_is_rejected(values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        request("+18015550142", **values)
