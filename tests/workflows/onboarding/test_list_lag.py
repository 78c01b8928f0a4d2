"""Every response is lost, and the vendor's lists show new resources only after a while."""

import pytest

from simulator import CarrierSetup, Fault, SimulatorOptions
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.workflows.onboarding.ledgers import CREATES, FAMILY_LEDGER, counted, onboard

LAG = 0.8 * SETTINGS.read_lag.total_seconds()


@pytest.fixture
def options() -> SimulatorOptions:
    return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS), list_lag=LAG)


async def test_lost_resources_are_found_once_the_lists_show_them(
    harness: Harness, family: OnboardingRequest
) -> None:
    for call in CREATES:
        harness.telegent.faults.add(Fault(match=call, kind="drop_response", times=100))

    result = await onboard(harness, family)

    assert result.complete
    assert counted(harness.telegent) == FAMILY_LEDGER
