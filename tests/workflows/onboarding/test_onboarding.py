"""Onboardings on a real Temporal server, judged by the simulator's ledger."""

import asyncio
from collections import Counter

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from simulator import CarrierRecord, Fault
from simulator.engine.faults import FaultKind
from telegent_orchestrator import names
from telegent_orchestrator.client import MessageRejectedError, OnboardingIncompleteError
from telegent_orchestrator.names import line_id
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.progress import Resolution, ResolutionAction, StepState
from tests.harness import Harness
from tests.harness.details_pages import read_details_page
from tests.harness.payloads import ACCOUNT, line, new_subscriber, port_in, single
from tests.harness.tiers import sampled
from tests.harness.waiting import wait_until
from tests.workflows.onboarding.ledgers import (
    CREATES,
    FAMILY_LEDGER,
    SINGLE_LEDGER,
    counted,
    onboard,
)


async def test_family_onboarding_creates_each_resource_once(
    harness: Harness, family: OnboardingRequest
) -> None:
    result = await onboard(harness, family)

    assert result.complete
    assert counted(harness.telegent) == FAMILY_LEDGER
    manager, child, partner = result.lines
    assert (manager.activation_code or "").startswith("LPA:1$")
    assert child.iccid == "8901240397190195850"
    assert partner.phone_number == "+18015550142"
    assert (partner.activation_code or "").startswith("LPA:1$")
    page = await read_details_page(harness.temporal, line_id(result.reference, partner.key))
    assert f"\n{partner.activation_code}\n" in page
    assert all(row.subscription_id for row in result.lines)


async def test_family_onboarding_sends_the_documented_number_of_calls(
    harness: Harness, family: OnboardingRequest
) -> None:
    await onboard(harness, family)

    polls = sum(entry.path == "/v1.0/numbers/order" for entry in harness.telegent.requests)
    # docs/reference/api-budget.md: 14 for account, subscribers, routes, catalogue; 5 + 8 + 9 for
    # the three lines, the port-in not being corrected here.
    assert harness.telegent.api_calls - polls == 36
    endpoints = {entry.path for entry in harness.telegent.requests if not entry.is_token}
    assert harness.telegent.token_calls <= len(endpoints)


async def test_resources_given_by_id_are_not_created(harness: Harness) -> None:
    first = await onboard(harness, single())
    before = counted(harness.telegent)

    await onboard(
        harness,
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

    assert counted(harness.telegent) - before == {
        "number.provisioned": 1,
        "subscription.created": 1,
    }


async def test_start_with_the_same_reference_joins(harness: Harness) -> None:
    both = await asyncio.gather(onboard(harness, single()), onboard(harness, single()))
    after = await onboard(harness, single())

    assert both[0] == both[1] == after
    assert counted(harness.telegent) == SINGLE_LEDGER


async def test_existing_products_and_packages_are_reused(harness: Harness) -> None:
    first = await onboard(harness, single("single-1"))
    second = await onboard(
        harness, single("single-2", subscribers=[new_subscriber("one", email="other@example.com")])
    )

    assert second.product_ids == first.product_ids
    assert second.package_ids == first.package_ids
    assert harness.telegent.ledger.count("product.created") == 1


FAULTS: list[tuple[FaultKind, int]] = [
    ("drop_response", 500),
    ("error_after", 503),
    ("error_before", 504),
    ("refuse_connection", 500),
    ("html", 500),
]


@pytest.mark.resilience
@pytest.mark.parametrize("call", CREATES)
async def test_lost_create_response_creates_nothing_twice(
    harness: Harness, family: OnboardingRequest, call: str
) -> None:
    harness.telegent.faults.add(Fault(match=call, kind="drop_response"))

    result = await onboard(harness, family)

    assert result.complete
    assert counted(harness.telegent) == FAMILY_LEDGER


@pytest.mark.parametrize(("kind", "status"), sampled(*FAULTS))
async def test_faults_at_all_creates_create_each_resource_once(
    harness: Harness, family: OnboardingRequest, kind: FaultKind, status: int
) -> None:
    for call in CREATES:
        harness.telegent.faults.add(Fault(match=call, kind=kind, status=status))

    result = await onboard(harness, family)

    assert result.complete
    assert counted(harness.telegent) == FAMILY_LEDGER


async def test_rate_limited_create_is_repeated_without_lookup(harness: Harness) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/provision", kind="429", retry_after=1)
    )

    result = await onboard(harness, single())

    assert result.complete
    assert counted(harness.telegent) == SINGLE_LEDGER
    assert not any(entry.path == "/v1.0/numbers/inventory" for entry in harness.telegent.requests)


async def test_lines_with_equal_data_limits_share_one_call(harness: Harness) -> None:
    same = {"data_limits": {"limit_mb": 500}, "renewal": {"day": 3}}
    request = single(
        subscribers=[new_subscriber("one"), new_subscriber("two"), new_subscriber("three")],
        lines=[
            line("first", "one", **same),
            line("second", "two", **same),
            line("third", "three", **same | {"data_limits": {"limit_mb": 900}}),
        ],
    )

    result = await onboard(harness, request)

    numbers = {row.key: row.phone_number for row in result.lines}
    limited = {
        row.data["number"]: row.data["LimitValue"]
        for row in harness.telegent.ledger.by_kind("data_limits.set")
    }
    assert limited == {numbers["first"]: 500, numbers["second"]: 500, numbers["third"]: 900}
    assert harness.telegent.ledger.count("renewal.set") == 3
    calls = Counter(entry.path for entry in harness.telegent.requests)
    assert calls["/v1.0/numbers/data-usage"] == 2
    assert calls["/v1.0/numbers/data-usage/update-renewal-info"] == 1


async def test_lines_of_one_subscriber_keep_their_own_numbers(harness: Harness) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/provision", kind="drop_response", times=2)
    )

    result = await onboard(
        harness, single(lines=[line("first", "one"), line("second", "one"), line("third", "one")])
    )

    numbers = [row.phone_number for row in result.lines]
    assert len(set(numbers)) == 3
    assert harness.telegent.ledger.count("number.provisioned") == 3
    assert harness.telegent.ledger.count("subscription.created") == 3


async def test_create_without_response_escalates(harness: Harness) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/provision", kind="error_before", times=2)
    )
    handle = await harness.onboard(single())
    progress = await handle.progress()
    async for now in handle.watch():
        progress = now
        escalations = progress.lines.get("first") and progress.lines["first"].escalations
        if escalations and progress.onboarding.lines[0].state is StepState.NEEDS_OPERATOR:
            break

    escalation = progress.lines["first"].escalations[0]
    assert escalation.step == "Number"
    assert "No response 2 times, and Telegent does not list it" in escalation.message
    assert len(escalation.evidence) == 2
    assert "500" in escalation.evidence[0]
    assert progress.onboarding.lines[0].state is StepState.NEEDS_OPERATOR
    purchase = harness.telegent.gates.close("POST /v1.0/numbers/provision", "before")
    await handle.resolve(
        Resolution(
            step="Number", action=ResolutionAction.RETRY, by="operator", reason="the vendor is back"
        ),
        line="first",
    )
    await purchase.reached()
    continued = await wait_until(
        handle.status, lambda now: now.lines[0].state is not StepState.NEEDS_OPERATOR
    )
    assert continued.lines[0].detail == "operator chose 'retry': the vendor is back"
    purchase.release()
    result = await handle.result()

    assert result.complete
    assert counted(harness.telegent) == SINGLE_LEDGER


async def test_escalated_create_adopts_the_named_resource(harness: Harness) -> None:
    elsewhere = await onboard(harness, single("made-elsewhere", lines=[]))
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/account/create", kind="error_before", times=2)
    )
    handle = await harness.onboard(
        single("single-2", subscribers=[new_subscriber("one", email="other@example.com")], lines=[])
    )
    async for now in handle.watch():
        if now.onboarding.escalations:
            break
    with pytest.raises(MessageRejectedError, match="steps that do: 'Account'"):
        await handle.resolve(
            Resolution(step="Number", action=ResolutionAction.RETRY, by="operator", reason="a slip")
        )
    await handle.resolve(
        Resolution(
            step="Account",
            action=ResolutionAction.ADOPT,
            id=elsewhere.account_id,
            by="operator",
            reason="seen it",
        )
    )

    assert (await handle.result()).account_id == elsewhere.account_id
    assert harness.telegent.ledger.count("account.created") == 1


async def test_failed_line_stops_no_other_and_the_next_run_completes_it(harness: Harness) -> None:
    number = "+18015550142"
    harness.telegent.carrier.set_record(number, CarrierRecord(eligible=False))
    request = single(
        subscribers=[new_subscriber("one"), new_subscriber("two")],
        lines=[line("first", "one"), line("ported", "two", number=port_in() | {"kind": "port_in"})],
    )
    with pytest.raises(OnboardingIncompleteError) as caught:
        await onboard(harness, request)
    live, failed = caught.value.result.lines
    assert (live.state, failed.state) == (StepState.DONE, StepState.FAILED)
    assert "INELIGIBLE" in failed.detail
    before = counted(harness.telegent)

    harness.telegent.carrier.set_record(number, CarrierRecord(eligible=True))
    result = await onboard(harness, request)

    assert result.complete
    assert result.lines[0] == live
    assert counted(harness.telegent) - before == {
        "portin.submitted": 1,
        "portin.completed": 1,
        "number.updated": 1,
        "subscription.created": 1,
    }


async def test_rejected_subscriber_fails_only_its_line(harness: Harness) -> None:
    await onboard(harness, single("earlier", lines=[]))
    request = single(
        "single-2",
        account={"name": "Another", "billing_address": ACCOUNT["billing_address"]},
        subscribers=[new_subscriber("one"), new_subscriber("two")],
        lines=[line("first", "one"), line("second", "two")],
    )

    with pytest.raises(OnboardingIncompleteError) as caught:
        await onboard(harness, request)

    first, second = caught.value.result.lines
    assert "there is no subscriber one" in first.detail
    assert second.state is StepState.DONE
    assert any("belongs to subscriber" in fault for fault in caught.value.result.errors)


async def test_unsupported_message_level_is_rejected_before_any_call(harness: Harness) -> None:
    request = single(
        subscribers=[new_subscriber("one", guardian=True)],
        lines=[line("first", "one", message_filter={"level": "CHILD"})],
    )

    with pytest.raises(WorkflowFailureError) as caught:
        await onboard(harness, request)

    assert isinstance(caught.value.cause, ApplicationError)
    assert "TELEGENT_MESSAGE_LEVEL_FIELD" in caught.value.cause.message
    assert not harness.telegent.requests


async def test_malformed_request_fails_with_a_readable_error_without_calls(
    harness: Harness,
) -> None:
    handle = await harness.temporal.start_workflow(
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
    assert not harness.telegent.requests
