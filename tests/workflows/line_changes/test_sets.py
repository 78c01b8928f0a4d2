"""Many lines are changed at once, judged by the simulator's ledger."""

from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.client import WorkflowFailureError

from simulator import Fault
from telegent_orchestrator.client import LineChangeSetClient, LineChangeSetHandle
from telegent_orchestrator.line_change_sets import LineChangeSetRequest, LineChangeSetResult
from telegent_orchestrator.progress import StepState
from tests.harness import Harness
from tests.harness.line_changes import STATUS, orders, put_in_service
from tests.harness.payloads import line, new_subscriber, single
from tests.harness.waiting import wait_until

NUMBERS = [f"+1801555010{n}" for n in range(4)]
SUSPEND = {"kind": "suspend"}


def wanted(**changes: Any) -> LineChangeSetRequest:
    values = {"reference": "june", "by": "operator", "reason": "non-payment"}
    return LineChangeSetRequest.model_validate(values | changes)


async def start(harness: Harness, **changes: Any) -> LineChangeSetHandle:
    reference = f"june-{harness.settings.id_key}"
    client = LineChangeSetClient(harness.temporal, id_key=harness.settings.id_key)
    return await client.start(wanted(reference=reference, **changes))


def states(result: LineChangeSetResult) -> list[StepState]:
    return [row.state for row in result.rows]


async def test_lines_of_a_file_change_each_in_its_own_way(harness: Harness) -> None:
    for number in NUMBERS:
        put_in_service(harness, number)
    lines = [{"phone_number": number} for number in NUMBERS]
    lines[0]["change"] = {"kind": "restore"}  # type: ignore[assignment]  # a mixed dictionary

    handle = await start(harness, lines=lines, change=SUSPEND, window=2)
    result = await handle.result()

    assert result.state is StepState.DONE
    assert states(result) == [StepState.DONE] * 4
    assert (orders(harness, "park"), orders(harness, "activate")) == (3, 0)


async def test_lines_of_a_subscriber_or_an_account_change(harness: Harness) -> None:
    request = single(
        subscribers=[new_subscriber("one"), new_subscriber("two")],
        lines=[line("first", "one"), line("second", "one"), line("third", "two")],
    )
    result = await (await harness.onboard(request)).result()
    world = harness.telegent.state
    by_number = {each.phone_number: each.key for each in result.lines}
    owner = next(n.subscriber_id for n in world.numbers.values() if by_number[n.number] == "first")

    await (await start(harness, lines_of={"subscriber_id": owner}, change=SUSPEND)).result()
    parked = {by_number[n.number] for n in world.numbers.values() if n.status != "Active"}
    restored = await (
        await start(harness, lines_of={"account_id": result.account_id}, change={"kind": "restore"})
    ).result()

    assert parked == {"first", "second"}
    assert len(restored.rows) == 3
    assert {n.status for n in world.numbers.values()} == {"Active"}


async def test_lines_of_another_account_do_not_change(harness: Harness) -> None:
    request = single(
        subscribers=[new_subscriber("one"), new_subscriber("two")],
        lines=[line("first", "one"), line("second", "two")],
    )
    result = await (await harness.onboard(request)).result()
    world = harness.telegent.state
    mine, other = (world.numbers[each.phone_number or ""] for each in result.lines)
    [account] = world.accounts.values()
    world.accounts["AID-other"] = account | {"AccountId": "AID-other"}
    world.subscribers[other.subscriber_id or ""].account_id = "AID-other"

    lines_of = {"account_id": result.account_id}
    changed = await (await start(harness, lines_of=lines_of, change=SUSPEND)).result()

    assert [row.phone_number for row in changed.rows] == [mine.number]
    assert other.status == "Active"


async def test_line_that_fails_does_not_stop_the_others(harness: Harness) -> None:
    for number in NUMBERS[1:]:
        put_in_service(harness, number)

    lines = [{"phone_number": number} for number in NUMBERS]
    first = await (await start(harness, lines=lines, change=SUSPEND)).result()
    put_in_service(harness, NUMBERS[0])
    again = await (await start(harness, lines=lines, change=SUSPEND)).result()

    assert first.state is StepState.FAILED
    assert states(first) == [StepState.FAILED, *[StepState.DONE] * 3]
    assert "404" in first.rows[0].detail
    assert again.state is StepState.DONE


async def test_lost_responses_are_read_back(harness: Harness) -> None:
    for number in NUMBERS:
        put_in_service(harness, number)
    harness.telegent.faults.add(Fault(match=STATUS, kind="drop_response", times=3))

    lines = [{"phone_number": number} for number in NUMBERS]
    result = await (await start(harness, lines=lines, change=SUSPEND)).result()

    assert result.state is StepState.DONE
    assert orders(harness, "park") == 4


async def test_cancel_starts_no_more_changes(harness: Harness) -> None:
    for number in NUMBERS:
        put_in_service(harness, number)
    gate = harness.telegent.gates.close(STATUS, "after")
    lines = [{"phone_number": number} for number in NUMBERS]
    handle = await start(harness, lines=lines, change=SUSPEND, window=1)
    await gate.reached()

    await handle.cancel()
    await harness.cancel_delivered(handle.id)
    gate.release()
    with pytest.raises(WorkflowFailureError):
        await handle.result()

    await wait_until(lambda: orders(harness, "park"), lambda parked: parked == 1)


async def test_subscriber_without_lines_fails_with_the_reason(harness: Harness) -> None:
    handle = await start(harness, lines_of={"subscriber_id": "TSUID-none"}, change=SUSPEND)

    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()

    cause = failed.value.cause
    assert "0 numbers of the inventory belong to" in str(cause.__cause__ or cause)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"change": SUSPEND}, "either lines or lines_of"),
        ({"lines": [{"phone_number": NUMBERS[0]}]}, "needs change"),
        ({"lines_of": {"account_id": "A"}}, "needs change"),
        ({"lines_of": {}, "change": SUSPEND}, "either subscriber_id or account_id"),
        ({"lines": [{"phone_number": NUMBERS[0]}] * 2, "change": SUSPEND}, "more than once"),
    ],
)
def test_invalid_set_is_rejected(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        wanted(**changes)
