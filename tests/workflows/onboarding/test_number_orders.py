"""The order of a purchase decides about its number."""

import asyncio
from typing import Any

import pytest

from simulator import CarrierSetup, SimulatorOptions
from telegent_orchestrator.client import OnboardingIncompleteError, OnboardingProgress
from telegent_orchestrator.progress import Resolution, ResolutionAction, StepState
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.harness.payloads import single
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from tests.workflows.onboarding.ledgers import SINGLE_LEDGER, counted, onboard


@pytest.fixture
def order() -> dict[str, Any]:
    return {}


@pytest.fixture
def options(order: dict[str, Any]) -> SimulatorOptions:
    pending = {"async_provisioning": 0.3, "early_number": True}
    return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS), **(pending | order))


def subscription_paths(harness: Harness) -> list[str]:
    paths = [entry.path for entry in harness.telegent.requests if not entry.is_token]
    return [path for path in paths if path in ("/v1.0/numbers/order", "/v1.0/subscriptions")]


async def test_number_of_a_pending_order_is_used_when_the_order_is_complete(
    harness: Harness,
) -> None:
    result = await onboard(harness, single())

    assert result.complete
    assert counted(harness.telegent) == SINGLE_LEDGER
    assert subscription_paths(harness)[0] == "/v1.0/numbers/order"
    assert (result.lines[0].activation_code or "").startswith("LPA:1$")


@pytest.mark.parametrize("order", [{"purchase_outcome": end} for end in ("failed", "cancelled")])
async def test_order_that_ends_without_a_number_fails_the_line(harness: Harness) -> None:
    with pytest.raises(OnboardingIncompleteError) as caught:
        await onboard(harness, single())

    (line,) = caught.value.result.lines
    assert line.state is StepState.FAILED
    assert "number order" in line.detail
    assert harness.telegent.ledger.count("subscription.created") == 0


@pytest.mark.parametrize("order", [{"purchase_outcome": "no_number"}])
async def test_complete_order_without_a_number_escalates(harness: Harness) -> None:
    handle = await harness.onboard(single())
    escalated: OnboardingProgress = await wait_until(
        handle.progress,
        lambda now: "first" in now.lines and bool(now.lines["first"].escalations),
    )
    (escalation,) = escalated.lines["first"].escalations
    await handle.resolve(
        Resolution(
            step="Number", action=ResolutionAction.ABANDON, by="operator", reason="no number"
        ),
        line="first",
    )
    with pytest.raises(OnboardingIncompleteError):
        await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert "names no number" in escalation.evidence[0]


@pytest.mark.parametrize("order", [{"purchase_outcome": "other_number"}])
async def test_order_with_another_number_than_the_response_is_followed(harness: Harness) -> None:
    result = await onboard(harness, single())

    (bought,) = harness.telegent.ledger.by_kind("number.provisioned")
    assert result.lines[0].phone_number == bought.data["number"]
    assert SETTINGS.order_poll.total_seconds() < 1
