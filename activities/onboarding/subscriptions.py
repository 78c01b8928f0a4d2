"""Subscriptions: starting one for a number, and finding the one that a lost answer started."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import Lookup, at_most_one, found_or_pending
from activities.support.write_activity import create_activity, write_activity
from telegent import NotFoundError, Telegent
from telegent_orchestrator._models import WireModel


class FindSubscription(Lookup):
    """Look for the subscription of this number to this package."""

    subscriber_id: str
    package_id: str
    number_id: str


class StartSubscription(WireModel):
    """A subscription of one number to one package; it starts recurring charges."""

    subscriber_id: str
    package_id: str
    number_id: str
    iccid: str | None = None

    def lookup(self, *, created_before: datetime | None = None) -> FindSubscription:
        """Look for this subscription."""
        return FindSubscription(
            subscriber_id=self.subscriber_id,
            package_id=self.package_id,
            number_id=self.number_id,
            created_before=created_before,
        )


@dataclass(frozen=True)
class SubscriptionActivities:
    """Calls about subscriptions."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_subscription(self, lookup: FindSubscription) -> str | None:
        """Id of the number's subscription to the package, if there is one."""
        found = [
            subscription.subscription_id
            for subscription in await self.api.packages.subscriptions(lookup.package_id)
            if telegent.same_id(subscription.tnid, lookup.number_id)
            and telegent.same_id(subscription.subscriber_id, lookup.subscriber_id)
        ]
        return found_or_pending(at_most_one(found, "subscriptions"), lookup, self.settings.read_lag)

    @create_activity(write_specs.START_SUBSCRIPTION, find_subscription)
    async def start_subscription(self, request: StartSubscription) -> str:
        """Start the subscription; returns its id."""
        created = await self.api.subscriptions.create(
            telegent.SubscriptionCreate(
                subscriber_id=request.subscriber_id,
                package_id=request.package_id,
                type="mvno",
                tnid=request.number_id,
                iccid=request.iccid,
            )
        )
        return created.subscription_id

    @write_activity(write_specs.CLOSE_SUBSCRIPTION)
    async def close_subscription(self, subscription_id: str) -> None:
        """End a subscription and its charges; one that is gone already is closed."""
        with suppress(NotFoundError):
            await self.api.subscriptions.delete(subscription_id)
