"""An onboarding shows that the port-in of a line needs an operator."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from simulator import CarrierSetup, SimulatorOptions
from telegent_orchestrator.client import OnboardingHandle
from telegent_orchestrator.names import line_id
from telegent_orchestrator.onboarding import OnboardingResult
from telegent_orchestrator.progress import StepState
from tests.harness import FAST_TIMINGS, Harness
from tests.harness.payloads import line, port_in, single
from tests.harness.port_ins import CORRECTION, NUMBER, TRUTH, start_rejected
from tests.harness.resets import reset
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from workflows.support import exactly_once

LINES: list[dict[str, Any]] = [line("ported", "one", number=port_in(NUMBER) | {"kind": "port_in"})]


@pytest.fixture
def options() -> SimulatorOptions:
    return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS))


@pytest.fixture(autouse=True)
def brief_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of the run before the reset counts as ended at once."""
    monkeypatch.setattr(exactly_once, "VENDOR_CALL_TIMEOUT", timedelta(0))


async def needing_an_operator(onboarding: OnboardingHandle) -> str:
    """Wait until the line is shown as needing an operator. Returns the detail."""
    status = await wait_until(
        onboarding.status,
        lambda now: [each.state for each in now.lines] == [StepState.NEEDS_OPERATOR],
    )
    return status.lines[0].detail


async def corrected(harness: Harness, onboarding: OnboardingHandle) -> OnboardingResult:
    await harness.orchestrator.port_in(NUMBER).correct(CORRECTION)
    return await asyncio.wait_for(onboarding.result(), TEST_TIMEOUT)


async def test_port_in_that_was_open_before_is_shown_as_needing_an_operator(
    harness: Harness,
) -> None:
    await start_rejected(harness)

    onboarding = await harness.onboard(single(lines=LINES))
    detail = await needing_an_operator(onboarding)

    assert "open already" in detail
    assert "needed an operator since" in detail
    assert (await corrected(harness, onboarding)).complete


async def test_port_in_of_a_line_that_was_reset_is_shown_as_needing_an_operator(
    harness: Harness,
) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    gate = harness.telegent.gates.close("POST /v1.0/numbers/portin", "before")
    onboarding = await harness.onboard(single(lines=LINES))
    await gate.reached()
    await reset(harness, line_id((await onboarding.status()).reference, "ported"))
    gate.release()

    await needing_an_operator(onboarding)

    assert (await corrected(harness, onboarding)).complete
