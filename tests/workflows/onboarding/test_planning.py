"""What a plan says, in memory: from a request, what Temporal knows, and what Telegent shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.onboarding.catalogue import PackagePrice
from activities.plan import KnownOnboarding
from telegent_orchestrator.client import ExecutionStatus
from telegent_orchestrator.line_changes import ChangeFilters, ChangeLimits, ChangePlan, End
from telegent_orchestrator.lines import EPOCH, LineResult
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.plan import (
    OnboardingPlan,
    PlanAction,
    PlannedResource,
    PlanOutcome,
    RequestCapacity,
    ResourceKind as Kind,
)
from telegent_orchestrator.progress import StepState
from tests.harness.payloads import line, new_subscriber, single
from workflows.onboarding.plan_reads import Findings, Found
from workflows.onboarding.planning import Knowledge, make_plan

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LIMITS = {"data_limits": {"limit_mb": 1000}}


def knowledge(request: OnboardingRequest, **changes: Any) -> Knowledge:
    return replace(Knowledge(request=request, now=NOW), **changes)


def found(**findings: Found) -> Findings:
    """Findings by kind, of what a request has once."""
    return Findings({(Kind[kind.upper()], ""): each for kind, each in findings.items()})


def known(status: ExecutionStatus, **changes: Any) -> KnownOnboarding:
    fields: dict[str, Any] = {
        "status": status,
        "request": single(),
        "differences": [],
        "result": OnboardingResult(reference="single-1", complete=False, account_id="AID-1"),
        "lines": {},
        "started_at": EPOCH,
    }
    return KnownOnboarding(**fields | changes)


def one(plan: OnboardingPlan, kind: Kind, line: str = "") -> PlannedResource:
    (resource,) = [each for each in plan.resources if (each.kind, each.line) == (kind, line)]
    return resource


def test_first_run_creates_everything_and_names_it_as_telegent_will() -> None:
    plan = make_plan(knowledge(single()))
    assert plan.outcome is PlanOutcome.START
    assert {each.action for each in plan.resources} == {PlanAction.CREATE}
    assert one(plan, Kind.ACCOUNT).name == "Example (single-1)"
    assert one(plan, Kind.MESSAGE_ROUTE).name == "Messages (single-1)"
    assert one(plan, Kind.PRODUCT).name == "TALK"
    assert plan.requests == sum(each.requests for each in plan.resources)
    assert plan.monthly_price == Decimal("2.00")
    assert plan.acceptable


def test_what_a_first_run_would_create_a_second_time_is_a_warning() -> None:
    plan = make_plan(knowledge(single(), findings=found(account=Found("AID-9"))))
    account = one(plan, Kind.ACCOUNT)
    assert (account.action, account.requests) == (PlanAction.CREATE, 1)
    assert account.detail == "AID-9 has this name already"
    assert plan.warnings[-1] == (
        "account AID-9 has the name Example (single-1), and Temporal knows no earlier run: a start "
        "would create a second one"
    )


def test_what_is_unique_or_shared_is_used_by_a_first_run() -> None:
    findings = Findings(
        {(Kind.SUBSCRIBER, "one"): Found("TSUID-1"), (Kind.PRODUCT, "talk"): Found("PRID-1")}
    )
    plan = make_plan(knowledge(single(), findings=findings))
    subscriber, product = one(plan, Kind.SUBSCRIBER), one(plan, Kind.PRODUCT)
    # The create is rejected; then the list is read, and the subscriber.
    assert (subscriber.action, subscriber.id, subscriber.requests) == (
        PlanAction.USE,
        "TSUID-1",
        3,
    )
    assert (product.action, product.id, product.requests) == (PlanAction.USE, "PRID-1", 1)
    assert plan.warnings == make_plan(knowledge(single())).warnings


@pytest.mark.parametrize("trouble", [PlanAction.REFUSE, PlanAction.ESCALATE, PlanAction.UNKNOWN])
def test_trouble_of_a_lookup_is_shown_with_its_reason(trouble: PlanAction) -> None:
    findings = Findings({(Kind.SUBSCRIBER, "one"): Found(trouble=trouble, detail="why")})
    plan = make_plan(knowledge(single(), findings=findings))
    subscriber = one(plan, Kind.SUBSCRIBER)
    assert (subscriber.action, subscriber.detail) == (trouble, "why")
    assert not plan.acceptable


def test_second_run_uses_what_exists_and_sets_settings_again() -> None:
    request = single(lines=[line("first", "one", **LIMITS)])
    findings = found(account=Found("AID-1"))
    findings.found[Kind.NUMBER, "first"] = Found("+18015550101")
    plan = make_plan(knowledge(request, known=known(ExecutionStatus.FAILED), findings=findings))
    assert plan.outcome is PlanOutcome.START_AGAIN
    account, number = one(plan, Kind.ACCOUNT), one(plan, Kind.NUMBER, "first")
    assert (account.action, account.id, account.requests) == (PlanAction.USE, "AID-1", 1)
    assert (number.action, number.id, number.requests) == (PlanAction.USE, "+18015550101", 1)
    # Looked up, and created.
    route = one(plan, Kind.MESSAGE_ROUTE)
    assert (route.action, route.requests) == (PlanAction.CREATE, 2)
    limits = one(plan, Kind.DATA_LIMITS, "first")
    assert (limits.action, limits.detail, limits.requests) == (PlanAction.CHANGE, "set again", 1)
    assert plan.acceptable


@pytest.mark.parametrize("status", [ExecutionStatus.RUNNING, ExecutionStatus.COMPLETED])
def test_same_request_is_joined_and_costs_nothing(status: ExecutionStatus) -> None:
    lines = {"first": LineResult(key="first", phone_number="+18015550101")}
    plan = make_plan(
        knowledge(single(), known=known(status, lines=lines, line_changes={"first": "suspended"}))
    )
    assert (plan.outcome, plan.requests) == (PlanOutcome.JOIN, 0)
    assert {each.action for each in plan.resources} == {PlanAction.USE}
    number = one(plan, Kind.NUMBER, "first")
    assert (number.id, number.detail) == ("+18015550101", "suspended")
    assert one(plan, Kind.ACCOUNT).id == "AID-1"


def test_other_request_under_the_same_reference_is_refused_with_the_differences() -> None:
    existing = known(ExecutionStatus.COMPLETED, differences=["routes.message"])
    plan = make_plan(knowledge(single(), known=existing))
    assert (plan.outcome, plan.requests) == (PlanOutcome.REFUSE, 0)
    assert plan.differences == ["routes.message"]
    assert plan.errors == [
        "the onboarding single-1 exists and was started with another request; the requests differ "
        "in: routes.message"
    ]
    assert one(plan, Kind.MESSAGE_ROUTE).action is PlanAction.REFUSE
    assert one(plan, Kind.VOICE_ROUTE).action is PlanAction.USE
    assert not plan.acceptable


def test_differences_do_not_matter_after_a_failed_run() -> None:
    failed = known(ExecutionStatus.FAILED, differences=["routes.message"])
    plan = make_plan(knowledge(single(), known=failed))
    assert (plan.outcome, plan.differences, plan.errors) == (PlanOutcome.START_AGAIN, [], [])


def test_request_that_the_worker_rejects_is_refused() -> None:
    plan = make_plan(knowledge(single(), rejections=["lines.0: not supported"]))
    assert (plan.outcome, plan.errors) == (PlanOutcome.REFUSE, ["lines.0: not supported"])
    assert not plan.acceptable


def test_lines_with_the_same_limits_share_a_request() -> None:
    lines = [line("first", "one", **LIMITS), line("second", "two", **LIMITS)]
    request = single(subscribers=[new_subscriber("one"), new_subscriber("two")], lines=lines)
    plan = make_plan(knowledge(request))
    second = one(plan, Kind.DATA_LIMITS, "second")
    assert one(plan, Kind.DATA_LIMITS, "first").requests == 1
    assert (second.requests, second.detail) == (0, "in the request of line first")


def test_inventory_is_read_for_a_subscriber_who_may_have_numbers() -> None:
    existing = {"key": "one", "subscriber_id": "TSUID-1"}
    assert one(make_plan(knowledge(single())), Kind.NUMBER, "first").requests == 1
    plan = make_plan(knowledge(single(subscribers=[existing])))
    assert one(plan, Kind.NUMBER, "first").requests == 2
    assert (one(plan, Kind.SUBSCRIBER).action, one(plan, Kind.SUBSCRIBER).requests) == (
        PlanAction.USE,
        0,
    )


def test_price_of_an_existing_package_counts_if_it_is_monthly() -> None:
    request = single(packages=[{"key": "plan", "package_id": "PID-1"}])
    prices = {"plan": PackagePrice(price=Decimal("30.00"), monthly=True)}
    plan = make_plan(knowledge(request, findings=Findings(prices=prices)))
    assert plan.monthly_price == Decimal("30.00")
    prices["plan"] = PackagePrice(price=Decimal("30.00"), monthly=False)
    assert make_plan(knowledge(request, findings=Findings(prices=prices))).monthly_price is None


def test_earliest_time_follows_from_allowance_and_backlog() -> None:
    requests = make_plan(knowledge(single())).requests
    capacity = RequestCapacity(
        requests_per_minute=30, available=requests, waiting=15, paused_seconds=20
    )
    plan = make_plan(knowledge(single(), capacity=capacity))
    assert plan.earliest_at == NOW + timedelta(seconds=20 + 30)
    joined = known(ExecutionStatus.COMPLETED)
    assert make_plan(knowledge(single(), known=joined, capacity=capacity)).earliest_at == NOW
    assert make_plan(knowledge(single())).earliest_at is None


GUARDED = [new_subscriber("one", guardian=True)]


def changed_line(before: dict[str, Any] | None = None, **changes: Any) -> OnboardingPlan:
    """The plan of a request that changes a line in service."""
    request = single(subscribers=GUARDED, lines=[line("first", "one", **changes)])
    existing = known(
        ExecutionStatus.COMPLETED,
        request=single(subscribers=GUARDED, lines=[line("first", "one", **before or {})]),
        differences=["lines.first"],
        result=OnboardingResult(
            reference="single-1", complete=True, account_id="AID-1", package_ids={"plan": "PID-1"}
        ),
        lines={"first": LineResult(key="first", phone_number="+18015550101")},
    )
    return make_plan(knowledge(request, known=existing))


def test_changed_limits_are_offered_as_a_line_change() -> None:
    plan = changed_line(**LIMITS)
    (offer,) = plan.line_changes
    assert (offer.line, offer.phone_number, offer.not_covered) == ("first", "+18015550101", [])
    assert offer.change == ChangeLimits.model_validate({"kind": "limits", **LIMITS})
    limits = one(plan, Kind.DATA_LIMITS, "first")
    assert (limits.action, limits.requests) == (PlanAction.CHANGE, 0)
    assert one(plan, Kind.NUMBER, "first").action is PlanAction.USE
    assert plan.outcome is PlanOutcome.REFUSE


def test_changed_product_type_and_limits_are_one_line_change() -> None:
    (offer,) = changed_line(product_type="Sms+Data", **LIMITS).line_changes
    assert offer.change == ChangePlan.model_validate(
        {"kind": "plan", "package_id": "PID-1", "product_type": "Sms+Data", **LIMITS}
    )


def test_changed_lists_of_filters_are_offered_as_edits() -> None:
    numbers = [f"+1801555010{at}" for at in range(3)]
    before = {"call_filter": {"mode": "BLACKLIST", "blocked_numbers": numbers[:2]}}
    after = {"call_filter": {"mode": "WHITELIST", "blocked_numbers": numbers[1:]}}
    plan = changed_line(before, **after, **LIMITS)
    limits, filters = plan.line_changes
    assert limits.change == ChangeLimits.model_validate({"kind": "limits", **LIMITS})
    edits = {"mode": "WHITELIST", "block": [numbers[2]], "unblock": [numbers[0]]}
    assert filters.change == ChangeFilters.model_validate({"kind": "filters", "call_filter": edits})
    assert filters.not_covered == []
    assert one(plan, Kind.CALL_FILTER, "first").action is PlanAction.CHANGE

    (off,) = changed_line(before).line_changes
    assert off.change == ChangeFilters.model_validate(
        {"kind": "filters", "call_filter": {"off": True}}
    )


@pytest.mark.parametrize(
    "wanted", [{"mode": "CHILD"}, {"mode": "BLACKLIST", "block_international": True}]
)
def test_filter_that_no_edit_makes_is_refused(wanted: dict[str, Any]) -> None:
    plan = changed_line({"call_filter": {"mode": "BLACKLIST"}}, call_filter=wanted)
    (offer,) = plan.line_changes
    assert (offer.change, offer.not_covered) == (None, ["call_filter"])
    assert one(plan, Kind.CALL_FILTER, "first").action is PlanAction.REFUSE


def test_what_no_line_change_sets_is_refused() -> None:
    plan = changed_line(message_type="a2p", **LIMITS)
    (offer,) = plan.line_changes
    assert offer.not_covered == ["message_type"]
    number = one(plan, Kind.NUMBER, "first")
    assert (number.action, number.detail) == (
        PlanAction.REFUSE,
        "differs from the existing onboarding: message_type",
    )
    assert one(plan, Kind.DATA_LIMITS, "first").action is PlanAction.CHANGE


def test_line_that_is_no_longer_requested_can_be_ended_and_a_new_one_is_refused() -> None:
    request = single(lines=[line("second", "one")])
    existing = known(
        ExecutionStatus.COMPLETED,
        differences=["lines.first", "lines.second"],
        lines={"first": LineResult(key="first", phone_number="+18015550101")},
    )
    plan = make_plan(knowledge(request, known=existing))
    (offer,) = plan.line_changes
    assert (offer.line, offer.change) == ("first", End(kind="end"))
    assert one(plan, Kind.NUMBER, "second").action is PlanAction.REFUSE


def test_line_that_is_not_in_service_yet_is_offered_no_change() -> None:
    request = single(lines=[line("first", "one", **LIMITS)])
    waiting = LineResult(key="first", state=StepState.RUNNING, phone_number="+18015550101")
    existing = known(ExecutionStatus.RUNNING, differences=["lines.first"], lines={"first": waiting})
    plan = make_plan(knowledge(request, known=existing))
    assert plan.line_changes == []
    assert one(plan, Kind.DATA_LIMITS, "first").action is PlanAction.REFUSE
