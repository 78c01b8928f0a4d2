"""Subscribers, and AI Guardian between them."""

from collections.abc import Sequence

from activities.onboarding.guardian import GuardianActivities, Relation
from activities.onboarding.subscribers import CreateSubscriber, SubscriberActivities
from activities.support.write_specs import write_of
from telegent_orchestrator.onboarding import (
    ExistingSubscriber,
    GuardianRelation,
    NewSubscriber,
)
from workflows.support.activity_calls import put, read
from workflows.support.cancellation import side_by_side
from workflows.support.exactly_once import Maker

GUARDIAN = "AI Guardian"


def subscriber_step(key: str) -> str:
    """The step in which the subscriber with this key is ensured."""
    return f"Subscriber {key}"


async def ensure_subscriber(
    maker: Maker, person: NewSubscriber | ExistingSubscriber, account_id: str
) -> str:
    """The subscriber's id."""
    step = subscriber_step(person.key)
    async with maker.board.step(step):
        if isinstance(person, ExistingSubscriber):
            return person.subscriber_id
        wanted = CreateSubscriber(account_id=account_id, subscriber=person)
        return await maker.ensure_id(
            step,
            f"subscriber {person.key}",
            SubscriberActivities.create,
            SubscriberActivities.find,
            wanted,
        )


async def guard(
    maker: Maker,
    guarded: Sequence[str],
    relations: Sequence[GuardianRelation],
    subscriber_ids: dict[str, str],
) -> None:
    """Guardian on for all of `guarded` (keys) first: the vendor relates only who has it."""
    async with maker.board.step(GUARDIAN):
        await side_by_side(*(_turn_on(maker, key, subscriber_ids[key]) for key in guarded))
        for relation in relations:
            if relation.parent in subscriber_ids and relation.child in subscriber_ids:
                await _relate(maker, relation, subscriber_ids)


async def _turn_on(maker: Maker, key: str, subscriber_id: str) -> None:
    enable = GuardianActivities.enable_guardian
    await put(enable, f"Turn AI Guardian on for {key}", subscriber_id)
    maker.undo.leave(f"AI Guardian of {key}", write_of(enable))


async def _relate(maker: Maker, relation: GuardianRelation, subscriber_ids: dict[str, str]) -> None:
    parent_id, child_id = subscriber_ids[relation.parent], subscriber_ids[relation.child]
    what = f"relation of {relation.parent} and {relation.child}"
    wanted = Relation(parent_id=parent_id, child_id=child_id, relation=relation.relation)
    steps = {subscriber_step(relation.parent), subscriber_step(relation.child)}
    # Whether the vendor refuses a second relation of two people is not documented. What was there
    # before must not be taken for ours, and be ended by a cancel.
    if not steps & maker.created:
        find = GuardianActivities.find_relation
        if await read(find, f"Look for {what}", wanted.look()) is not None:
            return
    await maker.ensure_id(
        GUARDIAN,
        what,
        GuardianActivities.relate,
        GuardianActivities.find_relation,
        wanted,
        take_back=lambda _: put(GuardianActivities.unrelate, f"End {what}", parent_id, child_id),
    )
