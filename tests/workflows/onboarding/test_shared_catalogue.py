"""Onboardings that need the same new product, package or webhook at the same time."""

import asyncio
from dataclasses import replace

import pytest
from temporalio.client import WorkflowFailureError

from activities.settings import ActivitySettings, OrderWebhook
from simulator import CarrierSetup, SimulatorOptions
from telegent_orchestrator.client import (
    OnboardingHandle,
    OnboardingProgress,
)
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.progress import Resolution, ResolutionAction
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.harness.payloads import new_subscriber, single
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from tests.workflows.onboarding.ledgers import onboard

CREATE_PRODUCT = "POST /v1.0/products"


@pytest.fixture
def options() -> SimulatorOptions:
    """Lists that show a new product only after a while."""
    lag = SETTINGS.read_lag.total_seconds() / 2
    return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS), list_lag=lag)


@pytest.fixture
def settings() -> ActivitySettings:
    url = "https://mvno.example.com/telegent/order-update"
    return replace(SETTINGS, order_webhook=OrderWebhook(url=url, token="hook-token"))


def request(number: int) -> OnboardingRequest:
    subscriber = new_subscriber("one", email=f"{number}@example.com")
    return single(f"shared-{number}", subscribers=[subscriber], lines=[])


async def test_onboardings_at_once_create_a_new_item_once(harness: Harness) -> None:
    results = await asyncio.gather(*(onboard(harness, request(number)) for number in range(5)))
    later = await onboard(harness, request(9))

    assert harness.telegent.ledger.count("product.created") == 1
    assert harness.telegent.ledger.count("package.created") == 1
    products = {result.product_ids["talk"] for result in (*results, later)}
    assert len(products) == 1


async def test_onboardings_at_once_register_one_webhook_for_their_account(
    harness: Harness,
) -> None:
    account = {"account_id": (await onboard(harness, request(0))).account_id}
    for webhook in list(harness.telegent.state.webhooks):
        del harness.telegent.state.webhooks[webhook]
    before = harness.telegent.ledger.count("webhook.created")
    of_the_account = [
        OnboardingRequest.model_validate(
            request(number).model_dump(mode="json", exclude_none=True) | {"account": account}
        )
        for number in range(1, 5)
    ]

    await asyncio.gather(*(onboard(harness, each) for each in of_the_account))
    await onboard(harness, of_the_account[0].model_copy(update={"reference": "later"}))

    assert harness.telegent.ledger.count("webhook.created") == before + 1


async def test_item_of_a_cancelled_onboarding_is_used_by_the_next(harness: Harness) -> None:
    gate = harness.telegent.gates.close(CREATE_PRODUCT, "before")
    first = await harness.onboard(request(1))
    await gate.reached()
    second = await harness.onboard(request(2))
    await waiting_for_another(second)
    await first.cancel()
    await harness.cancel_delivered(first.id)

    gate.release()

    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(first.result(), TEST_TIMEOUT)
    assert (await asyncio.wait_for(second.result(), TEST_TIMEOUT)).complete
    assert harness.telegent.ledger.count("product.created") == 1


async def test_item_that_another_onboarding_creates_with_other_values_is_escalated(
    harness: Harness,
) -> None:
    gate = harness.telegent.gates.close(CREATE_PRODUCT, "before")
    first = await harness.onboard(request(1))
    await gate.reached()
    dearer = request(2).model_dump(mode="json", exclude_none=True)
    dearer["products"][0]["cost"] = "9.00"
    second = await harness.onboard(OnboardingRequest.model_validate(dearer))
    await waiting_for_another(second)
    gate.release()
    product_id = (await asyncio.wait_for(first.result(), TEST_TIMEOUT)).product_ids["talk"]

    now = await wait_until(second.progress, lambda now: bool(now.onboarding.escalations))
    [escalation] = now.onboarding.escalations
    assert f"{product_id}, which has cost 1" in " ".join(escalation.evidence)
    adopt = Resolution(
        step=escalation.step,
        action=ResolutionAction.ADOPT,
        id=product_id,
        by="operator",
        reason="the same",
    )
    await second.resolve(adopt)
    assert (await asyncio.wait_for(second.result(), TEST_TIMEOUT)).complete
    assert harness.telegent.ledger.count("product.created") == 1


async def waiting_for_another(handle: OnboardingHandle) -> None:
    def waits(now: OnboardingProgress) -> bool:
        return any("waiting for the onboarding" in step.detail for step in now.onboarding.steps)

    await wait_until(handle.progress, waits)
