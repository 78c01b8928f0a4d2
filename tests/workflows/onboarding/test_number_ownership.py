"""Which number belongs to a line when other purchases or an earlier run bought numbers too."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError

from simulator import CarrierSetup, Fault, SimulatorOptions
from telegent_orchestrator.client import OnboardingHandle
from telegent_orchestrator.names import ONBOARDING_WORKFLOW, TASK_QUEUE
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.progress import Escalation, Resolution, ResolutionAction
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.harness.payloads import line, new_subscriber, single
from tests.harness.resets import delete
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from workflows.sims import claim_workflow
from workflows.support import exactly_once

BUY = "POST /v1.0/numbers/provision"
INVENTORY = "GET /v1.0/numbers/inventory"
SIM = "8901240397190195850"


async def escalation(handle: OnboardingHandle, fits: Callable[[Escalation], bool]) -> Escalation:
    """What the line `first` asks."""
    async with asyncio.timeout(TEST_TIMEOUT):
        while True:
            now = await handle.progress()
            escalations = now.lines["first"].escalations if "first" in now.lines else []
            if escalations and fits(escalations[0]):
                return escalations[0]
            await asyncio.sleep(0.05)


def resolution(action: ResolutionAction, number: str | None = None) -> Resolution:
    return Resolution(
        step="Number", action=action, id=number, by="operator", reason="seen in portal"
    )


def numbers(harness: Harness) -> list[str]:
    return [row.data["number"] for row in harness.telegent.ledger.by_kind("number.provisioned")]


async def existing(harness: Harness, **changes: Any) -> OnboardingRequest:
    """A request for one more line of a customer who is there already, with one number."""
    first = await harness.onboard(single())
    done = await first.result()
    return single(
        "more-1",
        account={"account_id": done.account_id},
        subscribers=[{"key": "one", "subscriber_id": done.subscriber_ids["one"]}],
        routes={
            "message": {"message_route_id": done.message_route_id},
            "voice": {"voice_route_id": done.voice_route_id},
        },
        products=[],
        packages=[{"key": "plan", "package_id": done.package_ids["plan"]}],
        **changes,
    )


async def test_number_of_another_onboarding_is_not_adopted(harness: Harness) -> None:
    request = await existing(harness)
    purchase = harness.telegent.gates.close(BUY, "before")
    other = await harness.onboard(request.model_copy(update={"reference": "more-2"}))
    await purchase.reached()
    harness.telegent.faults.add(Fault(match=BUY, kind="error_before"))
    before_buying = harness.telegent.gates.close(INVENTORY, "before")
    lost = await harness.onboard(request)
    await before_buying.reached()
    lookup = harness.telegent.gates.close(INVENTORY, "before")
    before_buying.release()
    await lookup.reached()
    purchase.release()
    assert (await other.result()).complete
    lookup.release()

    escalations = await escalation(lost, lambda found: True)

    bought = numbers(harness)
    assert len(bought) == 2
    assert bought[1] in " ".join(escalations.evidence)
    await lost.resolve(resolution(ResolutionAction.RETRY), line="first")
    assert (await lost.result()).lines[0].phone_number not in bought


async def test_number_outside_the_inventory_escalates_again(harness: Harness) -> None:
    harness.telegent.faults.add(Fault(match=BUY, kind="error_before", times=2))
    handle = await harness.onboard(single())
    await escalation(handle, lambda found: True)

    await handle.resolve(resolution(ResolutionAction.ADOPT, "+18015559999"), line="first")

    again = await escalation(handle, lambda found: "not in our inventory" in found.evidence[-1])
    assert "+18015559999" in again.evidence[-1]
    await handle.resolve(resolution(ResolutionAction.RETRY), line="first")
    assert (await handle.result()).complete
    assert len(numbers(harness)) == 1


class TestSlowOrders:
    @pytest.fixture
    def options(self) -> SimulatorOptions:
        pending = SETTINGS.purchase_lag.total_seconds() / 2
        return SimulatorOptions(
            carrier=CarrierSetup(timings=FAST_TIMINGS), async_provisioning=pending
        )

    async def test_run_after_termination_buys_no_second_number(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # How long a call of the run that was ended may still have been under way.
        monkeypatch.setattr(exactly_once, "VENDOR_CALL_TIMEOUT", timedelta(seconds=1))
        handle = await harness.onboard(single())
        await wait_until(
            lambda: any(call.path == BUY.split()[1] for call in harness.telegent.requests)
        )
        workflow = harness.temporal.get_workflow_handle(handle.id)
        await harness.temporal.get_workflow_handle(f"{handle.id}:line-first").terminate()
        await workflow.terminate()

        again = await harness.onboard(single())

        assert (await again.result()).complete
        assert len(numbers(harness)) == 1


async def test_released_number_of_a_sim_is_not_reused(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim_workflow, "VENDOR_CALL_TIMEOUT", timedelta(0))
    request = single(
        lines=[line("first", "one", number={"kind": "new", "iccid": SIM})],
    )
    gate = harness.telegent.gates.close("POST /v1.0/subscriptions", "before")
    handle = await harness.onboard(request)
    await gate.reached()
    await handle.cancel()
    await harness.cancel_delivered(f"{handle.id}:line-first")
    gate.release()
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert harness.telegent.ledger.count("number.status_changed") == 1

    done = await (await harness.onboard(request)).result()

    assert len(numbers(harness)) == 2
    assert done.lines[0].phone_number == numbers(harness)[1]


async def test_cancel_keeps_relations_that_existed_before(harness: Harness) -> None:
    subscribers = [new_subscriber("mother", guardian=True), new_subscriber("child", guardian=True)]
    relations = [{"parent": "mother", "child": "child", "relation": "Parent"}]
    before = await (
        await harness.onboard(single(subscribers=subscribers, relations=relations, lines=[]))
    ).result()
    ids = before.subscriber_ids
    again = single(
        "again-1",
        subscribers=[
            {"key": key, "subscriber_id": ids[key], "guardian": True} for key in ("mother", "child")
        ],
        relations=relations,
        lines=[line("first", "child")],
    )
    # Before the first number: after it, a cancel keeps what the account has.
    gate = harness.telegent.gates.close(INVENTORY, "before")
    handle = await harness.onboard(again)
    await gate.reached()
    await handle.cancel()
    await harness.cancel_delivered(f"{handle.id}:line-first")
    gate.release()
    with pytest.raises(WorkflowFailureError):
        await handle.result()

    assert harness.telegent.ledger.count("guardian.relation_deleted") == 0


async def test_number_bought_days_before_the_database_was_lost_is_found(
    harness: Harness,
) -> None:
    handle = await harness.onboard(single())
    first = await handle.result()
    for number in harness.telegent.state.numbers.values():
        number.purchased -= timedelta(days=3)
    # As if Temporal's database had been lost.
    for workflow_id in (handle.id, f"{handle.id}:line-first"):
        await delete(harness, workflow_id)
    # As the runbook prepares it.
    placeholder = await harness.temporal.start_workflow(
        ONBOARDING_WORKFLOW, id=handle.id, task_queue=TASK_QUEUE, start_delay=timedelta(hours=1)
    )
    await placeholder.terminate()

    again = await (await harness.onboard(single())).result()

    assert again.complete
    assert again.lines[0].phone_number == first.lines[0].phone_number
    assert again.lines[0].subscription_id == first.lines[0].subscription_id
    assert len(numbers(harness)) == 1
