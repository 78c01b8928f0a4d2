"""One subscription of a number is closed, judged by the simulator's ledger."""

import pytest

from simulator import Fault, SimulatorOptions
from simulator.engine.faults import FaultKind
from simulator.engine.state import Number
from telegent_orchestrator.client import LineChangeFailedError
from telegent_orchestrator.line_changes import LineChangeResult
from telegent_orchestrator.progress import StepState
from tests.harness import Harness
from tests.harness.line_changes import NUMBER, change, line_changes, put_in_service
from tests.harness.tiers import sampled

FIRST, SECOND, OTHER = "SUB-1", "SUB-2", "SUB-other"
CLOSE = "POST /v1.0/subscriptions/delete"
FAULTS: tuple[FaultKind, ...] = ("drop_response", "error_after", "error_before")


def charged_number(harness: Harness, *subscription_ids: str) -> Number:
    """A number in service with these subscriptions, and one of another number."""
    number, subscriptions = put_in_service(harness), harness.telegent.state.subscriptions
    for subscription_id in subscription_ids:
        subscriptions[subscription_id] = {
            "SubscriptionId": subscription_id,
            "SubscriberId": "TSUID-1",
            "PackageId": "PID-1",
            "Type": "mvno",
            "TNID": number.id,
            "ICCID": number.iccid,
            "Active": True,
        }
    subscriptions[OTHER] = {
        **subscriptions[subscription_ids[0]],
        "SubscriptionId": OTHER,
        "TNID": "NID-other",
        "ICCID": None,
    }
    return number


async def close(harness: Harness, subscription_id: str) -> LineChangeResult:
    request = change("close_subscription", subscription_id=subscription_id)
    return await (await line_changes(harness).start(request)).result()


def left(harness: Harness) -> set[str]:
    return set(harness.telegent.state.subscriptions) - {OTHER}


async def test_one_of_several_subscriptions_is_closed(harness: Harness) -> None:
    charged_number(harness, FIRST, SECOND)

    result = await close(harness, SECOND)

    assert (result.state, result.changed) == (StepState.DONE, True)
    assert (result.subscription_id, result.removed) == (SECOND, [f"subscription {SECOND}"])
    assert left(harness) == {FIRST}


@pytest.mark.parametrize("listed", [True, False])
async def test_subscription_of_a_number_that_has_left_is_closed(
    harness: Harness, listed: bool
) -> None:
    number = charged_number(harness, FIRST)
    if listed:
        number.cancelled_at = harness.telegent.clock.now()
        number.status = "Cancelled"
    else:
        del harness.telegent.state.numbers[NUMBER]

    await close(harness, FIRST)

    assert left(harness) == set()


@pytest.mark.parametrize(
    ("subscription_id", "reason"),
    [(FIRST, "the only one of a line in service"), (OTHER, "not a subscription of this number")],
)
async def test_subscription_that_is_needed_is_not_closed(
    harness: Harness, subscription_id: str, reason: str
) -> None:
    charged_number(harness, FIRST)

    with pytest.raises(LineChangeFailedError, match=reason):
        await close(harness, subscription_id)

    assert set(harness.telegent.state.subscriptions) == {FIRST, OTHER}


async def test_subscription_of_a_sim_that_carries_another_number_is_not_closed(
    harness: Harness,
) -> None:
    number = charged_number(harness, FIRST)
    numbers = harness.telegent.state.numbers
    del numbers[NUMBER]
    reused = put_in_service(harness, "+18015550177")
    reused.id, reused.iccid = "NID-2", number.iccid

    with pytest.raises(LineChangeFailedError, match="carries another number"):
        await close(harness, FIRST)

    assert left(harness) == {FIRST}


@pytest.mark.parametrize("options", [SimulatorOptions(list_lag=0.09)])
async def test_subscription_that_is_not_listed_yet_is_closed(harness: Harness) -> None:
    world = harness.telegent.state
    world.show_later(world.clock.now())
    charged_number(harness, FIRST, SECOND)
    world.show_later(world.clock.now())

    await close(harness, SECOND)

    assert left(harness) == {FIRST}
    assert set(world.lagged_view().subscriptions) == {FIRST, OTHER}


async def test_closed_subscription_is_left_alone(harness: Harness) -> None:
    charged_number(harness, FIRST)

    result = await close(harness, SECOND)

    assert (result.state, result.changed) == (StepState.DONE, False)
    assert left(harness) == {FIRST}


@pytest.mark.parametrize("fault", sampled(*FAULTS))
async def test_lost_response_of_a_close_is_repeated(harness: Harness, fault: FaultKind) -> None:
    charged_number(harness, FIRST, SECOND)
    harness.telegent.faults.add(Fault(match=CLOSE, kind=fault))

    await close(harness, SECOND)

    assert left(harness) == {FIRST}
    assert harness.telegent.ledger.count("subscription.deleted") == 1
