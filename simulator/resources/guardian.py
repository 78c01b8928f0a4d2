"""AI Guardian: features of subscribers, and guardian relations."""

from simulator.engine.errors import invalid, not_found
from simulator.engine.fields import Body, Json, Query, ResponseBody, Text
from simulator.engine.state import SimulatorState


class SetFeatures(Body):
    """POST subscribers/guardian-features, which replaces both values."""

    SubscriberId: Text
    EnableIntelligentGuardianCalls: bool = False
    EnableIntelligentGuardianMessages: bool = False


class FeaturesQuery(Query):
    """GET subscribers/guardian-features."""

    SubscriberId: Text
    AccountId: str | None = None


class CreateRelation(Body):
    """POST subscribers/guardians/relation."""

    ParentSubscriberId: Text
    ChildSubscriberId: Text
    Relation: Text


class DeleteRelation(Body):
    """POST subscribers/guardians/relation/delete."""

    ParentSubscriberId: Text
    ChildSubscriberId: Text


class ParentQuery(Query):
    """GET subscribers/guardians/relation/parent."""

    ParentSubscriberId: Text
    AccountId: str | None = None


class ChildQuery(Query):
    """GET subscribers/guardians/relation/child."""

    ChildSubscriberId: Text
    AccountId: str | None = None


def set_features(state: SimulatorState, body: SetFeatures) -> ResponseBody:
    """Enable or disable Guardian for calls and for messages."""
    state.find(state.subscribers, body.SubscriberId, "SubscriberId")
    flags = body.model_dump()
    state.guardian[body.SubscriberId] = flags
    state.commit(
        "guardian.features_set",
        {
            "subscriber_id": body.SubscriberId,
            "calls": body.EnableIntelligentGuardianCalls,
            "messages": body.EnableIntelligentGuardianMessages,
        },
    )
    return flags


def get_features(state: SimulatorState, query: FeaturesQuery) -> ResponseBody:
    """Return the features of a subscriber."""
    state.find(state.subscribers, query.SubscriberId, "SubscriberId")
    held = state.guardian.get(query.SubscriberId)
    return held or SetFeatures(SubscriberId=query.SubscriberId).model_dump()


def is_guardian_enabled(state: SimulatorState, subscriber_id: str, *switches: str) -> bool:
    """Whether any of the named features is enabled for a subscriber."""
    flags = state.guardian.get(subscriber_id, {})
    return any(flags.get(f"EnableIntelligentGuardian{feature}") for feature in switches)


def create_relation(state: SimulatorState, body: CreateRelation) -> ResponseBody:
    """Make one subscriber the guardian of another. Both need Guardian first."""
    parent, child = body.ParentSubscriberId, body.ChildSubscriberId
    for subscriber_id in (parent, child):
        state.find(state.subscribers, subscriber_id, "SubscriberId")
        if not is_guardian_enabled(state, subscriber_id, "Calls", "Messages"):
            raise invalid("ParentSubscriberId", f"Guardian is not enabled for {subscriber_id}")
    if parent == child:
        raise invalid("ChildSubscriberId", "A subscriber cannot be its own guardian")
    state.relations[parent, child] = body.Relation
    row = _row(parent, child, body.Relation)
    state.commit("guardian.related", _ledger_data(row))
    return row


def delete_relation(state: SimulatorState, body: DeleteRelation) -> ResponseBody:
    """Delete a relation; filters remain."""
    pair = (body.ParentSubscriberId, body.ChildSubscriberId)
    relation = state.relations.pop(pair, None)
    if relation is None:
        raise not_found("relation")
    row = _row(*pair, relation)
    state.commit("guardian.relation_deleted", _ledger_data(row))
    return {"Status": "Deleted", "DateDeleted": state.clock.now().isoformat(), **row}


def list_children(state: SimulatorState, query: ParentQuery) -> ResponseBody:
    """List the relations in which the subscriber is the parent."""
    rows = [
        _row(parent, child, relation)
        for (parent, child), relation in state.relations.items()
        if parent == query.ParentSubscriberId
    ]
    return _list_response(
        state, {"ParentSubscriberId": query.ParentSubscriberId, "Children": rows}, rows
    )


def list_parents(state: SimulatorState, query: ChildQuery) -> ResponseBody:
    """List the relations in which the subscriber is the child."""
    rows = [
        _row(parent, child, relation)
        for (parent, child), relation in state.relations.items()
        if child == query.ChildSubscriberId
    ]
    return _list_response(
        state, {"ChildSubscriberId": query.ChildSubscriberId, "Guardians": rows}, rows
    )


def _list_response(state: SimulatorState, envelope: Json, rows: list[Json]) -> ResponseBody:
    return envelope if state.options.relations_envelope == "object" else rows


def _row(parent: str, child: str, relation: str) -> Json:
    return {"ParentSubscriberId": parent, "ChildSubscriberId": child, "Relation": relation}


def _ledger_data(row: Json) -> Json:
    return {
        "parent_id": row["ParentSubscriberId"],
        "child_id": row["ChildSubscriberId"],
        "relation": row["Relation"],
    }
