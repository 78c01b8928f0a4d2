"""Subscribers: creating one, and finding them by e-mail, which is unique at the vendor."""

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import Lookup, found_or_pending
from activities.support.outcomes import rejected
from activities.support.write_activity import create_activity
from telegent import Telegent
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.onboarding import NewSubscriber


class FindSubscriber(Lookup):
    """Look for the subscriber with this e-mail address in this account."""

    account_id: str
    email: str


class CreateSubscriber(WireModel):
    """A subscriber of an account."""

    account_id: str
    subscriber: NewSubscriber

    def lookup(self, *, created_before: datetime | None = None) -> FindSubscriber:
        """Look for this subscriber."""
        return FindSubscriber(
            account_id=self.account_id, email=self.subscriber.email, created_before=created_before
        )


@dataclass(frozen=True)
class SubscriberActivities:
    """Calls about subscribers."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_subscriber(self, lookup: FindSubscriber) -> str | None:
        """Id of the subscriber with this e-mail address, if there is one in the account.

        One of another account is a fault: it is somebody else's, or a mistake in the request.
        """
        found = None
        async for subscriber in self.api.subscribers.all():
            if (subscriber.email or "").casefold() == lookup.email.casefold():
                found = subscriber.subscriber_id
                break
        if found is not None:
            # The list may show no account (vendor's own sample), so ask for the subscriber.
            account_id = (await self.api.subscribers.get(found)).account_id
            if account_id != lookup.account_id:
                raise rejected(
                    f"this e-mail address belongs to subscriber {found} of account {account_id}, "
                    f"not of {lookup.account_id}: use another address, or give that subscriber_id"
                )
        return found_or_pending(found, lookup, self.settings.read_lag)

    @create_activity(write_specs.CREATE_SUBSCRIBER, find_subscriber)
    async def create_subscriber(self, request: CreateSubscriber) -> str:
        """Create the subscriber without numbers; returns the id.

        The numbers come later: the vendor refuses one that does not belong to the account yet.
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
