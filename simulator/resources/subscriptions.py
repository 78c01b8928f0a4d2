"""Subscriptions of numbers to packages."""

from simulator.engine.errors import invalid, missing
from simulator.engine.fields import Body, IccidText, Json, Query, ResponseBody, Text
from simulator.engine.state import Number, SimulatorState, changed_fields


class CreateSubscription(Body):
    """POST subscriptions. Either TNID or ICCID must name the number."""

    SubscriberId: Text
    PackageId: Text
    Type: Text
    TNID: str | None = None
    ICCID: IccidText | None = None


class SubscriptionQuery(Query):
    """GET subscriptions."""

    SubscriptionId: str | None = None


class UpdateSubscription(Body):
    """POST subscriptions/update. An omitted Active keeps its value (undocumented)."""

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


def create_subscription(state: SimulatorState, body: CreateSubscription) -> ResponseBody:
    """Create a subscription. A number may have several."""
    row = {"SubscriptionId": state.new_id("SUB"), **body.model_dump(), "Active": True}
    _validate(state, row)
    state.subscriptions[row["SubscriptionId"]] = row
    state.commit("subscription.created", _ledger_data(row))
    return row


def get_subscription(state: SimulatorState, query: SubscriptionQuery) -> ResponseBody:
    """Return a subscription."""
    return state.find(state.subscriptions, query.SubscriptionId, "SubscriptionId")


def update_subscription(state: SimulatorState, body: UpdateSubscription) -> ResponseBody:
    """Update a subscription; a new PackageId is a plan change."""
    row = state.find(state.subscriptions, body.SubscriptionId, "SubscriptionId")
    after = {**row, **body.non_null_fields()}
    _validate(state, after)
    if state.options.update_deactivates and body.Active is None:
        after["Active"] = False
    row.update(after)
    sent = changed_fields(body.sent_fields(), "SubscriptionId")
    state.commit("subscription.updated", {**_ledger_data(row), "fields": sent})
    return row


def delete_subscription(state: SimulatorState, body: DeleteSubscription) -> ResponseBody:
    """Delete a subscription; subscriber and number remain."""
    row = state.find(state.subscriptions, body.SubscriptionId, "SubscriptionId")
    del state.subscriptions[body.SubscriptionId]
    state.commit("subscription.deleted", _ledger_data(row))
    return {"SubscriptionId": body.SubscriptionId, "SubscriptionStatus": "Deleted"}


def _validate(state: SimulatorState, row: Json) -> None:
    state.find(state.subscribers, row["SubscriberId"], "SubscriberId")
    state.find(state.packages, row["PackageId"], "PackageId")
    number = _number(state, row["TNID"], row["ICCID"])
    if number.status != "Active":
        raise invalid("TNID", f"{number.number} is not active")
    if number.subscriber_id not in (None, row["SubscriberId"]):
        raise invalid("TNID", "This number is assigned to a different subscriber")
    if row["Type"].lower() != number.classification.lower():
        raise invalid("Type", f"Type must match the number, which is {number.classification}")


def _number(state: SimulatorState, tnid: str | None, iccid: str | None) -> Number:
    if not tnid and not iccid:
        raise missing("TNID")
    key, name = (tnid, "TNID") if tnid else (iccid, "ICCID")
    by_key = {n.id if tnid else n.iccid or "": n for n in state.numbers.values()}
    number = state.find(by_key, key, name)
    if tnid and iccid and number.iccid != iccid:
        raise invalid("ICCID", "This ICCID is not paired with the number")
    return number


def _ledger_data(row: Json) -> Json:
    return {
        "subscription_id": row["SubscriptionId"],
        "subscriber_id": row["SubscriberId"],
        "package_id": row["PackageId"],
        "type": row["Type"],
        "tnid": row["TNID"],
        "iccid": row["ICCID"],
    }
