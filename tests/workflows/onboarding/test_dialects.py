"""Onboardings while Telegent follows each of its documents, with lost responses and lags."""

import pytest

from simulator import DIALECTS, CarrierSetup, Fault, SimulatorOptions
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.harness.tiers import sampled
from tests.workflows.onboarding.ledgers import CREATES, FAMILY_LEDGER, counted, onboard


@pytest.fixture(params=sampled(*(name for name in DIALECTS if name != "default")))
def options(request: pytest.FixtureRequest) -> SimulatorOptions:
    return SimulatorOptions.in_dialect(
        request.param,
        carrier=CarrierSetup(timings=FAST_TIMINGS),
        list_lag=SETTINGS.read_lag.total_seconds() / 2,
        reference_lag=SETTINGS.read_lag.total_seconds() / 2,
        async_provisioning=SETTINGS.purchase_lag.total_seconds() / 2,
    )


@pytest.mark.resilience
async def test_onboarding_completes_in_each_dialect(
    harness: Harness, family: OnboardingRequest
) -> None:
    result = await onboard(harness, family)

    assert result.complete, result
    assert counted(harness.telegent) == FAMILY_LEDGER


async def test_lost_resources_are_found_in_each_dialect(
    harness: Harness, family: OnboardingRequest
) -> None:
    for call in CREATES:
        harness.telegent.faults.add(Fault(match=call, kind="drop_response"))

    result = await onboard(harness, family)

    assert result.complete, result
    assert counted(harness.telegent) == FAMILY_LEDGER
