import json

import pytest

from tests.simulator.client import Json, SimulatorClient
from tests.simulator.steps import create_prerequisites, create_subscriber

KEYWORDS = {"CustomKeywords": ["x"], "SystemKeywords": {}, "SeverityMap": {"x": "HIGH"}}


async def line(caller: SimulatorClient) -> Json:
    """A subscriber with a number, as the key of its filters."""
    base = await create_prerequisites(caller)
    bought = await caller.post("/numbers/provision", **base.provision())
    return {"SubscriberId": base.subscriber, "Phone": bought["PhoneNumberAssigned"]}


async def enable(
    caller: SimulatorClient, subscriber_id: str, *, calls: bool, messages: bool
) -> None:
    await caller.post(
        "/subscribers/guardian-features",
        SubscriberId=subscriber_id,
        EnableIntelligentGuardianCalls=calls,
        EnableIntelligentGuardianMessages=messages,
    )


async def test_relation_needs_guardian_on_both_sides(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    child = await create_subscriber(caller, base.account, "child@example.com")
    pair: Json = {"ParentSubscriberId": base.subscriber, "ChildSubscriberId": child}
    path = "/subscribers/guardians/relation"
    await enable(caller, base.subscriber, calls=True, messages=False)
    text = await caller.post_rejected(path, **pair, Relation="Parent")
    assert text == f"Guardian is not enabled for {child}"
    await enable(caller, child, calls=False, messages=True)
    related = await caller.post(path, **pair, Relation="Parent")
    assert related == {**pair, "Relation": "Parent"}
    parent_key = {"ParentSubscriberId": base.subscriber}
    children = await caller.get(f"{path}/parent", **parent_key)
    assert children == {**parent_key, "Children": [related]}
    guardians = await caller.get(f"{path}/child", ChildSubscriberId=child)
    assert guardians == {"ChildSubscriberId": child, "Guardians": [related]}
    none = await caller.get(f"{path}/child", ChildSubscriberId=base.subscriber)
    assert none["Guardians"] == []
    deleted = await caller.post(f"{path}/delete", **pair)
    assert deleted["Status"] == "Deleted"
    await caller.post_rejected(f"{path}/delete", 404, **pair)
    await caller.post_rejected(path, 404, **{**pair, "ChildSubscriberId": "TSUID-no"}, Relation="P")


@pytest.mark.parametrize(
    ("path", "mode", "calls", "messages"),
    [
        ("/subscribers/call-filter", "BLACKLIST", False, True),
        ("/subscribers/message-filter", "ACTIVE", True, False),
    ],
)
async def test_filter_needs_its_feature_and_a_known_number(
    caller: SimulatorClient, path: str, mode: str, calls: bool, messages: bool
) -> None:
    key = {**await line(caller), "FilterMode": mode}
    await enable(caller, key["SubscriberId"], calls=calls, messages=messages)
    assert "Guardian is not enabled" in await caller.post_rejected(path, **key)
    await enable(caller, key["SubscriberId"], calls=not calls, messages=not messages)
    await caller.post_rejected(path, **{**key, "Phone": "+13855550100"})
    await caller.post_rejected(path, **key, KeywordFilter="not json")
    await caller.post(path, **key)


async def test_call_filter_can_be_read_edited_replaced_and_deleted(caller: SimulatorClient) -> None:
    key = await line(caller)
    await enable(caller, key["SubscriberId"], calls=True, messages=False)
    path = "/subscribers/call-filter"
    text = await caller.post_rejected(path, **key, FilterMode="CHILD")
    assert "guardian relation" in text
    created = await caller.post(
        path,
        **key,
        FilterMode="WHITELIST",
        AllowedNumbers=["+13855550101"],
        KeywordFilter=json.dumps(KEYWORDS),
    )
    assert created["KeywordFilter"] == json.dumps(KEYWORDS)
    ids = {"SubscriberId": key["SubscriberId"], "CallFilterId": created["FilterId"]}
    assert await caller.get(f"{path}/keywords", **ids) == KEYWORDS
    added = await caller.post(f"{path}/allowed-numbers/add", **ids, Numbers=["+13855550102"])
    assert added["AllowedNumbers"] == ["+13855550101", "+13855550102"]
    await caller.post(f"{path}/allowed-numbers/remove", **ids, Numbers=["+13855550101"])
    assert await caller.get(f"{path}/allowed-numbers", **ids) == ["+13855550102"]
    assert await caller.get(f"{path}/blocked-numbers", **ids) == []

    await caller.post_rejected(f"{path}/update", FilterId=created["FilterId"], FilterMode="CHILD")
    text = await caller.post_rejected(
        f"{path}/update", CallFilterId=created["FilterId"], FilterMode="BLACKLIST"
    )
    assert "FilterId field is required" in text
    assert "FilterMode field is required" in await caller.post_rejected(path, **key)
    await caller.post(f"{path}/update", FilterId=created["FilterId"], FilterMode="BLACKLIST")
    found = await caller.get(path, **key)
    assert [(f["FilterMode"], f["AllowedNumbers"]) for f in found] == [("BLACKLIST", None)]
    await caller.post(path, **key, FilterMode="WHITELIST")
    assert len(await caller.get(path, SubscriberId=key["SubscriberId"])) == 2
    assert len(await caller.get(path)) == 2
    await caller.post(f"{path}/delete", CallFilterId=created["FilterId"])
    await caller.post_rejected(f"{path}/delete", 404, CallFilterId=created["FilterId"])
    kinds = [row.kind for row in caller.sim.ledger.rows if "filter" in row.kind]
    assert kinds == [
        "call_filter.created",
        *["call_filter.updated"] * 3,
        "call_filter.created",
        "call_filter.deleted",
    ]


async def test_second_message_filter_of_number_is_rejected(caller: SimulatorClient) -> None:
    key = await line(caller)
    await enable(caller, key["SubscriberId"], calls=False, messages=True)
    path = "/subscribers/message-filter"
    created = await caller.post(
        path, **key, FilterMode="ACTIVE", KeywordFilter=json.dumps(KEYWORDS)
    )
    # The published response lacks the outer braces.
    assert created["KeywordFilter"] == json.dumps(KEYWORDS)[1:-1]
    text = await caller.post_rejected(path, **key)
    assert text == "Duplicate filter found for the same subscriber and phone number"
    ids = {"SubscriberId": key["SubscriberId"], "MessageFilterId": created["FilterId"]}
    assert await caller.get(f"{path}/keywords", **ids) == KEYWORDS
    blocked = await caller.post(f"{path}/blocked-contacts/add", **ids, Contacts=["+13855550101"])
    assert blocked["BlockedContacts"] == ["+13855550101"]
    await caller.post_rejected(f"{path}/update", FilterId=created["FilterId"], FilterMode="CHILD")
    assert caller.sim.ledger.count("message_filter.created") == 1
