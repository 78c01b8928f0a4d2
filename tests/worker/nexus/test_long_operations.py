"""Port-outs, and plans that change at the renewal, over Nexus."""

from typing import Any

import pytest
from nexusrpc import HandlerError, HandlerErrorType
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from telegent_orchestrator.client import LineChangeClient, PortOutClient
from telegent_orchestrator.port_out import PortOutResult, PortOutState
from tests.harness import Harness
from tests.harness.line_changes import put_in_service
from tests.harness.waiting import wait_until
from tests.worker.nexus.callers import call, refusal, start, wanted


def leaving(number: str) -> dict[str, Any]:
    return {"phone_number": number, "authentication_reference": "call-1", "by": "shop"}


async def pin_issued(harness: Harness, number: str) -> None:
    port_out = PortOutClient(harness.temporal, id_key=harness.settings.id_key).get(number)
    running = f"PortState = 'PORT_OUT_PIN_ISSUED' AND WorkflowId = '{port_out.id}'"
    await wait_until(lambda: harness.temporal.count_workflows(running), lambda found: found.count)


async def test_port_out_issues_its_pin_and_completes_for_all_callers(
    harness: Harness, others: Client
) -> None:
    number = "+18015550161"
    put_in_service(harness, number)
    operation = await start(others, "port_out", leaving(number))
    await pin_issued(harness, number)
    joining = await start(others, "port_out", leaving(number))

    reveal = {"phone_number": number, "reveal": {"by": "shop", "reason": "the subscriber called"}}
    pin = (await call(others, "reveal_pin", reveal))["pin"]
    harness.telegent.complete_port_out(number, pin)
    confirm = {"by": "shop", "reason": "the gaining carrier says so"}
    said = await call(
        others, "confirm_departure", {"phone_number": number, "confirmation": confirm}
    )

    ended = PortOutResult.model_validate(await operation.result())
    assert said == PortOutState.PIN_ISSUED
    assert ended.state is PortOutState.COMPLETED
    assert PortOutResult.model_validate(await joining.result()) == ended
    assert "was shown the PIN: the subscriber called" in [
        entry.event for entry in ended.timeline if entry.by == "shop"
    ]
    assert harness.telegent.ledger.count("portout.completed") == 1
    late = await refusal(others, "reveal_pin", reveal)
    assert isinstance(late, HandlerError)
    assert late.type is HandlerErrorType.NOT_FOUND
    assert late.message == "no port-out of this number is open"


async def test_port_out_of_another_request_is_rejected_and_a_cancel_keeps_the_number(
    harness: Harness, others: Client
) -> None:
    number = "+18015550162"
    put_in_service(harness, number)
    operation = await start(others, "port_out", leaving(number))
    await pin_issued(harness, number)

    other = await refusal(others, "port_out", leaving(number) | {"by": "another shop"})
    cancel = {"phone_number": number, "cancel": {"by": "shop", "reason": "the subscriber stays"}}
    said = await call(others, "cancel_port_out", cancel)

    assert isinstance(other, HandlerError)
    assert other.type is HandlerErrorType.CONFLICT
    assert said == PortOutState.PIN_ISSUED
    assert (await operation.result())["state"] == "CANCELLED"


async def test_cancelled_operation_cancels_the_port_out(harness: Harness, others: Client) -> None:
    number = "+18015550163"
    put_in_service(harness, number)
    operation = await start(others, "port_out", leaving(number))
    await pin_issued(harness, number)

    await operation.cancel()

    assert (await operation.result())["state"] == "CANCELLED"


async def test_failure_of_a_port_out_is_explained(others: Client) -> None:
    why = await refusal(others, "port_out", leaving("+18015550164"))

    assert isinstance(why, ActivityError)
    assert isinstance(why.cause, ApplicationError)
    assert why.cause.type == "Rejected"
    assert "404" in why.cause.message


async def test_plan_that_waits_for_the_renewal_is_cancelled_with_its_operation(
    harness: Harness, others: Client
) -> None:
    await call(others, "onboard", wanted("renewing"))
    result = await harness.orchestrator.onboarding("renewing").result()
    number, package = result.lines[0].phone_number or "", result.package_ids["plan"]
    request = {"phone_number": number, "renewal_day": 15, "by": "shop", "reason": "a bigger plan"}
    change = {"kind": "plan", "package_id": package}
    operation = await start(others, "change_at_renewal", request | {"change": change})
    changes = LineChangeClient(harness.temporal, id_key=harness.settings.id_key)
    waiting = changes.get_at_renewal(number)
    await wait_until(
        lambda: harness.temporal.count_workflows(
            f"CurrentStep = 'Renewal' AND WorkflowId = '{waiting.id}'"
        ),
        lambda found: found.count,
    )

    await operation.cancel()

    with pytest.raises(WorkflowFailureError) as theirs:
        await operation.result()
    assert is_cancelled_exception(theirs.value.cause)
    assert (await waiting.execution()).status == "cancelled"
