"""Which number counts as a line's own, when somebody else buys too or an earlier run did."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError

from simulator import CarrierSetup, Fault, SimulatorOptions
from telegent_orchestrator.client import OnboardingHandle
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.progress import Answer, Question, Resolution
from tests.harness import QUICK, House
from tests.payloads import line, person, single
from tests.timeouts import PATIENCE
from workflows.support import activity_options

BUY = "POST /v1.0/numbers/provision"
INVENTORY = "GET /v1.0/numbers/inventory"
SIM = "8901240397190195850"


async def question(handle: OnboardingHandle, fits: Callable[[Question], bool]) -> Question:
    """What the line `first` asks."""
    async with asyncio.timeout(PATIENCE):
        while True:
            now = await handle.progress()
            asked = now.lines["first"].questions if "first" in now.lines else []
            if asked and fits(asked[0]):
                return asked[0]
            await asyncio.sleep(0.05)


def answered(answer: Answer, number: str | None = None) -> Resolution:
    return Resolution(step="Number", answer=answer, id=number, by="desk", reason="seen in portal")


def numbers(house: House) -> list[str]:
    return [row.data["number"] for row in house.telegent.ledger.of("number.provisioned")]


async def existing(house: House, **changes: Any) -> OnboardingRequest:
    """A request for one more line of a customer who is there already, with one number."""
    first = await house.onboard(single())
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


async def test_a_number_that_another_onboarding_bought_is_not_adopted(house: House) -> None:
    request = await existing(house)
    house.telegent.faults.add(Fault(match=BUY, kind="error_before"))
    before_buying = house.telegent.gates.close(INVENTORY, "before")
    lost = await house.onboard(request)
    await before_buying.reached()
    look = house.telegent.gates.close(INVENTORY, "before")
    before_buying.release()
    await look.reached()
    other = await house.onboard(request.model_copy(update={"reference": "more-2"}))
    assert (await other.result()).complete
    look.release()

    asked = await question(lost, lambda found: True)

    bought = numbers(house)
    assert len(bought) == 2
    assert bought[1] in " ".join(asked.evidence)
    await lost.resolve(answered(Answer.RETRY), line="first")
    assert (await lost.result()).lines[0].phone_number not in bought


async def test_a_number_named_by_mistake_is_asked_for_again(house: House) -> None:
    house.telegent.faults.add(Fault(match=BUY, kind="error_before", times=2))
    handle = await house.onboard(single())
    await question(handle, lambda found: True)

    await handle.resolve(answered(Answer.ADOPT, "+18015559999"), line="first")

    again = await question(handle, lambda found: "not in our inventory" in found.evidence[-1])
    assert "+18015559999" in again.evidence[-1]
    await handle.resolve(answered(Answer.RETRY), line="first")
    assert (await handle.result()).complete
    assert len(numbers(house)) == 1


class TestSlowOrders:
    @pytest.fixture
    def options(self) -> SimulatorOptions:
        return SimulatorOptions(carrier=CarrierSetup(timings=QUICK), async_provisioning=0.4)

    async def test_a_run_right_after_one_that_was_ended_buys_no_second_number(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # How long a call of the run that was ended may still have been under way.
        monkeypatch.setattr(activity_options, "CALL", timedelta(seconds=1))
        handle = await house.onboard(single())
        async with asyncio.timeout(PATIENCE):
            while not any(call.path == BUY.split()[1] for call in house.telegent.requests):
                await asyncio.sleep(0.01)
        workflow = house.temporal.get_workflow_handle(handle.id)
        await house.temporal.get_workflow_handle(f"{handle.id}-line-first").terminate()
        await workflow.terminate()

        again = await house.onboard(single())

        assert (await again.result()).complete
        assert len(numbers(house)) == 1


async def test_a_sims_number_that_was_given_up_is_not_taken_again(house: House) -> None:
    request = single(
        lines=[line("first", "one", number={"kind": "new", "iccid": SIM})],
    )
    gate = house.telegent.gates.close("POST /v1.0/subscriptions", "before")
    handle = await house.onboard(request)
    await gate.reached()
    await handle.cancel()
    await asyncio.sleep(0.5)
    gate.release()
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert house.telegent.ledger.count("number.status_changed") == 1

    done = await (await house.onboard(request)).result()

    assert len(numbers(house)) == 2
    assert done.lines[0].phone_number == numbers(house)[1]


async def test_what_was_related_before_stays_related_after_a_cancel(house: House) -> None:
    people = [person("mother", guardian=True), person("child", guardian=True)]
    relations = [{"parent": "mother", "child": "child", "relation": "Parent"}]
    before = await (
        await house.onboard(single(subscribers=people, relations=relations, lines=[]))
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
    gate = house.telegent.gates.close(BUY, "before")
    handle = await house.onboard(again)
    await gate.reached()
    await handle.cancel()
    await asyncio.sleep(0.5)
    gate.release()
    with pytest.raises(WorkflowFailureError):
        await handle.result()

    assert house.telegent.ledger.count("guardian.relation_deleted") == 0
