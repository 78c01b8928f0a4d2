"""Subscriptions: a number on a package. Creating one starts recurring charges."""

from simulator.engine.errors import invalid, missing
from simulator.engine.fields import Answer, Body, IccidText, Json, Query, Text
from simulator.engine.state import Number, World, changed


class CreateSubscription(Body):
    """POST subscriptions; TNID and ICCID are each optional, but one must name the number."""

    SubscriberId: Text
    PackageId: Text
    Type: Text
    TNID: str | None = None
    ICCID: IccidText | None = None


class SubscriptionQuery(Query):
    """GET subscriptions."""

    SubscriptionId: str | None = None


class UpdateSubscription(Body):
    """POST subscriptions/update; an omitted Active leaves it as it is (undocumented)."""

    SubscriptionId: Text
    SubscriberId: Text | None = None
    TNID: str | None = None
    ICCID: IccidText | None = None
    PackageId: Text | None = None
    Type: Text | None = None
    Active: bool | None = None


class DeleteSubscription(Body):
    """POST subscriptions/delete."""

    SubscriptionId: Text


def create_subscription(world: World, body: CreateSubscription) -> Answer:
    """A new subscription each time: the API does not refuse a second one for a number."""
    row = {"SubscriptionId": world.new_id("SUB"), **body.model_dump(), "Active": True}
    _check(world, row)
    world.subscriptions[row["SubscriptionId"]] = row
    world.commit("subscription.created", _facts(row))
    return row


def get_subscription(world: World, query: SubscriptionQuery) -> Answer:
    """One subscription by id."""
    return world.find(world.subscriptions, query.SubscriptionId, "SubscriptionId")


def update_subscription(world: World, body: UpdateSubscription) -> Answer:
    """Changes what was sent; a new PackageId is a change of plan."""
    row = world.find(world.subscriptions, body.SubscriptionId, "SubscriptionId")
    after = {**row, **body.given()}
    _check(world, after)
    row.update(after)
    sent = changed(body.sent(), "SubscriptionId")
    world.commit("subscription.updated", {**_facts(row), "fields": sent})
    return row


def delete_subscription(world: World, body: DeleteSubscription) -> Answer:
    """Ends a subscription; subscriber and number stay."""
    row = world.find(world.subscriptions, body.SubscriptionId, "SubscriptionId")
    del world.subscriptions[body.SubscriptionId]
    world.commit("subscription.deleted", _facts(row))
    return {"SubscriptionId": body.SubscriptionId, "SubscriptionStatus": "Deleted"}


def _check(world: World, row: Json) -> None:
    world.find(world.subscribers, row["SubscriberId"], "SubscriberId")
    world.find(world.packages, row["PackageId"], "PackageId")
    number = _number(world, row["TNID"], row["ICCID"])
    if number.status != "Active":
        raise invalid("TNID", f"{number.number} is not active")
    if number.subscriber_id not in (None, row["SubscriberId"]):
        raise invalid("TNID", "This number is assigned to a different subscriber")
    if row["Type"].lower() != number.classification.lower():
        raise invalid("Type", f"Type must match the number, which is {number.classification}")


def _number(world: World, tnid: str | None, iccid: str | None) -> Number:
    if not tnid and not iccid:
        raise missing("TNID")
    key, name = (tnid, "TNID") if tnid else (iccid, "ICCID")
    by_key = {n.id if tnid else n.iccid or "": n for n in world.numbers.values()}
    number = world.find(by_key, key, name)
    if tnid and iccid and number.iccid != iccid:
        raise invalid("ICCID", "This ICCID is not paired with the number")
    return number


def _facts(row: Json) -> Json:
    return {
        "subscription_id": row["SubscriptionId"],
        "subscriber_id": row["SubscriberId"],
        "package_id": row["PackageId"],
        "tnid": row["TNID"],
        "iccid": row["ICCID"],
    }
