"""Subscribers: creating one, and looking it up by e-mail, which is unique at the vendor."""

from dataclasses import dataclass

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.outcomes import rejected
from activities.support.shared_list import SharedList
from activities.support.write_activity import (
    CreateSpec,
    Lookup,
    Wanted,
    create_activity,
    found_or_pending,
)
from telegent import Telegent
from telegent_orchestrator.onboarding import NewSubscriber


class CreateSubscriber(Wanted):
    """A subscriber of an account."""

    account_id: str
    subscriber: NewSubscriber

    @property
    def description(self) -> str:
        """What an operator reads."""
        return f"subscriber {self.subscriber.key}"


@dataclass(frozen=True)
class SubscriberActivities:
    """Calls about subscribers."""

    api: Telegent
    settings: ActivitySettings
    all_subscribers: SharedList[telegent.Subscriber]

    @activity.defn
    async def find_subscriber(self, lookup: Lookup[CreateSubscriber]) -> str | None:
        """The id of the subscriber with this e-mail address, if it exists in the account.

        Raises:
            ApplicationError: `Rejected` when the address belongs to another account.
        """
        wanted, found = lookup.wanted, None
        for subscriber in await self.all_subscribers.rows():
            if (subscriber.email or "").casefold() == wanted.subscriber.email.casefold():
                found = subscriber.subscriber_id
                break
        if found is not None:
            # The list may show no account (vendor's own sample), so ask for the subscriber.
            account_id = (await self.api.subscribers.get(found)).account_id
            if not telegent.same_id(account_id, wanted.account_id):
                raise rejected(
                    f"this e-mail address belongs to subscriber {found} of account {account_id}, "
                    f"not of {wanted.account_id}: use another address, or give that subscriber_id"
                )
        return found_or_pending(found, lookup.created_before, self.settings.read_lag)

    @create_activity(CreateSpec(write_specs.CREATE_SUBSCRIBER, find_subscriber))
    async def create_subscriber(self, request: CreateSubscriber) -> str:
        """Create the subscriber without numbers; returns the id.

        The numbers come later: the vendor rejects one that does not belong to the account yet.
        """
        created = await self.api.subscribers.create(
            telegent.SubscriberCreate(
                name=request.subscriber.name,
                email=request.subscriber.email,
                phone_numbers=[],
                role=request.subscriber.role,
                password=request.subscriber.password,
                account_id=request.account_id,
            )
        )
        return created.subscriber_id
