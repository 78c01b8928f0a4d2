"""AI Guardian per subscriber: switching it on, and who guards whom."""

from simulator.engine.errors import invalid, not_found
from simulator.engine.fields import Answer, Body, Json, Query, Text
from simulator.engine.state import World


class SetFeatures(Body):
    """POST subscribers/guardian-features; an absolute set."""

    SubscriberId: Text
    EnableIntelligentGuardianCalls: bool = False
    EnableIntelligentGuardianMessages: bool = False


class FeaturesQuery(Query):
    """GET subscribers/guardian-features."""

    SubscriberId: Text
    AccountId: str | None = None


class Relate(Body):
    """POST subscribers/guardians/relation."""

    ParentSubscriberId: Text
    ChildSubscriberId: Text
    Relation: Text


class DeleteRelation(Body):
    """POST subscribers/guardians/relation/delete."""

    ParentSubscriberId: Text
    ChildSubscriberId: Text


class ParentQuery(Query):
    """GET .../relation/parent; the published pages leave the parameter's name open."""

    ParentSubscriberId: Text


class ChildQuery(Query):
    """GET .../relation/child."""

    ChildSubscriberId: Text


def set_features(world: World, body: SetFeatures) -> Answer:
    """Switches Guardian on or off for calls and for messages."""
    world.find(world.subscribers, body.SubscriberId, "SubscriberId")
    flags = body.model_dump()
    world.guardian[body.SubscriberId] = flags
    world.commit(
        "guardian.features_set",
        {
            "subscriber_id": body.SubscriberId,
            "calls": body.EnableIntelligentGuardianCalls,
            "messages": body.EnableIntelligentGuardianMessages,
        },
    )
    return flags


def get_features(world: World, query: FeaturesQuery) -> Answer:
    """The two switches of a subscriber."""
    world.find(world.subscribers, query.SubscriberId, "SubscriberId")
    held = world.guardian.get(query.SubscriberId)
    return held or SetFeatures(SubscriberId=query.SubscriberId).model_dump()


def guardian_is_on(world: World, subscriber_id: str, *switches: str) -> bool:
    """Whether any of the named Guardian switches of a subscriber is on."""
    flags = world.guardian.get(subscriber_id, {})
    return any(flags.get(f"EnableIntelligentGuardian{switch}") for switch in switches)


def relate(world: World, body: Relate) -> Answer:
    """Makes one subscriber the guardian of another; both need Guardian first."""
    parent, child = body.ParentSubscriberId, body.ChildSubscriberId
    for subscriber_id in (parent, child):
        world.find(world.subscribers, subscriber_id, "SubscriberId")
        if not guardian_is_on(world, subscriber_id, "Calls", "Messages"):
            raise invalid("ParentSubscriberId", f"Guardian is not enabled for {subscriber_id}")
    if parent == child:
        raise invalid("ChildSubscriberId", "A subscriber cannot be its own guardian")
    world.relations[parent, child] = body.Relation
    row = _row(parent, child, body.Relation)
    world.commit("guardian.related", _facts(row))
    return row


def delete_relation(world: World, body: DeleteRelation) -> Answer:
    """Ends a relation; filters stay."""
    pair = (body.ParentSubscriberId, body.ChildSubscriberId)
    relation = world.relations.pop(pair, None)
    if relation is None:
        raise not_found("relation")
    row = _row(*pair, relation)
    world.commit("guardian.relation_deleted", _facts(row))
    return {"Status": "Deleted", "DateDeleted": world.clock.now().isoformat(), **row}


def list_children(world: World, query: ParentQuery) -> Answer:
    """All relations in which the subscriber is the parent."""
    return [
        _row(parent, child, relation)
        for (parent, child), relation in world.relations.items()
        if parent == query.ParentSubscriberId
    ]


def list_parents(world: World, query: ChildQuery) -> Answer:
    """All relations in which the subscriber is the child."""
    return [
        _row(parent, child, relation)
        for (parent, child), relation in world.relations.items()
        if child == query.ChildSubscriberId
    ]


def _row(parent: str, child: str, relation: str) -> Json:
    return {"ParentSubscriberId": parent, "ChildSubscriberId": child, "Relation": relation}


def _facts(row: Json) -> Json:
    return {
        "parent_id": row["ParentSubscriberId"],
        "child_id": row["ChildSubscriberId"],
        "relation": row["Relation"],
    }
