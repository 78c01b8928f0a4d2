"""Every answer is lost, and the vendor's lists show only after a while what was made."""

import pytest

from simulator import CarrierSetup, Fault, SimulatorOptions
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.workflows.onboarding.ledgers import CREATES, FAMILY_LEDGER, counted, onboard

LAG = 0.3


@pytest.fixture
def options() -> SimulatorOptions:
    return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS), list_lag=LAG)


async def test_what_was_made_is_found_once_the_lists_show_it(
    harness: Harness, family: OnboardingRequest
) -> None:
    assert SETTINGS.read_lag.total_seconds() > LAG
    for call in CREATES:
        harness.telegent.faults.add(Fault(match=call, kind="drop_response", times=100))

    result = await onboard(harness, family)

    assert result.complete
    assert counted(harness.telegent) == FAMILY_LEDGER
