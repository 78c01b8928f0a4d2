"""Plans against a real stack: what they say is what a start then does."""

from datetime import timedelta

from simulator import CarrierRecord
from telegent_orchestrator import names
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.plan import OnboardingPlan, PlanAction, PlanOutcome, ResourceKind
from tests.harness import Harness
from tests.harness.payloads import line, new_subscriber, port_in, single
from tests.harness.resets import delete_all
from tests.harness.sent_requests import counted_requests
from workflows.support.activity_calls import BULK_PRIORITY

EXTRAS = {
    "data_limits": {"limit_mb": 1000},
    "call_filter": {"mode": "WHITELIST"},
    "message_filter": {"mode": "ACTIVE"},
}


def actions(plan: OnboardingPlan) -> dict[ResourceKind, PlanAction]:
    return {each.kind: each.action for each in plan.resources}


async def run_lost(harness: Harness, request: OnboardingRequest) -> None:
    """Onboard, then lose what Temporal knows of it."""
    handle = await harness.orchestrator.start_onboarding(request)
    await handle.result()
    await delete_all(harness.temporal)


async def test_plan_after_temporals_database_was_lost(harness: Harness) -> None:
    reference = f"{harness.settings.id_key}-lost"
    guarded = new_subscriber("one", guardian=True)
    request = single(reference, subscribers=[guarded], lines=[line("first", "one", **EXTRAS)])
    await run_lost(harness, request)

    plan = await harness.orchestrator.plan(request)
    assert plan.outcome is PlanOutcome.START
    planned = actions(plan)
    assert planned[ResourceKind.ACCOUNT] is PlanAction.CREATE
    assert "Temporal knows no earlier run: a start would create a second one" in plan.warnings[-1]
    # The e-mail address belongs to the account that exists already.
    assert planned[ResourceKind.SUBSCRIBER] is PlanAction.REFUSE
    assert planned[ResourceKind.PACKAGE] is PlanAction.USE

    # What the runbook says to do.
    stand_in = await harness.temporal.start_workflow(
        names.ONBOARDING_WORKFLOW,
        request,
        id=names.onboarding_id(reference),
        task_queue=names.TASK_QUEUE,
        start_delay=timedelta(hours=1),
    )
    await stand_in.terminate()
    plan = await harness.orchestrator.plan(request)
    assert (plan.outcome, plan.warnings[1:]) == (PlanOutcome.START_AGAIN, [])
    planned = actions(plan)
    assert planned.pop(ResourceKind.DATA_LIMITS) is PlanAction.CHANGE
    assert planned.pop(ResourceKind.GUARDIAN) is PlanAction.CHANGE
    assert set(planned.values()) == {PlanAction.USE}

    sent = len(counted_requests(harness))
    handle = await harness.orchestrator.start_onboarding(request)
    assert (await handle.result()).complete
    assert len(counted_requests(harness)) - sent == plan.requests


async def test_number_that_cannot_be_ported_is_refused_with_the_reason(harness: Harness) -> None:
    harness.telegent.carrier.set_record("+18015550142", CarrierRecord(eligible=False))
    reference = f"{harness.settings.id_key}-ineligible"
    ported = line("first", "one", number={"kind": "port_in", **port_in()})
    plan = await harness.orchestrator.plan(single(reference, lines=[ported]))
    (number,) = [each for each in plan.resources if each.kind is ResourceKind.PORT_IN]
    assert (number.action, number.detail) == (
        PlanAction.REFUSE,
        "Number is not eligible for port-in",
    )
    assert not plan.acceptable


async def test_plan_reads_with_the_priority_of_a_bulk(harness: Harness) -> None:
    handle = await harness.orchestrator.start_plan(single(f"{harness.settings.id_key}-last"))
    await handle.result()
    history = await harness.temporal.get_workflow_handle(handle.id).fetch_history()
    scheduled = [event.activity_task_scheduled_event_attributes for event in history.events]
    reads = [each for each in scheduled if each.task_queue.name == names.API_TASK_QUEUE]
    assert reads
    assert {each.priority.priority_key for each in reads} == {BULK_PRIORITY.priority_key}


async def test_ids_that_telegent_does_not_know_are_refused(harness: Harness) -> None:
    reference = f"{harness.settings.id_key}-given"
    lost = {
        "account": {"account_id": "AID-404"},
        "subscribers": [{"key": "one", "subscriber_id": "TSUID-404"}],
        "routes": {
            "message": {"message_route_id": "MRID-404"},
            "voice": {"voice_route_id": "CRID-404"},
        },
        "products": [{"key": "talk", "product_id": "PRID-404"}],
        "packages": [{"key": "plan", "package_id": "PID-404"}],
    }
    plan = await harness.orchestrator.plan(single(reference, **lost))
    refused = {each.detail for each in plan.resources if each.action is PlanAction.REFUSE}
    kinds = ("account AID", "subscriber TSUID", "message route MRID", "voice route CRID")
    catalogue = ("product PRID", "package PID")
    assert refused == {f"Telegent knows no {kind}-404" for kind in (*kinds, *catalogue)}
    assert not plan.acceptable


async def test_later_plan_of_another_request_takes_the_place_of_the_first(
    harness: Harness,
) -> None:
    reference = f"{harness.settings.id_key}-twice"
    gate = harness.telegent.gates.close("GET /v1.0/distributor/accounts", "before")
    first = await harness.orchestrator.start_plan(single(reference))
    await gate.reached()
    joined = await harness.orchestrator.start_plan(single(reference))
    other = await harness.orchestrator.start_plan(
        single(reference, products=[], packages=[{"key": "plan", "package_id": "PID-404"}])
    )
    gate.release()
    plan = await other.result()
    assert plan == await joined.result() == await first.result()
    (package,) = [each for each in plan.resources if each.kind is ResourceKind.PACKAGE]
    assert (package.action, package.detail) == (
        PlanAction.REFUSE,
        "Telegent knows no package PID-404",
    )
