"""Subscribers, and AI Guardian between them."""

from collections.abc import Sequence

from activities.onboarding.guardian import GuardianActivities, GuardianLink
from activities.onboarding.subscribers import CreateSubscriber, SubscriberActivities
from activities.support.write_specs import write_spec_of
from telegent_orchestrator.onboarding import (
    ExistingSubscriber,
    GuardianRelation,
    NewSubscriber,
)
from workflows.support.activity_calls import execute_idempotent_write
from workflows.support.cancellation import run_all
from workflows.support.exactly_once import ResourceCreator

GUARDIAN_STEP = "AI Guardian"


def subscriber_step(key: str) -> str:
    """The name of the step that ensures the subscriber with this key."""
    return f"Subscriber {key}"


async def ensure_subscriber(
    creator: ResourceCreator, subscriber: NewSubscriber | ExistingSubscriber, account_id: str
) -> str:
    """Ensures the subscriber, and returns its id."""
    step = subscriber_step(subscriber.key)
    async with creator.progress.step(step):
        if isinstance(subscriber, ExistingSubscriber):
            return subscriber.subscriber_id
        wanted = CreateSubscriber(account_id=account_id, subscriber=subscriber)
        return await creator.ensure(SubscriberActivities.create_subscriber, wanted)


async def set_up_guardian(
    creator: ResourceCreator,
    guarded: Sequence[str],
    relations: Sequence[GuardianRelation],
    subscriber_ids: dict[str, str],
) -> None:
    """Turns Guardian on, then relates subscribers: the vendor relates only those who have it.

    Args:
        creator: Creates the relations.
        guarded: Keys of the subscribers with Guardian.
        relations: The relations; one whose subscriber failed is left out.
        subscriber_ids: Ids by key.
    """
    async with creator.progress.step(GUARDIAN_STEP):
        await run_all(*(_enable(creator, key, subscriber_ids[key]) for key in guarded))
        for relation in relations:
            if relation.parent in subscriber_ids and relation.child in subscriber_ids:
                await _link(creator, relation, subscriber_ids)


async def _enable(creator: ResourceCreator, key: str, subscriber_id: str) -> None:
    enable = GuardianActivities.enable_guardian
    await execute_idempotent_write(enable, f"Turn AI Guardian on for {key}", subscriber_id)
    creator.compensation.retain(f"AI Guardian of {key}", write_spec_of(enable))


async def _link(
    creator: ResourceCreator, relation: GuardianRelation, subscriber_ids: dict[str, str]
) -> None:
    parent_id, child_id = subscriber_ids[relation.parent], subscriber_ids[relation.child]
    # A relation of two subscribers that existed before may exist too. A cancel must not end it, and
    # whether the vendor rejects a second one is not documented.
    either_is_new = bool({parent_id, child_id} & creator.created_ids)
    await creator.ensure(
        GuardianActivities.link_guardian,
        GuardianLink(
            parent=relation.parent,
            child=relation.child,
            parent_id=parent_id,
            child_id=child_id,
            relation=relation.relation,
        ),
        lookup_first=not either_is_new,
    )
