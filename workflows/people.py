"""Subscribers, and AI Guardian between them."""

import asyncio
from collections.abc import Sequence

from activities.guardian import FindRelation, GuardianActivities, Relation
from activities.subscribers import CreateSubscriber, FindSubscriber, SubscriberActivities
from telegent_orchestrator.onboarding import (
    ExistingSubscriber,
    GuardianRelation,
    NewSubscriber,
)
from workflows.calls import creating, put, read
from workflows.ensure import Maker

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
            creating(SubscriberActivities.create, f"Create subscriber {person.key}", wanted),
            lambda settle: read(
                SubscriberActivities.find,
                f"Look for subscriber {person.key}",
                FindSubscriber(account_id=account_id, email=person.email, settle=settle),
            ),
            unique=True,
        )


async def guard(
    maker: Maker,
    guarded: Sequence[str],
    relations: Sequence[GuardianRelation],
    subscriber_ids: dict[str, str],
) -> None:
    """Guardian on for all of `guarded` (keys) first: the vendor relates only who has it."""
    async with maker.board.step(GUARDIAN):
        await asyncio.gather(
            *(
                put(
                    GuardianActivities.enable_guardian,
                    f"Turn AI Guardian on for {key}",
                    subscriber_ids[key],
                )
                for key in guarded
            )
        )
        for relation in relations:
            if relation.parent in subscriber_ids and relation.child in subscriber_ids:
                await _relate(maker, relation, subscriber_ids)


async def _relate(maker: Maker, relation: GuardianRelation, subscriber_ids: dict[str, str]) -> None:
    parent_id, child_id = subscriber_ids[relation.parent], subscriber_ids[relation.child]
    await maker.ensure_id(
        GUARDIAN,
        creating(
            GuardianActivities.relate,
            f"Let {relation.parent} watch over {relation.child}",
            Relation(parent_id=parent_id, child_id=child_id, relation=relation.relation),
        ),
        lambda settle: read(
            GuardianActivities.find_relation,
            "Look for the relation",
            FindRelation(parent_id=parent_id, child_id=child_id, settle=settle),
        ),
        unique=True,
    )
