"""One physical SIM that several onboardings name, at the same time and one after the other."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError

from activities import ActivitySettings
from simulator import CarrierRecord, Fault
from simulator.engine.faults import FaultKind
from telegent_orchestrator.client import OnboardingHandle, OnboardingIncompleteError
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection, PortState
from telegent_orchestrator.progress import Escalation, Resolution, ResolutionAction
from tests.harness import SETTINGS, Harness
from tests.harness.payloads import line, new_subscriber, port_in, single
from tests.harness.port_ins import start, until
from tests.harness.resets import reset
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from tests.workflows.onboarding.ledgers import onboard
from workflows.sims import claim_workflow
from workflows.support import exactly_once

BUY = "POST /v1.0/numbers/provision"
PORTED, OTHER_PORTED = "+18015550142", "+18015550143"
SIM, OTHER_SIM = "8901240397190195850", "8901240397190195868"


@pytest.fixture(autouse=True)
def brief_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of a line that has ended counts as ended at once."""
    for module in (exactly_once, claim_workflow):
        monkeypatch.setattr(module, "VENDOR_CALL_TIMEOUT", timedelta(0))


def request(number: int, sim: str = SIM, *, subscriber: int | None = None) -> OnboardingRequest:
    """An onboarding of one line on a SIM."""
    return single(
        f"sim-{number}",
        subscribers=[new_subscriber("one", email=f"{subscriber or number}@example.com")],
        lines=[line("first", "one", number={"kind": "new", "iccid": sim})],
    )


def bought_on(harness: Harness, sim: str = SIM) -> list[str]:
    rows = harness.telegent.ledger.by_kind("number.provisioned")
    return [row.data["number"] for row in rows if row.data["iccid"] == sim]


async def escalated(handle: OnboardingHandle, words: str) -> Escalation:
    """The escalation of the line, once its evidence has these words."""

    async def escalation() -> list[Escalation]:
        lines = (await handle.progress()).lines
        raised = lines["first"].escalations if "first" in lines else []
        return [each for each in raised if words in each.evidence[0]]

    return (await wait_until(escalation))[0]


async def resolve(handle: OnboardingHandle, action: ResolutionAction) -> None:
    chosen = Resolution(step="Number", action=action, by="desk", reason="seen")
    await handle.resolve(chosen, line="first")


async def abandoned(handle: OnboardingHandle) -> str:
    await resolve(handle, ResolutionAction.ABANDON)
    with pytest.raises(OnboardingIncompleteError) as failed:
        await asyncio.wait_for(handle.result(), TEST_TIMEOUT)
    return str(failed.value)


async def test_sim_named_by_two_at_once_and_by_a_third_later_carries_one_number(
    harness: Harness,
) -> None:
    gate = harness.telegent.gates.close(BUY, "before")
    first = await harness.onboard(request(1))
    await gate.reached()
    second = await harness.onboard(request(2, SIM + "F"))
    escalation = await escalated(second, "is open")

    assert first.id in escalation.evidence[0]
    gate.release()
    assert (await asyncio.wait_for(first.result(), TEST_TIMEOUT)).complete
    await resolve(second, ResolutionAction.RETRY)
    await escalated(second, f"already carries {bought_on(harness)[0]}")
    await resolve(second, ResolutionAction.RETRY)
    await escalated(second, "already carries")
    assert "abandoned by desk" in await abandoned(second)
    third = await harness.onboard(request(3))
    await escalated(third, "already carries")
    await abandoned(third)

    assert len(bought_on(harness)) == 1


async def test_second_onboarding_of_the_same_subscriber_buys_nothing_on_its_sim(
    harness: Harness,
) -> None:
    done = await onboard(harness, request(1))
    again = request(2).model_dump(mode="json") | {
        "account": {"account_id": done.account_id},
        "subscribers": [{"key": "one", "subscriber_id": done.subscriber_ids["one"]}],
    }

    second = await harness.onboard(OnboardingRequest.model_validate(again))

    await escalated(second, "was not bought for this line")
    await abandoned(second)
    assert len(bought_on(harness)) == 1
    assert harness.telegent.ledger.count("subscription.created") == 1


async def test_sim_is_free_again_when_the_line_that_claimed_it_was_cancelled(
    harness: Harness,
) -> None:
    gate = harness.telegent.gates.close(BUY, "before")
    first = await harness.onboard(request(1))
    await gate.reached()
    second = await harness.onboard(request(2))
    await escalated(second, "is open")
    await first.cancel()
    await harness.cancel_delivered(f"{first.id}:line-first")
    gate.release()
    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(first.result(), TEST_TIMEOUT)
    assert harness.telegent.ledger.count("number.status_changed") == 1

    await resolve(second, ResolutionAction.RETRY)

    done = await asyncio.wait_for(second.result(), TEST_TIMEOUT)
    assert done.lines[0].phone_number == bought_on(harness)[1]


class TestSlowInventory:
    @pytest.fixture
    def settings(self) -> ActivitySettings:
        """The inventory is read once before this has passed, however slow this machine is."""
        return replace(SETTINGS, purchase_lag=timedelta(seconds=3))

    async def test_number_that_appears_late_on_the_sim_of_a_terminated_line_is_found(
        self, harness: Harness
    ) -> None:
        gate = harness.telegent.gates.close(BUY, "after")
        first = await harness.onboard(request(1))
        await gate.reached()
        number = bought_on(harness)[0]
        hidden = harness.telegent.state.numbers.pop(number)
        for workflow_id in (f"{first.id}:line-first", first.id):
            await harness.temporal.get_workflow_handle(workflow_id).terminate()
        gate.release()
        lookup = harness.telegent.gates.close("GET /v1.0/numbers", "after")
        second = await harness.onboard(request(2))
        await lookup.reached()
        harness.telegent.state.numbers[number] = hidden
        lookup.release()

        await escalated(second, f"already carries {number}")
        await abandoned(second)
        assert bought_on(harness) == [number]


@pytest.mark.parametrize("kind", ["drop_response", "error_before"])
async def test_purchase_whose_response_is_lost_is_found_on_the_sim(
    harness: Harness, kind: FaultKind
) -> None:
    harness.telegent.faults.add(Fault(match=BUY, kind=kind))

    assert (await onboard(harness, request(1))).complete

    assert len(bought_on(harness)) == 1
    second = await harness.onboard(request(2))
    await escalated(second, "already carries")
    await abandoned(second)
    assert len(bought_on(harness)) == 1


@pytest.mark.parametrize("before", [None, "buy_number"])
async def test_line_that_is_reset_keeps_its_sim(harness: Harness, before: str | None) -> None:
    gate = harness.telegent.gates.close("POST /v1.0/subscriptions", "before")
    first = await harness.onboard(request(1))
    await gate.reached()
    line_workflow = f"{first.id}:line-first"

    run_id = await reset(harness, line_workflow, before)
    gate.release()
    handle = harness.temporal.get_workflow_handle(line_workflow, run_id=run_id)
    await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert len(bought_on(harness)) == 1
    assert harness.telegent.ledger.count("subscription.created") == 1


async def test_run_after_a_termination_continues_on_its_sim(harness: Harness) -> None:
    gate = harness.telegent.gates.close("POST /v1.0/subscriptions", "before")
    first = await harness.onboard(request(1))
    await gate.reached()
    for workflow_id in (f"{first.id}:line-first", first.id):
        await harness.temporal.get_workflow_handle(workflow_id).terminate()
    gate.release()

    assert (await onboard(harness, request(1))).complete
    assert len(bought_on(harness)) == 1


async def test_port_in_waits_for_another_sim_while_a_line_uses_the_one_it_names(
    harness: Harness,
) -> None:
    gate = harness.telegent.gates.close(BUY, "before")
    first = await harness.onboard(request(1))
    await gate.reached()

    ported = await start(harness, iccid=SIM)

    status = await until(ported, PortState.INFO_REQUIRED)
    assert status.fields_to_correct == ["iccid"]
    assert any(first.id in entry.event for entry in status.timeline)
    gate.release()
    await asyncio.wait_for(first.result(), TEST_TIMEOUT)
    await ported.correct(PortInCorrection(iccid=SIM, by="desk"))
    carries = f"already carries {bought_on(harness)[0]}"
    await until(ported, lambda now: any(carries in entry.event for entry in now.timeline))
    await ported.correct(PortInCorrection(iccid=OTHER_SIM, by="desk"))
    assert (await asyncio.wait_for(ported.result(), TEST_TIMEOUT)).state is PortState.COMPLETED


@pytest.mark.parametrize("ended", ["terminated", "open"])
async def test_sim_of_a_port_in_is_refused_to_a_line_and_to_another_port_in(
    harness: Harness, ended: str
) -> None:
    harness.telegent.carrier.set_record(PORTED, CarrierRecord(script="silent"))
    onboarding = single(
        "port",
        lines=[line("first", "one", number={"kind": "port_in"} | port_in(PORTED, iccid=SIM))],
    )
    first = await harness.onboard(onboarding)
    workflow_id = await wait_until(lambda: port_in_of(first))
    owner = harness.temporal.get_workflow_handle(workflow_id)
    await wait_until(lambda: harness.telegent.ledger.count("portin.submitted"))
    if ended == "terminated":
        # The port-in outlives the onboarding that started it.
        await harness.temporal.get_workflow_handle(first.id).terminate()

    second = await harness.onboard(request(2))
    third = await start(harness, phone_number=OTHER_PORTED, iccid=SIM)

    assert owner.id in (await escalated(second, "is open")).evidence[0]
    status = await until(third, PortState.INFO_REQUIRED)
    assert status.fields_to_correct == ["iccid"]
    await abandoned(second)
    assert bought_on(harness) == []
    assert harness.telegent.ledger.count("portin.submitted") == 1


async def port_in_of(handle: OnboardingHandle) -> Any:
    lines = (await handle.progress()).lines
    return lines["first"].result.port_in_workflow_id if "first" in lines else None
