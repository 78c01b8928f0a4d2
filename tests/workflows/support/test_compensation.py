"""Cancelling an onboarding: what is rolled back, in which order, and what is retained."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError

from simulator import CarrierRecord, Fault, Simulator, SimulatorOptions
from simulator.engine.gates import Gate
from telegent_orchestrator.client import OnboardingHandle, OnboardingIncompleteError, Orchestrator
from telegent_orchestrator.names import line_id
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingStatus
from telegent_orchestrator.progress import CompensationReport, StepState
from tests.harness import SETTINGS, Harness
from tests.harness.payloads import line, new_subscriber, port_in, single
from tests.harness.tiers import sampled
from tests.harness.waiting import TEST_TIMEOUT, wait_until

LINE_ROLLED_BACK = [
    "message_filter.deleted",
    "call_filter.deleted",
    "subscription.deleted",
    "number.status_changed",
]
SHARED_ROLLED_BACK = ["guardian.relation_deleted", "message_route.deleted", "voice_route.deleted"]
PROVISION = "/v1.0/numbers/provision"


def guarded(**changes: object) -> OnboardingRequest:
    """A guarded child with a new number and both filters, and its guardian."""
    filters = {"call_filter": {"mode": "CHILD"}, "message_filter": {"mode": "ACTIVE"}}
    request: dict[str, Any] = {
        "subscribers": [
            new_subscriber("mother", guardian=True),
            new_subscriber("child", guardian=True),
        ],
        "relations": [{"parent": "mother", "child": "child"}],
        "lines": [line("first", "child", **filters)],
    }
    return single(**(request | changes))


def two_lines() -> OnboardingRequest:
    subscribers = [new_subscriber("one"), new_subscriber("two")]
    return single(subscribers=subscribers, lines=[line("first", "one"), line("second", "two")])


async def cancelled(
    harness: Harness, handle: OnboardingHandle, gate: Gate | None = None, line: str | None = None
) -> OnboardingStatus:
    """Cancel and return the final status; `gate` is released when the cancel has arrived."""
    await handle.cancel()
    if gate:
        reference = (await handle.progress()).onboarding.reference
        await harness.cancel_delivered(line_id(reference, line) if line else handle.id)
        gate.release()
    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(handle.result(), TEST_TIMEOUT)
    return (await handle.progress()).onboarding


async def compensation_of_line(
    harness: Harness, status: OnboardingStatus, key: str
) -> CompensationReport:
    workflow_id = line_id(status.reference, key)
    raw = await harness.temporal.get_workflow_handle(workflow_id).query("status")
    return CompensationReport.model_validate(raw["compensation"])


def kinds(simulator: Simulator) -> list[str]:
    return [row.kind for row in simulator.ledger.rows]


def rolled_back(simulator: Simulator) -> list[str]:
    return [kind for kind in kinds(simulator) if kind in [*LINE_ROLLED_BACK, *SHARED_ROLLED_BACK]]


async def test_cancel_rolls_back_in_reverse_order_and_names_retained_resources(
    harness: Harness,
) -> None:
    path = "/v1.0/subscribers/message-filter"
    gate = harness.telegent.gates.close(f"POST {path}", "before")
    handle = await harness.onboard(guarded())
    await gate.reached()

    # The message filter is under way: the cancel waits for its response, to roll it back too.
    status = await cancelled(harness, handle, gate, "first")

    done = rolled_back(harness.telegent)
    assert done == [*LINE_ROLLED_BACK, "guardian.relation_deleted"]
    assert [words.rpartition(" ")[0] for words in status.compensation.rolled_back] == [
        "relation of mother and child"
    ]
    retained = " ".join(status.compensation.retained)
    # The simulator rejects this even for a number that was released; the vendor may not.
    assert retained.count("assigned to numbers") == 2
    for text in ("the account", "subscriber mother", "product talk", "package plan", "Guardian"):
        assert text in retained
    assert (await compensation_of_line(harness, status, "first")).retained == []
    assert status.lines[0].state is StepState.FAILED


async def test_cancel_before_the_lines_rolls_back_routes_and_relations(harness: Harness) -> None:
    path = "/v1.0/packages"
    gate = harness.telegent.gates.close(f"POST {path}", "before")
    handle = await harness.onboard(guarded())
    await gate.reached()
    await wait_until(lambda: harness.telegent.ledger.count("guardian.related") == 1)

    status = await cancelled(harness, handle, gate)

    assert sorted(rolled_back(harness.telegent)) == SHARED_ROLLED_BACK
    assert len(status.compensation.rolled_back) == 3
    assert harness.telegent.ledger.count("package.created") == 1
    assert any(words.startswith("package plan") for words in status.compensation.retained)


async def test_cancel_releases_a_number_whose_purchase_response_was_lost(harness: Harness) -> None:
    harness.telegent.faults.add(Fault(match=f"POST {PROVISION}", kind="drop_response"))
    purchase = harness.telegent.gates.close(f"POST {PROVISION}", "after")
    handle = await harness.onboard(single())
    await purchase.reached()
    # The lookup has no response before the cancel, so the outcome of the purchase is unknown.
    gate = harness.telegent.gates.close("GET /v1.0/numbers/inventory", "before")
    purchase.release()
    await gate.reached()

    status = await cancelled(harness, handle, gate, "first")

    assert harness.telegent.ledger.count("number.provisioned") == 1
    assert harness.telegent.ledger.count("number.status_changed") == 1
    rolled_back_of_first = await compensation_of_line(harness, status, "first")
    assert rolled_back_of_first.rolled_back == [
        f"the number {harness.telegent.ledger.by_kind('number.provisioned')[0].data['number']}"
    ]


@pytest.mark.parametrize(
    "mode", sampled("drop_response", "error_before", "error_after", "refuse_connection", "429")
)
async def test_rollback_under_faults_takes_effect_once(harness: Harness, mode: str) -> None:
    path = "/v1.0/subscribers/message-filter"
    gate = harness.telegent.gates.close(f"POST {path}", "before")
    handle = await harness.onboard(guarded())
    await gate.reached()
    faulty = ("*/delete", "POST /v1.0/numbers/status")
    for match in faulty:
        fault = {"match": match, "kind": mode, "retry_after": 1}
        harness.telegent.faults.add(Fault.model_validate(fault))

    status = await cancelled(harness, handle, gate, "first")

    assert rolled_back(harness.telegent) == [*LINE_ROLLED_BACK, "guardian.relation_deleted"]
    assert (await compensation_of_line(harness, status, "first")).retained == []


async def test_rejected_rollback_is_reported_as_retained(harness: Harness) -> None:
    path = "/v1.0/subscribers/message-filter"
    gate = harness.telegent.gates.close(f"POST {path}", "before")
    refuse = Fault(match="POST /v1.0/numbers/status", kind="error_before", status=400)
    harness.telegent.faults.add(refuse)
    handle = await harness.onboard(guarded())
    await gate.reached()

    status = await cancelled(harness, handle, gate, "first")

    number = harness.telegent.ledger.by_kind("number.provisioned")[0].data["number"]
    (left,) = (await compensation_of_line(harness, status, "first")).retained
    assert left.startswith(f"the number {number}: ")
    assert "400" in left
    # It is bound to the routes, so they must stay as well, and say why.
    assert status.compensation.rolled_back == []
    assert sum("used by line first" in words for words in status.compensation.retained) == 3


async def test_cancel_keeps_completed_lines_and_their_resources(harness: Harness) -> None:
    gate = harness.telegent.gates.close(f"POST {PROVISION}", "before")
    handle = await harness.onboard(two_lines())
    await gate.reached()
    async for now in handle.watch(timedelta(seconds=0.1)):
        if any(brief.state is StepState.DONE for brief in now.onboarding.lines):
            break
    (open_one,) = (b.key for b in now.onboarding.lines if b.state is not StepState.DONE)

    status = await cancelled(harness, handle, gate, open_one)

    assert harness.telegent.ledger.count("number.provisioned") == 2
    assert rolled_back(harness.telegent) == ["number.status_changed"]
    (stays,) = (brief.key for brief in status.lines if brief.state is StepState.DONE)
    assert sum(f"used by line {stays}" in words for words in status.compensation.retained) == 2


async def test_cancel_leaves_an_open_port_in_running(harness: Harness) -> None:
    ported = port_in() | {"kind": "port_in"}
    harness.telegent.carrier.set_record(ported["phone_number"], CarrierRecord(script="silent"))
    handle = await harness.onboard(single(lines=[line("ported", "one", number=ported)]))
    await wait_until(lambda: harness.telegent.ledger.count("portin.submitted") == 1)

    status = await cancelled(harness, handle)

    port_id = harness.orchestrator.port_in(ported["phone_number"]).id
    port = harness.temporal.get_workflow_handle(port_id)
    assert (await port.describe()).status == WorkflowExecutionStatus.RUNNING
    (left,) = (await compensation_of_line(harness, status, "ported")).retained
    assert left == (
        "port-in of +18015550142: "
        "a port-in continues by its own rules: cancel it by its own message"
    )
    assert rolled_back(harness.telegent) == []
    assert sum("used by line ported" in words for words in status.compensation.retained) == 2


async def test_run_after_a_cancel_creates_all_resources_again(harness: Harness) -> None:
    path = "/v1.0/subscribers/message-filter"
    gate = harness.telegent.gates.close(f"POST {path}", "before")
    handle = await harness.onboard(guarded())
    await gate.reached()
    await cancelled(harness, handle, gate, "first")

    result = await asyncio.wait_for((await harness.onboard(guarded())).result(), TEST_TIMEOUT)

    assert result.complete
    assert harness.telegent.ledger.count("account.created") == 1
    assert harness.telegent.ledger.count("number.provisioned") == 2
    released = harness.telegent.ledger.by_kind("number.status_changed")[0].data["number"]
    assert result.lines[0].phone_number != released


async def test_individually_cancelled_line_fails_and_others_continue(harness: Harness) -> None:
    gates = [harness.telegent.gates.close(f"POST {PROVISION}", "before") for _ in range(2)]
    handle = await harness.onboard(two_lines())
    for gate in gates:
        await gate.reached()

    reference = (await handle.progress()).onboarding.reference
    cancelled_one = line_id(reference, "second")
    await harness.temporal.get_workflow_handle(cancelled_one).cancel()
    await harness.cancel_delivered(cancelled_one)
    for gate in gates:
        gate.release()

    with pytest.raises(OnboardingIncompleteError) as caught:
        await asyncio.wait_for(handle.result(), TEST_TIMEOUT)
    first, second = caught.value.result.lines
    assert (first.state, second.state) == (StepState.DONE, StepState.FAILED)
    assert rolled_back(harness.telegent) == ["number.status_changed"]


async def test_rollback_survives_a_worker_restart(
    temporal: Client,
) -> None:
    simulator, mine = Simulator(SimulatorOptions()), uuid4().hex[:8]
    async with simulator.serve() as url:
        settings = replace(SETTINGS, id_key=mine)
        orchestrator = Orchestrator(temporal, id_key=mine)
        harness = Harness(temporal, simulator, orchestrator, settings, url)
        path = "/v1.0/subscribers/message-filter"
        created = simulator.gates.close(f"POST {path}", "before")
        deleted = simulator.gates.close("POST /v1.0/subscriptions/delete", "after")
        async with harness.running_workers():
            handle = await harness.onboard(guarded())
            await created.reached()
            await handle.cancel()
            reference = (await handle.progress()).onboarding.reference
            await harness.cancel_delivered(line_id(reference, "first"))
            created.release()
            await deleted.reached()
            # Answered only when the worker is about to stop.
            asyncio.get_running_loop().call_later(0.5, deleted.release)
        async with harness.running_workers():
            with pytest.raises(WorkflowFailureError):
                await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

    assert rolled_back(simulator) == [*LINE_ROLLED_BACK, "guardian.relation_deleted"]
