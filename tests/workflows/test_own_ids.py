"""A workflow that any client may start does nothing under an id that is not its request's."""

from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowFailureError

from activities.support.outcomes import failure_message
from telegent_orchestrator import (
    bulk,
    line_change_sets,
    line_changes,
    names,
    plan,
    port_out,
    renewal_changes,
)
from tests.harness import Harness
from tests.harness.payloads import port_in, single
from tools.schemas.contract import WORKFLOWS

NUMBER = "+18015550142"
ONBOARDING = single("own").model_dump(mode="json", exclude_none=True)
STARTS: dict[str, dict[str, Any]] = {
    names.ONBOARDING_WORKFLOW: ONBOARDING,
    plan.PLAN_WORKFLOW: ONBOARDING,
    names.PORT_IN_WORKFLOW: {"details": port_in(NUMBER)},
    port_out.PORT_OUT_WORKFLOW: {
        "phone_number": NUMBER,
        "authentication_reference": "ticket-1",
        "by": "operator",
    },
    line_changes.LINE_CHANGE_WORKFLOW: {
        "phone_number": NUMBER,
        "change": {"kind": "suspend"},
        "by": "operator",
        "reason": "non-payment",
    },
    renewal_changes.RENEWAL_CHANGE_WORKFLOW: {
        "phone_number": NUMBER,
        "change": {"kind": "plan", "package_id": "PID-1"},
        "renewal_day": 1,
        "by": "operator",
        "reason": "a bigger plan",
    },
    line_change_sets.LINE_CHANGE_SET_WORKFLOW: {
        "reference": "own",
        "lines": [{"phone_number": NUMBER, "change": {"kind": "suspend"}}],
        "by": "operator",
        "reason": "non-payment",
    },
    bulk.BULK_WORKFLOW: {"reference": "own", "rows": 1, "batches": 1, "by": "operator"},
    bulk.BULK_BATCH_WORKFLOW: {
        "bulk": "own",
        "batch": 1,
        "rows": [{"number": 1, "onboarding": ONBOARDING}],
    },
}


@pytest.mark.parametrize("workflow", STARTS)
async def test_workflow_under_another_id_is_not_started(harness: Harness, workflow: str) -> None:
    handle = await harness.temporal.start_workflow(
        workflow, STARTS[workflow], id=f"another-{uuid4()}", task_queue=names.TASK_QUEUE
    )

    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()

    reason = failure_message(caught.value.cause)
    assert "not started: the workflow id of this" in reason
    assert NUMBER not in reason
    assert not harness.telegent.requests


def test_every_workflow_that_callers_start_is_tried() -> None:
    assert set(STARTS) == {name for name, contract in WORKFLOWS.items() if contract.start}


def test_ids_of_the_contract_are_those_of_the_code() -> None:
    ids = {name: contract.workflow_id for name, contract in WORKFLOWS.items()}
    assert ids[names.ONBOARDING_WORKFLOW].format(reference="r") == names.onboarding_id("r")
    assert ids[plan.PLAN_WORKFLOW].format(reference="r") == plan.plan_id("r")
    assert ids[names.LINE_WORKFLOW].format(reference="r", key="k") == names.line_id("r", "k")
    assert ids[bulk.BULK_WORKFLOW].format(reference="r") == bulk.bulk_id("r")
    assert ids[bulk.BULK_BATCH_WORKFLOW].format(bulk="r", batch=2) == bulk.bulk_batch_id("r", 2)
