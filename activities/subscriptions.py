"""Subscriptions: starting one for a number, and finding the one that a lost answer started."""

from dataclasses import dataclass

from temporalio import activity

import telegent
from activities.looking import Look, only, settled
from activities.settings import ActivitySettings
from telegent import Telegent
from telegent_orchestrator._payload import Payload


class StartSubscription(Payload):
    """A subscription of one number to one package; it starts recurring charges."""

    subscriber_id: str
    package_id: str
    number_id: str
    iccid: str | None = None


class FindSubscription(Look):
    """Look for the subscription of this number to this package."""

    subscriber_id: str
    package_id: str
    number_id: str


@dataclass(frozen=True)
class SubscriptionActivities:
    """Calls about subscriptions."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
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
