"""Onboardings on a real Temporal server, judged by the simulator's ledger."""

import asyncio
import contextlib
from collections import Counter

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from simulator import (
    CarrierRecord,
    CarrierSetup,
    Fault,
    Simulator,
    SimulatorOptions,
)
from simulator.engine.faults import FaultKind
from telegent_orchestrator import names
from telegent_orchestrator.client import NotTakenError, OnboardingHandle, OnboardingIncompleteError
from telegent_orchestrator.names import line_id
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.port_in import NumberBinding, PortInDetails, PortInRequest
from telegent_orchestrator.progress import Answer, Resolution, StepState
from tests.harness import QUICK, House
from tests.payloads import ACCOUNT, line, person, port_in, single
from tests.timeouts import PATIENCE

FAMILY_LEDGER = {
    "account.created": 1,
    "subscriber.created": 3,
    "message_route.created": 1,
    "voice_route.created": 1,
    "product.created": 2,
    "package.created": 1,
    "package_item.created": 2,
    "number.provisioned": 2,
    "portin.submitted": 1,
    "portin.completed": 1,
    "number.updated": 1,
    "subscription.created": 3,
    "data_limits.set": 3,
    "renewal.set": 3,
    "guardian.features_set": 2,
    "guardian.related": 1,
    "call_filter.created": 1,
    "message_filter.created": 1,
}
SINGLE_LEDGER = {
    "account.created": 1,
    "subscriber.created": 1,
    "message_route.created": 1,
    "voice_route.created": 1,
    "product.created": 1,
    "package.created": 1,
    "package_item.created": 1,
    "number.provisioned": 1,
    "subscription.created": 1,
}
CREATES = (
    "POST /v1.0/account/create",
    "POST /v1.0/subscribers/create",
    "POST /v1.0/message/routes",
    "POST /v1.0/voice/routes",
    "POST /v1.0/products",
    "POST /v1.0/packages",
    "POST /v1.0/numbers/provision",
    "POST /v1.0/subscriptions",
    "POST /v1.0/subscribers/guardians/relation",
    "POST /v1.0/subscribers/call-filter",
    "POST /v1.0/subscribers/message-filter",
)


def counted(simulator: Simulator) -> Counter[str]:
    return Counter(row.kind for row in simulator.ledger.rows)


async def onboard(house: House, request: OnboardingRequest) -> OnboardingResult:
    handle = await house.onboard(request)
    return await asyncio.wait_for(handle.result(), PATIENCE)


async def test_a_family_goes_live_with_each_thing_made_once(
    house: House, family: OnboardingRequest
) -> None:
    result = await onboard(house, family)

    assert result.complete
    assert counted(house.telegent) == FAMILY_LEDGER
    manager, child, partner = result.lines
    assert (manager.activation_code or "").startswith("LPA:1$")
    assert child.iccid == "8901240397190195850"
    assert partner.phone_number == "+18015550142"
    assert all(row.subscription_id for row in result.lines)


async def test_the_family_spends_the_documented_minimum_of_calls(
    house: House, family: OnboardingRequest
) -> None:
    await onboard(house, family)

    polls = sum(entry.path == "/v1.0/numbers/order" for entry in house.telegent.requests)
    # docs/reference/api-budget.md: 14 for account, subscribers, routes, catalogue; 4 + 6 + 8 for
    # the three lines, the port-in not being corrected here.
    assert house.telegent.api_calls - polls == 32
    endpoints = {entry.path for entry in house.telegent.requests if not entry.is_token}
    assert house.telegent.token_calls <= len(endpoints)


async def test_what_is_given_by_id_is_used_and_not_created(house: House) -> None:
    first = await onboard(house, single())
    made = counted(house.telegent)

    await onboard(
        house,
        single(
            "single-2",
            account={"account_id": first.account_id},
            subscribers=[{"key": "one", "subscriber_id": first.subscriber_ids["one"]}],
            routes={
                "message": {"message_route_id": first.message_route_id},
                "voice": {"voice_route_id": first.voice_route_id},
            },
            products=[],
            packages=[{"key": "plan", "package_id": first.package_ids["plan"]}],
        ),
    )

    assert counted(house.telegent) - made == {"number.provisioned": 1, "subscription.created": 1}


async def test_a_second_start_with_the_same_reference_joins_the_first(house: House) -> None:
    both = await asyncio.gather(onboard(house, single()), onboard(house, single()))
    after = await onboard(house, single())

    assert both[0] == both[1] == after
    assert counted(house.telegent) == SINGLE_LEDGER


async def test_the_catalogue_is_shared_by_sku_and_name(house: House) -> None:
    first = await onboard(house, single("single-1"))
    second = await onboard(
        house, single("single-2", subscribers=[person("one", email="other@example.com")])
    )

    assert second.product_ids == first.product_ids
    assert second.package_ids == first.package_ids
    assert house.telegent.ledger.count("product.created") == 1


TROUBLE: list[tuple[FaultKind, int]] = [
    ("lose", 500),
    ("error_after", 503),
    ("error_before", 504),
    ("refuse", 500),
    ("html", 500),
]


@pytest.mark.parametrize("call", CREATES)
async def test_a_lost_answer_makes_nothing_twice(
    house: House, family: OnboardingRequest, call: str
) -> None:
    house.telegent.faults.add(Fault(match=call, kind="lose"))

    result = await onboard(house, family)

    assert result.complete
    assert counted(house.telegent) == FAMILY_LEDGER


@pytest.mark.parametrize(("kind", "status"), TROUBLE)
async def test_trouble_at_every_create_makes_each_thing_once(
    house: House, family: OnboardingRequest, kind: FaultKind, status: int
) -> None:
    for call in CREATES:
        house.telegent.faults.add(Fault(match=call, kind=kind, status=status))

    result = await onboard(house, family)

    assert result.complete
    assert counted(house.telegent) == FAMILY_LEDGER


async def test_a_rate_limited_create_is_tried_again_and_not_looked_for(house: House) -> None:
    house.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/provision", kind="429", retry_after=1)
    )

    result = await onboard(house, single())

    assert result.complete
    assert counted(house.telegent) == SINGLE_LEDGER
    assert not any(entry.path == "/v1.0/numbers/inventory" for entry in house.telegent.requests)


async def test_lines_with_the_same_limits_share_one_call(house: House) -> None:
    same = {"data_limits": {"limit_mb": 500}, "renewal": {"day": 3}}
    request = single(
        subscribers=[person("one"), person("two"), person("three")],
        lines=[
            line("first", "one", **same),
            line("second", "two", **same),
            line("third", "three", **same | {"data_limits": {"limit_mb": 900}}),
        ],
    )

    result = await onboard(house, request)

    numbers = {row.key: row.phone_number for row in result.lines}
    limited = {
        row.data["number"]: row.data["LimitValue"]
        for row in house.telegent.ledger.of("data_limits.set")
    }
    assert limited == {numbers["first"]: 500, numbers["second"]: 500, numbers["third"]: 900}
    assert house.telegent.ledger.count("renewal.set") == 3
    calls = Counter(entry.path for entry in house.telegent.requests)
    assert calls["/v1.0/numbers/data-usage"] == 2
    assert calls["/v1.0/numbers/data-usage/update-renewal-info"] == 1


async def test_two_lines_of_one_subscriber_never_take_each_others_number(house: House) -> None:
    house.telegent.faults.add(Fault(match="POST /v1.0/numbers/provision", kind="lose", times=2))

    result = await onboard(
        house, single(lines=[line("first", "one"), line("second", "one"), line("third", "one")])
    )

    numbers = [row.phone_number for row in result.lines]
    assert len(set(numbers)) == 3
    assert house.telegent.ledger.count("number.provisioned") == 3
    assert house.telegent.ledger.count("subscription.created") == 3


async def test_a_create_that_stays_unanswered_waits_for_a_person(house: House) -> None:
    house.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/provision", kind="error_before", times=2)
    )
    handle = await house.onboard(single())
    progress = await handle.progress()
    async for now in handle.watch():
        progress = now
        asked = progress.lines.get("first") and progress.lines["first"].questions
        if asked and progress.onboarding.lines[0].state is StepState.NEEDS_PERSON:
            break

    question = progress.lines["first"].questions[0]
    assert question.step == "Number"
    assert len(question.evidence) == 2
    assert "500" in question.evidence[0]
    assert progress.onboarding.lines[0].state is StepState.NEEDS_PERSON
    await handle.resolve(
        Resolution(step="Number", answer=Answer.RETRY, by="desk", reason="the vendor is back"),
        line="first",
    )
    result = await handle.result()

    assert result.complete
    assert counted(house.telegent) == SINGLE_LEDGER


async def test_a_person_can_name_the_thing_that_exists(house: House) -> None:
    there = await onboard(house, single("made-elsewhere", lines=[]))
    house.telegent.faults.add(
        Fault(match="POST /v1.0/account/create", kind="error_before", times=2)
    )
    handle = await house.onboard(
        single("single-2", subscribers=[person("one", email="other@example.com")], lines=[])
    )
    async for now in handle.watch():
        if now.onboarding.questions:
            break
    with pytest.raises(NotTakenError, match="waiting: 'Account'"):
        await handle.resolve(
            Resolution(step="Number", answer=Answer.RETRY, by="desk", reason="a slip")
        )
    await handle.resolve(
        Resolution(
            step="Account", answer=Answer.ADOPT, id=there.account_id, by="desk", reason="seen it"
        )
    )

    assert (await handle.result()).account_id == there.account_id
    assert house.telegent.ledger.count("account.created") == 1


async def test_one_failing_line_stops_no_other_and_a_new_run_finishes_it(house: House) -> None:
    number = "+18015550142"
    house.telegent.carrier.set(number, CarrierRecord(eligible=False))
    request = single(
        subscribers=[person("one"), person("two")],
        lines=[line("first", "one"), line("ported", "two", number=port_in() | {"kind": "port_in"})],
    )
    with pytest.raises(OnboardingIncompleteError) as caught:
        await onboard(house, request)
    live, failed = caught.value.result.lines
    assert (live.state, failed.state) == (StepState.DONE, StepState.FAILED)
    assert "INELIGIBLE" in failed.detail
    made = counted(house.telegent)

    house.telegent.carrier.set(number, CarrierRecord(eligible=True))
    result = await onboard(house, request)

    assert result.complete
    assert result.lines[0] == live
    assert counted(house.telegent) - made == {
        "portin.submitted": 1,
        "portin.completed": 1,
        "number.updated": 1,
        "subscription.created": 1,
    }


async def test_a_refused_subscriber_stops_only_its_own_line(house: House) -> None:
    await onboard(house, single("earlier", lines=[]))
    request = single(
        "single-2",
        account={"name": "Another", "billing_address": ACCOUNT["billing_address"]},
        subscribers=[person("one"), person("two")],
        lines=[line("first", "one"), line("second", "two")],
    )

    with pytest.raises(OnboardingIncompleteError) as caught:
        await onboard(house, request)

    first, second = caught.value.result.lines
    assert "there is no subscriber one" in first.detail
    assert second.state is StepState.DONE
    assert any("belongs to subscriber" in fault for fault in caught.value.result.faults)


async def test_a_level_that_no_field_carries_is_refused_before_any_call(house: House) -> None:
    request = single(
        subscribers=[person("one", guardian=True)],
        lines=[line("first", "one", message_filter={"level": "CHILD"})],
    )

    with pytest.raises(WorkflowFailureError) as caught:
        await onboard(house, request)

    assert isinstance(caught.value.cause, ApplicationError)
    assert "TELEGENT_MESSAGE_LEVEL_FIELD" in caught.value.cause.message
    assert not house.telegent.requests


async def test_a_payload_that_is_no_request_fails_readable_and_spends_nothing(
    house: House,
) -> None:
    handle = await house.temporal.start_workflow(
        names.ONBOARDING_WORKFLOW,
        {"reference": "not a reference", "subscribers": []},
        id=names.onboarding_id("broken"),
        task_queue=names.TASK_QUEUE,
    )

    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()

    words = str(caught.value.cause)
    assert "reference" in words
    assert "routes" in words
    assert not house.telegent.requests


async def joined(house: House, handle: OnboardingHandle) -> None:
    """Returns when the line "ported" waits for a port-in that was open before."""
    async with asyncio.timeout(PATIENCE):
        while True:
            reference = (await handle.status()).reference
            workflow = house.temporal.get_workflow_handle(line_id(reference, "ported"))
            with contextlib.suppress(RPCError):
                pending = (await workflow.describe()).raw_description.pending_activities
                if any(waits.activity_type.name == "await_port_in" for waits in pending):
                    return
            await asyncio.sleep(0.05)


class TestAPortInThatWasOpenBefore:
    @pytest.fixture
    def options(self) -> SimulatorOptions:
        return SimulatorOptions(carrier=CarrierSetup(timings=QUICK), manual_clock=True)

    async def test_a_port_in_outlives_its_onboarding_and_the_next_run_joins_it(
        self, house: House
    ) -> None:
        number = port_in() | {"kind": "port_in"}
        request = single(lines=[line("ported", "one", number=number)])
        handle = await house.onboard(request)
        async for now in handle.watch():
            if now.ports and now.ports["ported"].order_id:
                break
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()

        port_id = house.orchestrator.port_in(number["phone_number"]).id
        port = house.temporal.get_workflow_handle(port_id)
        assert (await port.describe()).status == WorkflowExecutionStatus.RUNNING
        again = await house.onboard(request)
        await joined(house, again)
        house.let_pass(QUICK.complete_after)
        result = await asyncio.wait_for(again.result(), PATIENCE)

        assert result.complete
        assert house.telegent.ledger.count("portin.submitted") == 1
        assert house.telegent.ledger.count("subscriber.created") == 1

    async def test_a_port_in_that_was_started_alone_is_put_into_service_by_its_line(
        self, house: House
    ) -> None:
        details = PortInDetails.model_validate(port_in())
        await house.orchestrator.start_port_in(PortInRequest(details=details))
        number = port_in() | {"kind": "port_in"}

        handle = await house.onboard(single(lines=[line("ported", "one", number=number)]))
        await joined(house, handle)
        house.let_pass(QUICK.complete_after)
        result = await asyncio.wait_for(handle.result(), PATIENCE)

        assert result.complete
        assert house.telegent.ledger.count("portin.submitted") == 1
        [bound] = house.telegent.ledger.of("number.updated")
        assert result.subscriber_ids["one"] in map(str, bound.data.values())

    async def test_a_number_that_is_ported_for_another_is_not_taken(self, house: House) -> None:
        people = [person("one", email="other@example.com")]
        there = await onboard(house, single("other", subscribers=people, lines=[]))
        owner = there.subscriber_ids["one"]
        other = NumberBinding(
            account_id=there.account_id,
            subscriber_id=owner,
            product_type="Sms-Only",
            message_type="p2p",
            message_route_id=there.message_route_id,
        )
        details = PortInDetails.model_validate(port_in())
        await house.orchestrator.start_port_in(PortInRequest(details=details, bind=other))
        number = port_in() | {"kind": "port_in"}

        handle = await house.onboard(single(lines=[line("ported", "one", number=number)]))
        await joined(house, handle)
        house.let_pass(QUICK.complete_after)
        with pytest.raises(OnboardingIncompleteError, match=f"to subscriber {owner}"):
            await asyncio.wait_for(handle.result(), PATIENCE)

        assert house.telegent.ledger.count("number.updated") == 1
        assert house.telegent.ledger.count("subscription.created") == 0


class TestAsynchronousProvisioning:
    @pytest.fixture
    def options(self) -> SimulatorOptions:
        return SimulatorOptions(async_provisioning=0.5)

    @pytest.mark.parametrize("kind", ["slow", "lose"])
    async def test_the_number_is_waited_for(self, house: House, kind: FaultKind) -> None:
        house.telegent.faults.add(
            Fault(match="POST /v1.0/numbers/provision", kind=kind, seconds=0.1)
        )

        result = await onboard(house, single())

        assert result.complete
        assert result.lines[0].number_id
        assert (result.lines[0].activation_code or "").startswith("LPA:1$")
        assert house.telegent.ledger.count("number.provisioned") == 1
