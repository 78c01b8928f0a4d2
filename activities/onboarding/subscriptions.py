"""Subscriptions: starting one for a number, and finding the one that a lost answer started."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import Look, only, settled
from activities.support.write_activity import creation, write
from telegent import NotFound, Telegent
from telegent_orchestrator._models import Payload


class FindSubscription(Look):
    """Look for the subscription of this number to this package."""

    subscriber_id: str
    package_id: str
    number_id: str


class StartSubscription(Payload):
    """A subscription of one number to one package; it starts recurring charges."""

    subscriber_id: str
    package_id: str
    number_id: str
    iccid: str | None = None

    def look(self, *, until: datetime | None = None) -> FindSubscription:
        """Look for this subscription."""
        return FindSubscription(
            subscriber_id=self.subscriber_id,
            package_id=self.package_id,
            number_id=self.number_id,
            until=until,
        )


@dataclass(frozen=True)
class SubscriptionActivities:
    """Calls about subscriptions."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_subscription(self, wanted: FindSubscription) -> str | None:
        """Id of the number's subscription to the package, if there is one."""
        found = [
            subscription.subscription_id
            for subscription in await self.api.packages.subscriptions(wanted.package_id)
            if subscription.tnid == wanted.number_id
            and subscription.subscriber_id == wanted.subscriber_id
        ]
        return settled(only(found, "subscriptions"), wanted, self.settings.read_lag)

    @creation(write_specs.START_SUBSCRIPTION, find_subscription)
    async def start_subscription(self, wanted: StartSubscription) -> str:
        """Start the subscription; returns its id."""
        created = await self.api.subscriptions.create(
            telegent.SubscriptionCreate(
                subscriber_id=wanted.subscriber_id,
                package_id=wanted.package_id,
                type="mvno",
                tnid=wanted.number_id,
                iccid=wanted.iccid,
            )
        )
        return created.subscription_id

    @write(write_specs.CLOSE_SUBSCRIPTION)
    async def close_subscription(self, subscription_id: str) -> None:
        """End a subscription and its charges; one that is gone already is closed."""
        with suppress(NotFound):
            await self.api.subscriptions.delete(subscription_id)
