"""An onboarding that is started again: what its earlier run left open, or had finished."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError

from telegent_orchestrator.client import OnboardingProgress
from tests.harness import Harness
from tests.harness.payloads import line, single
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from workflows.support import exactly_once

BUY = "POST /v1.0/numbers/provision"


@pytest.fixture(autouse=True)
def brief_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of a terminated run counts as ended after a second."""
    monkeypatch.setattr(exactly_once, "VENDOR_CALL_TIMEOUT", timedelta(seconds=1))


async def test_restart_with_open_line_waits_for_it_and_duplicates_nothing(
    harness: Harness,
) -> None:
    purchase = harness.telegent.gates.close(BUY, "after")
    first = await harness.onboard(single())
    await purchase.reached()
    await harness.temporal.get_workflow_handle(first.id).terminate()

    again = await harness.onboard(single())

    progress: OnboardingProgress = await wait_until(
        again.progress, lambda now: "an earlier run of this line" in now.onboarding.lines[0].detail
    )
    assert set(progress.lines) == {"first"}, "an operator sees the line that is waited for"
    purchase.release()
    result = await again.result()
    assert result.complete
    ledger = harness.telegent.ledger
    assert ledger.count("number.provisioned") - ledger.count("number.status_changed") == 1


async def test_restart_after_cancel_uses_numbers_of_finished_lines(harness: Harness) -> None:
    """Two numbers of one subscriber cannot be told apart by a lookup."""
    request = single(lines=[line("one", "one"), line("two", "one")])
    first_purchase = harness.telegent.gates.close(BUY, "before")
    first = await harness.onboard(request)
    await first_purchase.reached()
    second_purchase = harness.telegent.gates.close(BUY, "before")
    first_purchase.release()
    await second_purchase.reached()
    number = (await first.progress()).lines["one"].result.phone_number
    await first.cancel()
    await harness.cancel_delivered(f"{first.id}:line-two")
    second_purchase.release()
    with pytest.raises(WorkflowFailureError):
        await first.result()

    again = await harness.onboard(request)
    result = await asyncio.wait_for(again.result(), TEST_TIMEOUT)

    assert result.complete
    assert {each.key: each.phone_number for each in result.lines}["one"] == number
