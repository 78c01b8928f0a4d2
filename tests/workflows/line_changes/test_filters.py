"""AI Guardian of a line is changed, judged by the simulator's state and ledger."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from simulator import Fault
from simulator.engine.faults import FaultKind
from simulator.engine.state import Number
from telegent_orchestrator.client import LineChangeFailedError, LineChangeHandle
from telegent_orchestrator.line_changes import LineChangeResult
from telegent_orchestrator.progress import Resolution, ResolutionAction, StepState
from tests.harness import Harness
from tests.harness.line_changes import change, line_changes, live_line
from tests.harness.payloads import line, new_subscriber, single
from tests.harness.tiers import sampled
from tests.harness.waiting import wait_until

FIRST, SECOND, THIRD = "+18015550101", "+18015550102", "+18015550103"
PATH = "POST /v1.0/subscribers"
UPDATE_MESSAGES = f"{PATH}/message-filter/update"
BLOCK_CALLS = f"{PATH}/call-filter/blocked-numbers/add"
FEATURES = f"{PATH}/guardian-features"
FAULTS: tuple[FaultKind, ...] = ("drop_response", "error_after", "error_before", "429")
CALL_FILTER = {"mode": "BLACKLIST", "blocked_numbers": [FIRST], "block_international": True}
MESSAGE_FILTER = {
    "mode": "ACTIVE",
    "allowed_contacts": [FIRST],
    "custom_keywords": ["prize"],
    "block_links": True,
}


async def line_with(harness: Harness, **filters: Any) -> Number:
    subscriber = new_subscriber("one", guardian=True)
    request = single(subscribers=[subscriber], lines=[line("first", "one", **filters)])
    return await live_line(harness, request)


async def guarded_line(harness: Harness) -> Number:
    return await line_with(harness, call_filter=CALL_FILTER, message_filter=MESSAGE_FILTER)


async def begin(harness: Harness, kind: str, number: Number, **values: Any) -> LineChangeHandle:
    return await line_changes(harness).start(change(kind, number.number, **values))


async def run(harness: Harness, kind: str, number: Number, **values: Any) -> LineChangeResult:
    return await (await begin(harness, kind, number, **values)).result()


def filter_of(harness: Harness, prefix: str) -> dict[str, Any]:
    [found] = [f for key, f in harness.telegent.state.filters.items() if key.startswith(prefix)]
    return found


async def test_lists_are_edited_and_the_rest_is_retained(harness: Harness) -> None:
    number = await guarded_line(harness)

    result = await run(
        harness,
        "filters",
        number,
        call_filter={"block": [SECOND], "unblock": [FIRST], "allow": [THIRD]},
        message_filter={"disallow": [FIRST], "block": [THIRD]},
    )

    calls, messages = filter_of(harness, "CFID"), filter_of(harness, "MFID")
    assert result.state is StepState.DONE
    assert (calls["BlockedNumbers"], calls["AllowedNumbers"]) == ([SECOND], [THIRD])
    assert (messages["AllowedContacts"], messages["BlockedContacts"]) == ([], [THIRD])
    assert calls["BlockInternational"] is True
    assert "prize" in messages["KeywordFilter"]
    assert result.call_filter_id == calls["FilterId"]
    assert result.message_filter_id == messages["FilterId"]


async def test_entries_that_are_there_already_are_not_sent(harness: Harness) -> None:
    number = await guarded_line(harness)

    result = await run(
        harness, "filters", number, call_filter={"block": [FIRST], "mode": "BLACKLIST"}
    )

    assert (result.state, result.changed) == (StepState.DONE, False)
    assert harness.telegent.ledger.count("call_filter.updated") == 0


async def test_only_the_edit_that_is_missing_is_sent(harness: Harness) -> None:
    number = await guarded_line(harness)

    await run(harness, "filters", number, call_filter={"block": [FIRST], "allow": [SECOND]})

    assert filter_of(harness, "CFID")["AllowedNumbers"] == [SECOND]
    assert harness.telegent.ledger.count("call_filter.updated") == 1


async def test_mode_changes_and_the_rest_of_the_filter_is_retained(harness: Harness) -> None:
    number = await guarded_line(harness)
    before = dict(filter_of(harness, "MFID"))

    await run(
        harness,
        "filters",
        number,
        call_filter={"mode": "WHITELIST", "allow": [SECOND]},
        message_filter={"mode": "MONITOR_ONLY"},
    )

    calls, messages = filter_of(harness, "CFID"), filter_of(harness, "MFID")
    assert (calls["FilterMode"], calls["AllowedNumbers"]) == ("WHITELIST", [SECOND])
    assert (calls["BlockedNumbers"], calls["BlockInternational"]) == ([FIRST], True)
    words = json.loads(messages.pop("KeywordFilter"))
    assert words["CustomKeywords"] == ["prize"]
    before.pop("KeywordFilter")
    assert messages == before | {"FilterMode": "MONITOR_ONLY"}


@pytest.mark.parametrize("path", [UPDATE_MESSAGES, BLOCK_CALLS])
@pytest.mark.parametrize("fault", sampled(*FAULTS))
async def test_lost_response_of_an_edit_is_repeated(
    harness: Harness, path: str, fault: FaultKind
) -> None:
    number = await guarded_line(harness)
    harness.telegent.faults.add(Fault(match=path, kind=fault, retry_after=0))

    result = await run(
        harness,
        "filters",
        number,
        call_filter={"block": [SECOND]},
        message_filter={"mode": "INACTIVE"},
    )

    assert result.state is StepState.DONE
    assert filter_of(harness, "CFID")["BlockedNumbers"] == [FIRST, SECOND]
    assert filter_of(harness, "MFID")["FilterMode"] == "INACTIVE"


@pytest.mark.parametrize(
    ("action", "expected"),
    [(ResolutionAction.RETRY, [FIRST, SECOND]), (ResolutionAction.ADOPT, [FIRST])],
)
async def test_edit_that_does_not_show_is_escalated(
    harness: Harness, action: ResolutionAction, expected: list[str]
) -> None:
    number = await guarded_line(harness)
    gate = harness.telegent.gates.close(BLOCK_CALLS, "after")
    handle = await begin(harness, "filters", number, call_filter={"block": [SECOND]})
    await gate.reached()
    filter_of(harness, "CFID")["BlockedNumbers"] = [FIRST]
    gate.release()
    status = await wait_until(handle.status, lambda status: bool(status.escalations))

    assert "add to the blocked list" in " ".join(status.escalations[0].evidence)
    adopted = number.number if action is ResolutionAction.ADOPT else None
    await handle.resolve(
        Resolution(step="Call filter", action=action, id=adopted, by="operator", reason="portal")
    )

    assert (await handle.result()).state is StepState.DONE
    assert filter_of(harness, "CFID")["BlockedNumbers"] == expected


async def test_filters_are_deleted(harness: Harness) -> None:
    number = await guarded_line(harness)

    off = {"call_filter": {"off": True}, "message_filter": {"off": True}}
    result = await run(harness, "filters", number, **off)
    again = await run(harness, "filters", number, **off)

    assert harness.telegent.state.filters == {}
    assert len(result.removed) == 2
    assert (again.state, again.changed) == (StepState.DONE, False)


@pytest.mark.parametrize("fault", sampled("drop_response", "error_after", "error_before"))
async def test_filter_is_created_once_when_its_response_is_lost(
    harness: Harness, fault: FaultKind
) -> None:
    number = await line_with(harness)
    for kind in ("call", "message"):
        harness.telegent.faults.add(Fault(match=f"{PATH}/{kind}-filter", kind=fault))

    result = await run(
        harness,
        "filters",
        number,
        call_filter={"mode": "WHITELIST", "allow": [FIRST]},
        message_filter={"mode": "ACTIVE", "block": [SECOND]},
    )

    assert filter_of(harness, "CFID")["AllowedNumbers"] == [FIRST]
    assert filter_of(harness, "MFID")["BlockedContacts"] == [SECOND]
    assert result.call_filter_id == filter_of(harness, "CFID")["FilterId"]
    assert harness.telegent.ledger.count("call_filter.created") == 1


async def test_list_of_a_missing_filter_fails_with_the_reason(harness: Harness) -> None:
    number = await line_with(harness)

    with pytest.raises(LineChangeFailedError, match="has no call filter: give a mode"):
        await run(harness, "filters", number, call_filter={"block": [FIRST]})


async def test_number_without_a_subscriber_fails_with_the_reason(harness: Harness) -> None:
    number = await line_with(harness)
    number.subscriber_id = None

    with pytest.raises(LineChangeFailedError, match="has no subscriber"):
        await run(harness, "guardian", number, calls=True)


@pytest.mark.parametrize("fault", [None, *sampled(*FAULTS)])
async def test_one_feature_is_turned_off_and_the_other_is_retained(
    harness: Harness, fault: FaultKind | None
) -> None:
    number = await guarded_line(harness)
    if fault:
        harness.telegent.faults.add(Fault(match=FEATURES, kind=fault, retry_after=0))
    set_before = harness.telegent.ledger.count("guardian.features_set")

    result = await run(harness, "guardian", number, messages=False)
    again = await run(harness, "guardian", number, messages=False)

    flags = harness.telegent.state.guardian[number.subscriber_id or ""]
    assert flags["EnableIntelligentGuardianCalls"] is True
    assert flags["EnableIntelligentGuardianMessages"] is False
    assert (result.changed, again.changed) == (True, False)
    assert harness.telegent.ledger.count("guardian.features_set") == set_before + 1


async def two_subscribers(harness: Harness) -> tuple[Number, str]:
    """The line of a child, and the subscriber id of an adult."""
    request = single(
        subscribers=[
            new_subscriber("child", guardian=True),
            new_subscriber("adult", guardian=True),
        ],
        lines=[line("first", "child")],
    )
    number = await live_line(harness, request)
    world = harness.telegent.state
    [adult] = [s for s in world.subscribers if s != number.subscriber_id]
    return number, adult


@pytest.mark.parametrize("fault", [None, *sampled("drop_response", "error_after", "error_before")])
async def test_relation_starts_once_and_ends(harness: Harness, fault: FaultKind | None) -> None:
    number, adult = await two_subscribers(harness)
    if fault:
        for path in ("relation", "relation/delete"):
            match = f"{PATH}/guardians/{path}"
            harness.telegent.faults.add(Fault(match=match, kind=fault))
    relation = {"guardian_id": adult, "relation": "Parent"}

    await run(harness, "guardian", number, relation=relation)
    related = dict(harness.telegent.state.relations)
    ended = await run(harness, "guardian", number, relation=relation | {"end": True})

    assert related == {(adult, number.subscriber_id): "Parent"}
    assert harness.telegent.ledger.count("guardian.related") == 1
    assert harness.telegent.state.relations == {}
    assert "relation of" in ended.removed[0]


async def test_features_that_do_not_show_are_escalated(harness: Harness) -> None:
    number = await guarded_line(harness)
    flags = harness.telegent.state.guardian[number.subscriber_id or ""]
    gate = harness.telegent.gates.close(FEATURES, "after")
    handle = await begin(harness, "guardian", number, calls=False)
    await gate.reached()
    harness.telegent.state.guardian[number.subscriber_id or ""] = flags
    gate.release()
    status = await wait_until(handle.status, lambda status: bool(status.escalations))

    assert "as before" in " ".join(status.escalations[0].evidence)
    retry = ResolutionAction.RETRY
    await handle.resolve(Resolution(step="Features", action=retry, by="operator", reason="no"))

    assert (await handle.result()).state is StepState.DONE
    flags = harness.telegent.state.guardian[number.subscriber_id or ""]
    assert flags["EnableIntelligentGuardianCalls"] is False


@pytest.mark.parametrize(
    ("kind", "values", "why"),
    [
        ("filters", {}, "needs call_filter"),
        ("filters", {"call_filter": {}}, "needs either edits"),
        ("filters", {"call_filter": {"off": True, "mode": "WHITELIST"}}, "needs either edits"),
        ("filters", {"call_filter": {"block": [FIRST], "unblock": [FIRST]}}, "both added to"),
        ("filters", {"message_filter": {"level": "CHILD", "block": [FIRST]}}, "level needs mode"),
        ("guardian", {}, "needs calls, messages, or relation"),
    ],
)
def test_invalid_change_is_rejected(kind: str, values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        change(kind, **values)
