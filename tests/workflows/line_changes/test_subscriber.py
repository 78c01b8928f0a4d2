"""Subscribers of lines change, judged by the simulator's ledger and state."""

from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.client import WorkflowFailureError

from simulator import Fault
from simulator.engine.faults import FaultKind
from simulator.engine.state import Number, Subscriber
from telegent_orchestrator.client import LineChangeFailedError, LineChangeHandle
from telegent_orchestrator.line_changes import LineChangeResult
from telegent_orchestrator.progress import Resolution, ResolutionAction, StepState
from tests.harness import Harness
from tests.harness.line_changes import STATUS, change, line_changes, live_lines
from tests.harness.payloads import line, single
from tests.harness.tiers import sampled
from tests.harness.waiting import wait_until

UPDATE = "POST /v1.0/subscribers/update"
TRANSFER = "POST /v1.0/subscribers/transfer"
PASSWORD = "q9-unguessable-pass"
OTHER_ACCOUNT = "AID-other"
FAULTS: tuple[FaultKind, ...] = ("drop_response", "error_after", "error_before", "429")


async def lines_of_one(harness: Harness, *keys: str) -> list[Number]:
    request = single(lines=[line(key, "one") for key in keys or ("first",)])
    numbers = await live_lines(harness, request)
    world = harness.telegent.state
    [account] = world.accounts.values()
    world.accounts[OTHER_ACCOUNT] = account | {"AccountId": OTHER_ACCOUNT}
    return numbers


def subscriber(harness: Harness) -> Subscriber:
    [found] = harness.telegent.state.subscribers.values()
    return found


async def begin(harness: Harness, kind: str, number: Number, **values: Any) -> LineChangeHandle:
    return await line_changes(harness).start(change(kind, number.number, **values))


async def run(harness: Harness, kind: str, number: Number, **values: Any) -> LineChangeResult:
    return await (await begin(harness, kind, number, **values)).result()


async def transfer(harness: Harness, number: Number) -> LineChangeResult:
    return await run(harness, "transfer", number, to_account_id=OTHER_ACCOUNT)


async def test_name_and_role_change_once(harness: Harness) -> None:
    [number] = await lines_of_one(harness)

    result = await run(harness, "subscriber", number, name="Pat Example", role="Manager")
    again = await run(harness, "subscriber", number, name="Pat Example", role="Manager")

    assert (subscriber(harness).name, subscriber(harness).role) == ("Pat Example", "Manager")
    assert (result.changed, again.changed) == (True, False)
    assert harness.telegent.ledger.count("subscriber.updated") == 1


async def test_password_is_set_and_never_shown(harness: Harness) -> None:
    [number] = await lines_of_one(harness)

    handle = await begin(harness, "subscriber", number, password=PASSWORD)
    result = await handle.result()

    shown = result.model_dump_json() + (await handle.status()).model_dump_json()
    assert PASSWORD not in shown
    assert "[redacted]" in shown
    sent = [row for row in harness.telegent.ledger.rows if row.kind == "subscriber.updated"]
    assert sent[-1].data["fields"] == ["Password"]


async def test_password_is_not_in_the_failure(harness: Harness) -> None:
    [number] = await lines_of_one(harness)
    harness.telegent.faults.add(Fault(match=UPDATE, kind="error_before", status=400))

    with pytest.raises(LineChangeFailedError) as failed:
        await run(harness, "subscriber", number, password=PASSWORD)

    assert PASSWORD not in str(failed.value) + failed.value.result.model_dump_json()
    assert PASSWORD not in repr(failed.value.__cause__)


@pytest.mark.parametrize("fault", sampled(*FAULTS))
async def test_lost_response_of_an_update_is_repeated(harness: Harness, fault: FaultKind) -> None:
    [number] = await lines_of_one(harness)
    harness.telegent.faults.add(Fault(match=UPDATE, kind=fault, retry_after=0))

    result = await run(harness, "subscriber", number, name="Pat Example", password=PASSWORD)

    assert result.state is StepState.DONE
    assert subscriber(harness).name == "Pat Example"


async def test_update_that_does_not_show_is_escalated(harness: Harness) -> None:
    [number] = await lines_of_one(harness)
    name = subscriber(harness).name
    gate = harness.telegent.gates.close(UPDATE, "after")
    handle = await begin(harness, "subscriber", number, name="Pat Example")
    await gate.reached()
    subscriber(harness).name = name
    gate.release()
    status = await wait_until(handle.status, lambda status: bool(status.escalations))

    assert "another name or role" in " ".join(status.escalations[0].evidence)
    retry = ResolutionAction.RETRY
    await handle.resolve(Resolution(step="Subscriber", action=retry, by="operator", reason="no"))

    assert (await handle.result()).state is StepState.DONE
    assert subscriber(harness).name == "Pat Example"


@pytest.mark.parametrize("fault", [None, *sampled(*FAULTS)])
async def test_subscriber_is_transferred_once_with_all_lines(
    harness: Harness, fault: FaultKind | None
) -> None:
    first, second = await lines_of_one(harness, "first", "second")
    if fault:
        harness.telegent.faults.add(Fault(match=TRANSFER, kind=fault, retry_after=0))

    result = await transfer(harness, first)
    again = await transfer(harness, first)

    assert subscriber(harness).account_id == OTHER_ACCOUNT
    assert (first.account_id, second.account_id) == (OTHER_ACCOUNT, OTHER_ACCOUNT)
    assert result.account_id == OTHER_ACCOUNT
    assert "routes" in result.warnings[0]
    assert again.changed is False
    assert harness.telegent.ledger.count("subscriber.transferred") == 1


async def test_numbers_that_a_transfer_loses_are_a_warning(harness: Harness) -> None:
    first, second = await lines_of_one(harness, "first", "second")
    gate = harness.telegent.gates.close(TRANSFER, "after")
    handle = await begin(harness, "transfer", first, to_account_id=OTHER_ACCOUNT)
    await gate.reached()
    second.subscriber_id = None
    gate.release()

    assert second.number in (await handle.result()).warnings[1]


async def test_repeat_that_is_rejected_counts_only_after_the_read_lag(harness: Harness) -> None:
    [number] = await lines_of_one(harness)
    before = subscriber(harness).account_id
    gate = harness.telegent.gates.close(TRANSFER, "after")
    harness.telegent.faults.add(Fault(match=TRANSFER, kind="drop_response"))
    handle = await begin(harness, "transfer", number, to_account_id=OTHER_ACCOUNT)
    await gate.reached()
    # As if the first transfer were not shown yet when it is looked up, and then it is.
    subscriber(harness).account_id = before
    repeat = harness.telegent.gates.close(TRANSFER, "before")
    gate.release()
    await repeat.reached()
    subscriber(harness).account_id = OTHER_ACCOUNT
    repeat.release()

    assert (await handle.result()).account_id == OTHER_ACCOUNT


async def test_transfer_to_an_unknown_account_fails_with_the_message(harness: Harness) -> None:
    [number] = await lines_of_one(harness)

    with pytest.raises(LineChangeFailedError, match="Invalid AccountId"):
        await run(harness, "transfer", number, to_account_id="AID-none")


async def test_transfer_waits_for_no_other_line_of_the_subscriber(harness: Harness) -> None:
    first, second = await lines_of_one(harness, "first", "second")
    gate = harness.telegent.gates.close(STATUS, "after")
    other = await begin(harness, "suspend", second)
    await gate.reached()

    with pytest.raises(LineChangeFailedError, match=r"a line change of .* is open"):
        await transfer(harness, first)
    gate.release()

    assert (await other.result()).state is StepState.DONE
    assert harness.telegent.ledger.count("subscriber.transferred") == 0


async def test_cancel_before_the_transfer_sends_nothing(harness: Harness) -> None:
    [number] = await lines_of_one(harness)
    gate = harness.telegent.gates.close("GET /v1.0/subscribers/get", "before")
    handle = await begin(harness, "transfer", number, to_account_id=OTHER_ACCOUNT)
    await gate.reached()

    await harness.temporal.get_workflow_handle(handle.id).cancel()
    await harness.cancel_delivered(handle.id)
    gate.release()

    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert harness.telegent.ledger.count("subscriber.transferred") == 0


@pytest.mark.parametrize(
    ("values", "why"),
    [({}, "needs name, role"), ({"password": "short"}, "at least 8"), ({"role": "King"}, "role")],
)
def test_invalid_change_of_a_subscriber_is_rejected(values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        change("subscriber", **values)
