"""A vendor whose lists show resources late or in another spelling."""

import asyncio
from typing import Any

import pytest

from simulator import CarrierSetup, Fault, SimulatorOptions
from telegent_orchestrator.client import OnboardingHandle, OnboardingProgress
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.progress import Resolution, ResolutionAction
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.harness.payloads import ACCOUNT, single
from tests.harness.tiers import sampled
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from tests.workflows.onboarding.ledgers import CREATES, FAMILY_LEDGER, counted, onboard

CARRIER = CarrierSetup(timings=FAST_TIMINGS)
SHORT_OF_LAG = SETTINGS.read_lag.total_seconds() / 2
PRODUCT = {"SKU": "TALK", "Description": "Talk", "Active": True}


async def resolved(handle: OnboardingHandle, step: str, adopt: str) -> str:
    """Adopts a resource when the onboarding asks; returns the evidence."""
    escalated: OnboardingProgress = await wait_until(
        handle.progress, lambda now: bool(now.onboarding.escalations)
    )
    (escalation,) = escalated.onboarding.escalations
    assert escalation.step == step
    action = ResolutionAction.ADOPT
    await handle.resolve(
        Resolution(step=step, action=action, id=adopt, by="operator", reason="ours")
    )
    return " ".join(escalation.evidence)


def add_product(harness: Harness, product_id: str, **changes: Any) -> None:
    product = PRODUCT | {"ProductId": product_id} | changes
    harness.telegent.state.products[product_id] = product


class TestReferenceThatIsTooNew:
    @pytest.fixture(params=[400, 404])
    def options(self, request: pytest.FixtureRequest) -> SimulatorOptions:
        return SimulatorOptions(
            carrier=CARRIER, reference_lag=SHORT_OF_LAG, reference_status=request.param
        )

    async def test_is_repeated_until_it_is_known(
        self, harness: Harness, family: OnboardingRequest
    ) -> None:
        result = await onboard(harness, family)

        assert result.complete
        assert counted(harness.telegent) == FAMILY_LEDGER

    async def test_is_repeated_if_the_refusal_arrives_after_the_lag(
        self, harness: Harness, family: OnboardingRequest
    ) -> None:
        late = 2 * SETTINGS.read_lag.total_seconds()
        route = "POST /v1.0/message/routes"
        harness.telegent.faults.add(Fault(match=route, kind="delay_response", seconds=late))

        result = await onboard(harness, family)

        assert result.complete
        assert counted(harness.telegent) == FAMILY_LEDGER


class TestDialect:
    @pytest.fixture(params=sampled("best-practices", "knowledge-bank"))
    def options(self, request: pytest.FixtureRequest) -> SimulatorOptions:
        return SimulatorOptions.in_dialect(
            request.param,
            carrier=CARRIER,
            list_lag=SHORT_OF_LAG,
            target_classification="any",
            port_in_date_format="any",
        )

    async def test_lost_responses_duplicate_nothing(
        self, harness: Harness, family: OnboardingRequest
    ) -> None:
        for call in CREATES:
            harness.telegent.faults.add(Fault(match=call, kind="drop_response"))

        result = await onboard(harness, family)

        assert result.complete
        assert counted(harness.telegent) == FAMILY_LEDGER


@pytest.mark.parametrize("name", ["Cafe\u0301  Ltd", "Caf\u00e9\u00a0Ltd"])
async def test_name_in_another_spelling_whose_response_is_lost_is_found(
    harness: Harness, name: str
) -> None:
    harness.telegent.faults.add(Fault(match="POST /v1.0/account/create", kind="drop_response"))

    result = await onboard(harness, single(account=ACCOUNT | {"name": name}, lines=[]))

    assert result.complete
    assert harness.telegent.ledger.count("account.created") == 1


async def test_several_equal_products_escalate_and_one_is_adopted(harness: Harness) -> None:
    add_product(harness, "PRID-1")
    add_product(harness, "PRID-2")
    handle = await harness.onboard(single(lines=[]))

    evidence = await resolved(handle, "Products", "PRID-2")
    result = await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert "2 products with SKU TALK match: PRID-1, PRID-2" in evidence
    assert result.product_ids == {"talk": "PRID-2"}
    assert harness.telegent.ledger.count("product.created") == 0


async def test_inactive_product_escalates_and_is_not_created_again(harness: Harness) -> None:
    add_product(harness, "PRID-1", Active=False)
    handle = await harness.onboard(single(lines=[]))

    evidence = await resolved(handle, "Products", "PRID-1")
    await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert "PRID-1, which is inactive" in evidence
    assert harness.telegent.ledger.count("product.created") == 0


async def test_product_with_another_cost_escalates_and_says_how_it_differs(
    harness: Harness,
) -> None:
    add_product(harness, "PRID-1", Cost=3, Type="eSIM")
    handle = await harness.onboard(single(lines=[]))

    evidence = await resolved(handle, "Products", "PRID-1")
    result = await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert "PRID-1, which has cost 3, not 1.00: adopt it, or abandon the step" in evidence
    assert result.product_ids == {"talk": "PRID-1"}
    assert harness.telegent.ledger.count("product.created") == 0


async def test_package_with_another_price_escalates_and_says_how_it_differs(
    harness: Harness,
) -> None:
    first = await asyncio.wait_for((await harness.onboard(single(lines=[]))).result(), TEST_TIMEOUT)
    [package_id] = first.package_ids.values()
    dearer = single("single-2", lines=[]).model_dump(mode="json", exclude_none=True)
    dearer["packages"][0]["price"] = "9.00"
    dearer["subscribers"][0]["email"] = "two@example.com"
    handle = await harness.onboard(OnboardingRequest.model_validate(dearer))

    evidence = await resolved(handle, "Packages", package_id)
    await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert f"{package_id}, which has price 2" in evidence
    assert "not 9.00: adopt it, or abandon the step" in evidence
    assert harness.telegent.ledger.count("package.created") == 1
