"""Numbers of lines are swapped once, and what belongs to them follows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.client import WorkflowFailureError

from simulator import Fault, SimulatorOptions
from simulator.engine.faults import FaultKind
from simulator.engine.state import Number
from telegent_orchestrator.client import LineChangeFailedError, LineChangeHandle
from telegent_orchestrator.line_changes import LineChangeResult
from telegent_orchestrator.progress import Resolution, ResolutionAction, StepState
from tests.harness import SETTINGS, Harness
from tests.harness.details_pages import read_details_page
from tests.harness.line_changes import STATUS, change, line_changes, live_line, orders
from tests.harness.payloads import line, new_subscriber, single
from tests.harness.tiers import sampled
from tests.harness.waiting import wait_until

AUTHENTICATED = {"authentication_reference": "call-4711"}
BLOCKED = "+18015550199"
LOST: tuple[FaultKind, ...] = ("drop_response", "error_after", "broken_json")
NOT_EXECUTED: tuple[FaultKind, ...] = ("error_before", "429", "refuse_connection")
EVERY_SWAP = [
    SimulatorOptions(number_swap="same"),
    SimulatorOptions(number_swap="follows"),
    SimulatorOptions(number_swap="new", status_change_delay=0.3),
]


async def filtered_line(harness: Harness) -> Number:
    filtered = line(
        "first",
        "one",
        call_filter={"mode": "BLACKLIST", "blocked_numbers": [BLOCKED]},
        message_filter={"custom_keywords": ["prize"], "blocked_contacts": [BLOCKED]},
    )
    subscriber = new_subscriber("one", guardian=True)
    request = single(subscribers=[subscriber], lines=[filtered])
    return await live_line(harness, request)


async def begin(harness: Harness, number: str, **values: Any) -> LineChangeHandle:
    return await line_changes(harness).start(change("number", number, **(AUTHENTICATED | values)))


async def swap(harness: Harness, number: str, **values: Any) -> LineChangeResult:
    return await (await begin(harness, number, **values)).result()


def followed(harness: Harness, number: Number, subscriber_id: str | None) -> bool:
    """Whether subscriber, subscription and both filters are those of the number."""
    world = harness.telegent.state
    [subscription] = world.subscriptions.values()
    return (
        number.subscriber_id == subscriber_id
        and (subscription["TNID"], subscription["Active"]) == (number.id, True)
        and [stored["Phone"] for stored in world.filters.values()] == [number.number] * 2
    )


@pytest.mark.parametrize("options", EVERY_SWAP, ids=lambda options: options.number_swap)
@pytest.mark.parametrize("method", ["swap", "replace"])
async def test_subscriber_subscription_and_filters_follow(
    harness: Harness, method: str, options: SimulatorOptions
) -> None:
    number = await filtered_line(harness)
    old, subscriber, sim = number.number, number.subscriber_id, number.iccid
    place = {"area_code": "385"} if method == "replace" else {}

    result = await swap(harness, old, method=method, **place)

    assert result.state is StepState.DONE
    assert result.new_phone_number == number.number != old
    assert number.iccid == sim
    assert followed(harness, number, subscriber)
    assert all(BLOCKED in str(each) for each in harness.telegent.state.filters.values())
    assert "E911" in result.warnings[0]
    assert orders(harness, method) == 1
    if place:
        assert number.number.startswith("+1385")


@pytest.mark.parametrize("has_sim", [True, False])
@pytest.mark.parametrize("fault", sampled(*LOST))
async def test_swap_whose_response_is_lost_is_found_and_not_repeated(
    harness: Harness, fault: FaultKind, has_sim: bool
) -> None:
    number = await filtered_line(harness)
    if not has_sim:
        number.iccid = None
    old, subscriber = number.number, number.subscriber_id
    harness.telegent.faults.add(Fault(match=STATUS, kind=fault))

    result = await swap(harness, old)

    assert result.new_phone_number == number.number != old
    assert followed(harness, number, subscriber)
    assert orders(harness, "swap") == 1


@pytest.mark.parametrize("fault", sampled(*NOT_EXECUTED))
async def test_swap_that_was_not_executed_is_sent_again(harness: Harness, fault: FaultKind) -> None:
    number = await filtered_line(harness)
    harness.telegent.faults.add(Fault(match=STATUS, kind=fault, retry_after=0))

    await swap(harness, number.number)

    assert orders(harness, "swap") == 1


@pytest.mark.parametrize("options", [SimulatorOptions(number_swap="new")])
@pytest.mark.parametrize(
    "path",
    [
        "POST /v1.0/numbers/update",
        "POST /v1.0/subscriptions/update",
        "POST /v1.0/subscribers/call-filter/update",
        "POST /v1.0/subscribers/message-filter/update",
    ],
)
@pytest.mark.parametrize("fault", sampled("drop_response", "error_before"))
async def test_lost_response_after_the_swap_is_repeated(
    harness: Harness, path: str, fault: FaultKind
) -> None:
    number = await filtered_line(harness)
    subscriber = number.subscriber_id
    harness.telegent.faults.add(Fault(match=path, kind=fault))

    await swap(harness, number.number)

    assert followed(harness, number, subscriber)
    assert orders(harness, "swap") == 1


async def test_details_page_shows_the_new_number_and_what_to_check(harness: Harness) -> None:
    number = await filtered_line(harness)

    handle = await begin(harness, number.number)
    await handle.result()

    page = await read_details_page(harness.temporal, handle.id)
    assert number.number.lstrip("+") in page
    assert "warning: Telegent does not document" in page


async def test_number_that_is_gone_without_another_is_escalated(harness: Harness) -> None:
    number = await filtered_line(harness)
    old, sim, subscriber = number.number, number.iccid, number.subscriber_id
    gate = harness.telegent.gates.close(STATUS, "after")
    harness.telegent.faults.add(Fault(match=STATUS, kind="drop_response"))
    handle = await begin(harness, old)
    await gate.reached()
    number.iccid = None
    gate.release()
    status = await wait_until(handle.status, lambda status: bool(status.escalations))

    assert "no new number is shown on SIM" in " ".join(status.escalations[0].evidence)
    number.iccid = sim
    adopt = ResolutionAction.ADOPT
    await handle.resolve(
        Resolution(step="Number", action=adopt, id=number.number, by="operator", reason="portal")
    )

    assert (await handle.result()).new_phone_number == number.number
    assert followed(harness, number, subscriber)
    assert orders(harness, "swap") == 1


async def test_operator_cannot_adopt_the_old_number(harness: Harness) -> None:
    number = await filtered_line(harness)
    old = number.number
    gate = harness.telegent.gates.close(STATUS, "after")
    harness.telegent.faults.add(Fault(match=STATUS, kind="drop_response"))
    handle = await begin(harness, old)
    await gate.reached()
    # The old number is still shown, with one swap fewer, and the new one is not found.
    number.iccid = None
    harness.telegent.state.numbers[old] = replace(number, number=old)
    gate.release()
    status = await wait_until(handle.status, lambda status: bool(status.escalations))
    assert "swaps left, and had" in " ".join(status.escalations[0].evidence)
    adopt = ResolutionAction.ADOPT
    await handle.resolve(
        Resolution(step="Number", action=adopt, id=old, by="operator", reason="portal")
    )

    status = await wait_until(
        handle.status,
        lambda status: any("not shown as another" in str(e.evidence) for e in status.escalations),
    )
    assert status.new_phone_number is None
    assert orders(harness, "swap") == 1


async def test_number_without_swaps_fails_with_the_message_from_telegent(harness: Harness) -> None:
    number = await filtered_line(harness)
    number.swaps_remaining = 0

    with pytest.raises(LineChangeFailedError, match="currently unavailable"):
        await swap(harness, number.number)


async def test_call_filter_with_an_age_mode_is_a_warning(harness: Harness) -> None:
    number = await filtered_line(harness)
    [calls] = [f for key, f in harness.telegent.state.filters.items() if key.startswith("CFID")]
    calls["FilterMode"] = "CHILD"

    result = await swap(harness, number.number)

    assert result.state is StepState.DONE
    assert "does not take its mode CHILD" in result.warnings[1]


@pytest.mark.parametrize("settings", [replace(SETTINGS, read_lag=timedelta(seconds=2))])
@pytest.mark.parametrize("options", [SimulatorOptions(), SimulatorOptions(status_change_delay=0.3)])
@pytest.mark.parametrize("lost", [False, True])
async def test_cancel_after_the_swap_is_too_late(harness: Harness, lost: bool) -> None:
    number = await filtered_line(harness)
    subscriber = number.subscriber_id
    if lost:
        harness.telegent.faults.add(Fault(match=STATUS, kind="drop_response"))
    gate = harness.telegent.gates.close(STATUS, "after")
    handle = await begin(harness, number.number)
    await gate.reached()

    await harness.temporal.get_workflow_handle(handle.id).cancel()
    await harness.cancel_delivered(handle.id)
    gate.release()
    result = await handle.result()

    assert result.new_phone_number == number.number
    assert followed(harness, number, subscriber)


async def test_cancel_before_the_swap_sends_nothing(harness: Harness) -> None:
    number = await filtered_line(harness)
    gate = harness.telegent.gates.close("GET /v1.0/account/subscriptions", "before")
    handle = await begin(harness, number.number)
    await gate.reached()

    await harness.temporal.get_workflow_handle(handle.id).cancel()
    await harness.cancel_delivered(handle.id)
    gate.release()

    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert orders(harness, "swap") == 0


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "authentication_reference"),
        (AUTHENTICATED | {"area_code": "801"}, "need method 'replace'"),
        (AUTHENTICATED | {"method": "replace", "area_code": "81"}, r"number\.area_code"),
    ],
)
def test_invalid_change_of_the_number_is_rejected(values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        change("number", **values)
