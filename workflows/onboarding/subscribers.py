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
from workflows.support.activity_calls import execute_idempotent_write, execute_read
from workflows.support.cancellation import run_all
from workflows.support.exactly_once import ResourceCreator

GUARDIAN_STEP = "AI Guardian"


def subscriber_step(key: str) -> str:
    """The step in which the subscriber with this key is ensured."""
    return f"Subscriber {key}"


async def ensure_subscriber(
    creator: ResourceCreator, subscriber: NewSubscriber | ExistingSubscriber, account_id: str
) -> str:
    """The subscriber's id."""
    step = subscriber_step(subscriber.key)
    async with creator.progress.step(step):
        if isinstance(subscriber, ExistingSubscriber):
            return subscriber.subscriber_id
        wanted = CreateSubscriber(account_id=account_id, subscriber=subscriber)
        return await creator.ensure_id(
            step,
            f"subscriber {subscriber.key}",
            SubscriberActivities.create_subscriber,
            SubscriberActivities.find_subscriber,
            wanted,
        )


async def set_up_guardian(
    creator: ResourceCreator,
    guarded: Sequence[str],
    relations: Sequence[GuardianRelation],
    subscriber_ids: dict[str, str],
) -> None:
    """Guardian on for all of `guarded` (keys) first: the vendor relates only who has it."""
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
    description = f"relation of {relation.parent} and {relation.child}"
    wanted = GuardianLink(parent_id=parent_id, child_id=child_id, relation=relation.relation)
    steps = {subscriber_step(relation.parent), subscriber_step(relation.child)}
    # Whether the vendor refuses a second relation of two people is not documented. What was there
    # before must not be taken for ours, and be ended by a cancel.
    if not steps & creator.created_steps:
        find = GuardianActivities.find_guardian_link
        if await execute_read(find, f"Look for {description}", wanted.lookup()) is not None:
            return
    await creator.ensure_id(
        GUARDIAN_STEP,
        description,
        GuardianActivities.link_guardian,
        GuardianActivities.find_guardian_link,
        wanted,
        compensate=lambda _: execute_idempotent_write(
            GuardianActivities.unlink_guardian, f"End {description}", parent_id, child_id
        ),
    )
