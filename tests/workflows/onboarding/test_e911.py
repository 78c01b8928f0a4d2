"""E911 addresses of lines with voice, judged by the simulator's ledger."""

import asyncio
from typing import Any

import pytest

from simulator.resources.e911 import NO_LOCATION
from telegent_orchestrator.client import OnboardingIncompleteError
from telegent_orchestrator.progress import StepState
from tests.harness import Harness
from tests.harness.payloads import line, port_in, single
from tests.harness.port_ins import NUMBER
from tests.harness.waiting import TEST_TIMEOUT
from tests.workflows.onboarding.ledgers import counted, onboard
from workflows.onboarding.line_workflow import E911_STEP

ADDRESS = {"street1": "1 Main Street", "city": "Lehi", "state": "UT", "zip": "84043"}


@pytest.mark.parametrize("number", [{"kind": "new"}, port_in(NUMBER) | {"kind": "port_in"}])
async def test_address_is_set_once_the_number_is_bound(
    harness: Harness, number: dict[str, Any]
) -> None:
    request = single(lines=[line("first", "one", number=number, e911_address=ADDRESS)])

    result = await onboard(harness, request)

    kinds = [row.kind for row in harness.telegent.ledger.rows]
    bound = "number.updated" if number["kind"] == "port_in" else "number.provisioned"
    assert kinds.count("e911_address.set") == 1
    assert kinds.index("e911_address.set") > kinds.index(bound)
    [row] = harness.telegent.ledger.by_kind("e911_address.set")
    assert (row.data["number"], row.data["zip"]) == (result.lines[0].phone_number, "84043")
    progress = await harness.orchestrator.onboarding(result.reference).progress()
    states = {step.name: step.state for step in progress.lines["first"].steps}
    assert states[E911_STEP] is StepState.DONE


async def test_refused_address_fails_the_line_and_the_next_run_corrects_it(
    harness: Harness,
) -> None:
    def lines(zip_code: str) -> list[dict[str, Any]]:
        return [line("first", "one", e911_address=ADDRESS | {"zip": zip_code})]

    first = await harness.onboard(single(lines=lines(NO_LOCATION)))
    with pytest.raises(OnboardingIncompleteError) as failed:
        await asyncio.wait_for(first.result(), TEST_TIMEOUT)
    [failed_line] = failed.value.result.lines
    assert "Address does not match a MSAG location" in failed_line.detail
    before = counted(harness.telegent)

    result = await onboard(harness, single(lines=lines("84043")))

    assert result.complete
    assert result.lines[0].phone_number == failed_line.phone_number
    assert counted(harness.telegent) - before == {"e911_address.set": 1}
