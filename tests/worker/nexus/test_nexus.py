"""The Nexus service, called by workflows of another namespace on a real server."""

import asyncio

import pytest
from nexusrpc import HandlerError, HandlerErrorType
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError, is_cancelled_exception

from telegent_orchestrator.line_changes import LineChangeResult, LineState
from telegent_orchestrator.onboarding import OnboardingResult
from telegent_orchestrator.plan import OnboardingPlan, PlanOutcome
from telegent_orchestrator.port_in import PortInCancel, PortInRequest, PortInResult, PortState
from tests.harness import Harness
from tests.harness.line_changes import NUMBER as LINE, put_in_service
from tests.harness.pauses import paused
from tests.harness.payloads import line, port_in
from tests.harness.waiting import TEST_TIMEOUT
from tests.worker.nexus.callers import call, refusal, start, wanted


async def test_onboarding_starts_once_for_all_callers(harness: Harness, others: Client) -> None:
    both = await asyncio.gather(*(call(others, "onboard", wanted("shared")) for _ in range(2)))
    later = await call(others, "onboard", wanted("shared"))

    assert both == [later, later]
    assert OnboardingResult.model_validate(later).complete
    accounts = [
        row for row in harness.telegent.ledger.by_kind("account.created") if "shared" in str(row)
    ]
    assert len(accounts) == 1


async def test_other_request_with_the_same_reference_is_rejected(
    harness: Harness, others: Client
) -> None:
    await call(others, "onboard", wanted("same"))
    changed = wanted("same")
    changed["subscribers"][0]["name"] = "Two"

    cause = await refusal(others, "onboard", changed)

    assert isinstance(cause, HandlerError)
    assert cause.type is HandlerErrorType.CONFLICT
    assert "differ in: subscribers.one" in str(cause)
    assert "Two" not in str(cause)


async def test_paused_port_in_is_joined(harness: Harness, others: Client) -> None:
    number = "+18015550143"
    details = port_in(number)
    del details["account_number"]
    handle = await harness.orchestrator.start_port_in(
        PortInRequest.model_validate({"details": details})
    )
    await reach(harness, number, PortState.INFO_REQUIRED)
    async with paused(harness.temporal, handle.id):
        joining = await start(others, "port_in", {"details": details})
        cause = await refusal(others, "port_in", {"details": details | {"losing_carrier": "AT&T"}})
        assert isinstance(cause, HandlerError)
        assert cause.type is HandlerErrorType.CONFLICT

    await handle.cancel(PortInCancel(by="shop", reason="stays"))
    assert PortInResult.model_validate(await joining.result()).state is PortState.CANCELLED


async def test_port_in_is_corrected_and_cancelled(harness: Harness, others: Client) -> None:
    number = "+18015550142"
    details = port_in(number)
    del details["account_number"]
    operation = await start(others, "port_in", {"details": details})
    await reach(harness, number, PortState.INFO_REQUIRED)
    joining = await start(others, "port_in", {"details": details})

    correction = {"phone_number": number, "correction": {"losing_carrier": "AT&T", "by": "shop"}}
    assert await call(others, "correct", correction) == "INFO_REQUIRED"
    cancel = {"phone_number": number, "cancel": {"by": "shop", "reason": "the subscriber stays"}}
    assert await call(others, "cancel", cancel) == "INFO_REQUIRED"

    ended = PortInResult.model_validate(await operation.result())
    assert ended.state is PortState.CANCELLED
    assert PortInResult.model_validate(await joining.result()) == ended
    # It was told of the end. Waiting for it in the handler would hold up a worker for days.
    events = [event.event_type for event in (await joining.fetch_history()).events]
    assert EventType.EVENT_TYPE_NEXUS_OPERATION_STARTED in events
    said = [entry.event for entry in ended.timeline if entry.by == "shop"]
    assert said[:2] == ["corrected losing_carrier", "requested a cancel: the subscriber stays"]
    late = await refusal(others, "cancel", cancel)
    assert isinstance(late, HandlerError)
    assert late.type is HandlerErrorType.NOT_FOUND
    assert late.message == "no port-in of this number is open"


async def test_port_in_after_one_that_ended_without_the_number_starts_again(
    harness: Harness, others: Client
) -> None:
    number = "+18015550145"
    incomplete = port_in(number)
    del incomplete["account_number"]
    operation = await start(others, "port_in", {"details": incomplete})
    await reach(harness, number, PortState.INFO_REQUIRED)
    cancel = {"phone_number": number, "cancel": {"by": "shop", "reason": "the subscriber stays"}}
    await call(others, "cancel", cancel)
    assert (await operation.result())["state"] == "CANCELLED"

    complete = {"details": port_in(number)}
    ported = await call(others, "port_in", complete)

    assert ported["state"] == "COMPLETED"
    assert await call(others, "port_in", complete) == ported
    submitted = harness.telegent.ledger.by_kind("portin.submitted")
    assert [row.data["number"] for row in submitted].count(number) == 1


async def test_correction_without_need_is_rejected_with_the_reason(
    harness: Harness, others: Client
) -> None:
    number = "+18015550143"
    harness.telegent.carrier.update_record(number, {"account_number": "100200301"})
    await start(others, "port_in", {"details": port_in(number)})
    await reach(harness, number, PortState.ACTION_REQUIRED)

    same = {"phone_number": number, "correction": {"account_number": "100200300", "by": "shop"}}
    why = await refusal(others, "correct", same)

    assert isinstance(why, ApplicationError)
    assert why.non_retryable
    assert why.message == "account_number: unchanged since the rejection"


async def reach(harness: Harness, number: str, state: PortState) -> None:
    running = (
        f"PortState = '{state.value}' AND WorkflowId = '{harness.orchestrator.port_in(number).id}'"
    )
    async with asyncio.timeout(TEST_TIMEOUT):
        while (await harness.temporal.count_workflows(running)).count == 0:
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("harness")
@pytest.mark.parametrize(
    ("operation", "argument", "faults"),
    [
        (
            "onboard",
            wanted("faulty", lines=[]) | {"reference": "two words", "lines": [{"key": "x"}]},
            ["reference", "lines.0.subscriber", "lines.0.package", "lines.0.number"],
        ),
        ("onboard", "rubbish", ["must be an object"]),
        (
            "port_in",
            {"details": {"account_pin": "no spaces"}},
            ["details.phone_number", "account_pin"],
        ),
        (
            "correct",
            {"phone_number": "+18015550100", "correction": {"by": "x"}},
            ["at least one of"],
        ),
        (
            "cancel",
            {"phone_number": "12", "cancel": {"by": "x"}},
            ["phone_number", "cancel.reason"],
        ),
        (
            "port_out",
            {"phone_number": "12", "by": "x", "pin": "no spaces"},
            ["phone_number", "authentication_reference"],
        ),
        ("reveal_pin", {"phone_number": "12", "reveal": {"by": "x"}}, ["reveal.reason"]),
    ],
)
async def test_invalid_input_is_rejected_with_all_errors(
    others: Client, operation: str, argument: object, faults: list[str]
) -> None:
    why = await refusal(others, operation, argument)

    assert isinstance(why, HandlerError)
    assert why.type is HandlerErrorType.BAD_REQUEST
    assert isinstance(why.__cause__, ApplicationError)
    for fault in faults:
        assert fault in why.__cause__.message
    assert "no spaces" not in why.__cause__.message


async def test_failure_of_an_incomplete_onboarding_has_its_result(
    harness: Harness, others: Client
) -> None:
    argument = wanted("incomplete", packages=[{"key": "plan", "package_id": "PID-none"}])
    why = await refusal(others, "onboard", argument)

    assert isinstance(why, ApplicationError)
    assert why.type == "Incomplete"
    [line] = OnboardingResult.model_validate(why.details[0]).lines
    assert line.phone_number in {
        number.number for number in harness.telegent.state.numbers.values()
    }


async def test_cancelled_operation_cancels_the_onboarding(harness: Harness, others: Client) -> None:
    number = "+18015550144"
    details = port_in(number, kind="port_in")
    del details["account_number"]
    argument = wanted("withdrawn", lines=[line("first", "one", number=details)])
    operation = await start(others, "onboard", argument)
    await reach(harness, number, PortState.INFO_REQUIRED)

    await operation.cancel()

    with pytest.raises(WorkflowFailureError) as theirs:
        await operation.result()
    with pytest.raises(WorkflowFailureError) as ours:
        await harness.orchestrator.onboarding("withdrawn").result()
    assert is_cancelled_exception(theirs.value.cause)
    assert is_cancelled_exception(ours.value.cause)
    # The port-in continues: the losing carrier may complete it at any moment.
    assert (await harness.orchestrator.port_in(number).status()).state is PortState.INFO_REQUIRED


async def test_onboarding_is_planned_before_and_after_it_exists(
    harness: Harness, others: Client
) -> None:
    before = await call(others, "plan", wanted("planned"))
    await call(others, "onboard", wanted("planned"))
    after = await call(others, "plan", wanted("planned"))

    assert OnboardingPlan.model_validate(before).outcome is PlanOutcome.START
    assert OnboardingPlan.model_validate(after).outcome is PlanOutcome.JOIN


async def test_line_is_changed_and_its_failure_is_explained(
    harness: Harness, others: Client
) -> None:
    put_in_service(harness)
    request = {"phone_number": LINE, "by": "shop", "reason": "unpaid"}

    suspended = await call(others, "change_line", request | {"change": {"kind": "suspend"}})
    again = await call(others, "change_line", request | {"change": {"kind": "suspend"}})
    restored = await call(others, "change_line", request | {"change": {"kind": "restore"}})
    del harness.telegent.state.numbers[LINE]
    cause = await refusal(others, "change_line", request | {"change": {"kind": "suspend"}})

    assert LineChangeResult.model_validate(suspended).line_state is LineState.SUSPENDED
    assert LineChangeResult.model_validate(again).line_state is LineState.SUSPENDED
    assert LineChangeResult.model_validate(restored).line_state is LineState.ACTIVE
    assert isinstance(cause, ApplicationError)
    assert cause.type == "LineChangeFailed"
