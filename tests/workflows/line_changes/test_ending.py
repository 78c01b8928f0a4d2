"""Lines end and are won back, judged by the simulator's ledger."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.client import WorkflowFailureError

from simulator import Fault, SimulatorOptions
from simulator.engine.faults import FaultKind
from simulator.engine.state import Number
from telegent_orchestrator.client import LineChangeFailedError
from telegent_orchestrator.client.port_out import PortOutClient
from telegent_orchestrator.line_changes import LineChangeResult, LineState
from telegent_orchestrator.port_out import PortOutCancel, PortOutRequest, PortOutState
from telegent_orchestrator.progress import Resolution, ResolutionAction, StepState
from tests.harness import Harness
from tests.harness.line_changes import STATUS, change, line_changes, live_line, orders
from tests.harness.payloads import line, new_subscriber, single
from tests.harness.tiers import sampled
from tests.harness.waiting import wait_until

REACTIVATE = "POST /v1.0/numbers/reactivate"
CLOSE = "POST /v1.0/subscriptions/delete"
CLEAR_SIM = "POST /v1.0/sims/clear-status"
FAULTS: tuple[FaultKind, ...] = ("drop_response", "error_after", "error_before")


async def child_line(harness: Harness) -> Number:
    """A line with a subscription, both filters and a parent."""
    filters = {"call_filter": {"mode": "CHILD"}, "message_filter": {"mode": "ACTIVE"}}
    request = single(
        subscribers=[
            new_subscriber("mother", guardian=True),
            new_subscriber("child", guardian=True),
        ],
        relations=[{"parent": "mother", "child": "child"}],
        lines=[line("first", "child", **filters)],
    )
    return await live_line(harness, request)


async def end(harness: Harness, line: Number, **values: Any) -> LineChangeResult:
    request = change("end", line.number, **values)
    return await (await line_changes(harness).start(request)).result()


async def win_back(harness: Harness, line: Number, **values: Any) -> LineChangeResult:
    request = change("win_back", line.number, **values)
    return await (await line_changes(harness).start(request)).result()


def package_of(harness: Harness) -> str:
    [package_id] = harness.telegent.state.packages
    return package_id


async def test_cancel_while_a_subscription_is_closed_waits_and_names_it(harness: Harness) -> None:
    number = await child_line(harness)
    gate = harness.telegent.gates.close(CLOSE, "after")
    handle = await line_changes(harness).start(change("end", number.number))
    await gate.reached()

    await harness.temporal.get_workflow_handle(handle.id).cancel()
    await harness.cancel_delivered(handle.id)
    gate.release()

    with pytest.raises(WorkflowFailureError):
        await handle.result()
    status = await handle.status()
    assert status.changed
    assert [what.split(" ")[0] for what in status.removed] == ["subscription"]
    assert orders(harness, "cancel") == 0
    assert harness.telegent.ledger.count("call_filter.deleted") == 0


async def test_line_ends_with_its_number_last(harness: Harness) -> None:
    number = await child_line(harness)
    mark = len(harness.telegent.ledger.rows)

    result = await end(harness, number, remove_relations=True, free_sim=True)

    assert result.line_state is LineState.ENDED
    assert [row.kind for row in harness.telegent.ledger.rows[mark:]] == [
        "subscription.deleted",
        "call_filter.deleted",
        "message_filter.deleted",
        "guardian.relation_deleted",
        "number.status_changed",
        "sim.cleared",
    ]
    assert [what.split(" ")[0] for what in result.removed] == [
        "subscription",
        "call",
        "message",
        "relation",
        "SIM",
    ]
    assert number.cancelled_at
    assert number.iccid is None


async def test_relations_and_sim_stay_unless_they_are_to_go(harness: Harness) -> None:
    number = await child_line(harness)

    await end(harness, number)

    assert number.iccid
    assert harness.telegent.ledger.count("guardian.relation_deleted") == 0


async def test_subscriptions_of_other_numbers_stay(harness: Harness) -> None:
    number = await child_line(harness)
    [subscription] = harness.telegent.state.subscriptions.values()
    other = subscription | {"SubscriptionId": "SUB-other", "TNID": "NID-other", "ICCID": None}
    harness.telegent.state.subscriptions["SUB-other"] = other

    await end(harness, number)

    assert list(harness.telegent.state.subscriptions) == ["SUB-other"]


@pytest.mark.parametrize(
    "options",
    sampled(
        *(
            SimulatorOptions(cancelled_status=word)
            for word in ("Inactive", "Cancelled", "missing", "Deactivated")
        )
    ),
    ids=lambda options: options.cancelled_status,
)
async def test_line_is_won_back_whatever_a_cancelled_number_is_called(harness: Harness) -> None:
    number = await child_line(harness)
    iccid = number.iccid
    await end(harness, number)

    result = await win_back(harness, number, package_id=package_of(harness))

    assert result.line_state is LineState.ACTIVE
    assert (number.status, number.iccid) == ("Active", iccid)
    [subscription] = harness.telegent.state.subscriptions.values()
    assert subscription["SubscriptionId"] == result.subscription_id
    assert subscription["TNID"] == number.id


async def test_suspended_line_ends_and_is_won_back(harness: Harness) -> None:
    number = await child_line(harness)
    await (await line_changes(harness).start(change("suspend", number.number))).result()

    result = await end(harness, number)
    assert result.line_state is LineState.ENDED
    assert number.cancelled_at

    assert (await win_back(harness, number)).line_state is LineState.ACTIVE
    assert harness.telegent.state.subscriptions == {}


async def test_parked_number_of_an_ended_line_is_won_back(harness: Harness) -> None:
    number = await child_line(harness)

    ended = await end(harness, number, number="park")
    back = await win_back(harness, number, number="parked", package_id=package_of(harness))

    assert ended.line_state is LineState.ENDED
    assert number.cancelled_at is None
    assert (back.line_state, number.status) == (LineState.ACTIVE, "Active")
    assert len(harness.telegent.state.subscriptions) == 1
    assert (orders(harness, "park"), orders(harness, "activate")) == (1, 1)


@pytest.mark.parametrize("path", [CLOSE, STATUS, CLEAR_SIM])
@pytest.mark.parametrize("fault", sampled(*FAULTS))
async def test_lost_response_of_an_end_is_read_back(
    harness: Harness, path: str, fault: FaultKind
) -> None:
    number = await child_line(harness)
    harness.telegent.faults.add(Fault(match=path, kind=fault))

    result = await end(harness, number, free_sim=True)

    assert result.state is StepState.DONE
    assert harness.telegent.ledger.count("subscription.deleted") == 1
    assert orders(harness, "cancel") == 1
    assert number.iccid is None


@pytest.mark.parametrize("path", [REACTIVATE, "POST /v1.0/subscriptions"])
@pytest.mark.parametrize("fault", sampled(*FAULTS))
async def test_lost_response_of_a_win_back_is_read_back(
    harness: Harness, path: str, fault: FaultKind
) -> None:
    number = await child_line(harness)
    await end(harness, number)
    harness.telegent.faults.add(Fault(match=path, kind=fault))

    result = await win_back(harness, number, package_id=package_of(harness))

    assert result.state is StepState.DONE
    assert harness.telegent.ledger.count("number.reactivated") == 1
    assert len(harness.telegent.state.subscriptions) == 1


async def test_lost_cancel_of_a_suspended_number_is_escalated(harness: Harness) -> None:
    number = await child_line(harness)
    await (await line_changes(harness).start(change("suspend", number.number))).result()
    harness.telegent.faults.add(Fault(match=STATUS, kind="drop_response"))

    handle = await line_changes(harness).start(change("end", number.number))
    status = await wait_until(handle.status, lambda status: bool(status.escalations))
    adopt = Resolution(
        step="Number",
        action=ResolutionAction.ADOPT,
        id=number.number,
        by="operator",
        reason="the portal shows it as cancelled",
    )
    await handle.resolve(adopt)

    assert "an attempt had no response" in status.escalations[0].evidence[0]
    assert (await handle.result()).line_state is LineState.ENDED
    assert orders(harness, "cancel") == 1


async def test_failed_end_can_be_repeated(harness: Harness) -> None:
    number = await child_line(harness)
    harness.telegent.faults.add(Fault(match=STATUS, kind="error_before", status=400))
    with pytest.raises(LineChangeFailedError) as failed:
        await end(harness, number)

    again = await end(harness, number)

    assert len(failed.value.result.removed) == 3
    assert again.removed == []
    assert number.cancelled_at


async def test_number_that_cannot_be_won_back_fails_with_the_reason(harness: Harness) -> None:
    number = await child_line(harness)
    await end(harness, number)
    assert number.cancelled_at
    number.cancelled_at -= timedelta(days=31)

    with pytest.raises(LineChangeFailedError, match="more than 30 days ago"):
        await win_back(harness, number, package_id=package_of(harness))

    assert harness.telegent.state.subscriptions == {}


async def test_line_with_an_open_port_out_does_not_end(harness: Harness) -> None:
    number = await child_line(harness)
    port_out = await PortOutClient(harness.temporal, id_key=harness.settings.id_key).start(
        PortOutRequest(phone_number=number.number, authentication_reference="call-1", by="operator")
    )
    await wait_until(port_out.status, lambda status: status.state is PortOutState.PIN_ISSUED)

    with pytest.raises(LineChangeFailedError, match="a port-out"):
        await end(harness, number)

    assert harness.telegent.ledger.count("subscription.deleted") == 0
    await port_out.cancel(PortOutCancel(by="operator", reason="stays"))
    await port_out.result()


def test_sim_of_a_parked_number_is_not_freed() -> None:
    with pytest.raises(ValidationError, match="free_sim needs number 'cancel'"):
        change("end", number="park", free_sim=True)
