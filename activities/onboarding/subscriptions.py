"""Subscriptions: starting one for a number, and looking it up after a lost response."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.outcomes import pending
from activities.support.write_activity import (
    CreateSpec,
    Lookup,
    Wanted,
    create_activity,
    found_or_pending,
    missing_is_deleted,
    only_active,
    write_activity,
)
from telegent import Telegent
from telegent_orchestrator.port_in import Classification


class StartSubscription(Wanted):
    """A subscription of one number to one package; it starts recurring charges.

    `closed_before`: until when an earlier one may have been closed, which lists may still show.
    """

    subscriber_id: str
    package_id: str
    number_id: str
    iccid: str | None = None
    classification: Classification = "mvno"
    closed_before: datetime | None = None

    @property
    def description(self) -> str:
        """What an operator reads."""
        return "the subscription"


@dataclass(frozen=True)
class SubscriptionActivities:
    """Calls about subscriptions."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_subscription(self, lookup: Lookup[StartSubscription]) -> str | None:
        """The id of the number's subscription to the package, if it exists.

        Raises:
            ApplicationError: `Pending` while the list may lag; `Ambiguous` when an operator has to
                choose.
        """
        wanted, lag = lookup.wanted, self.settings.read_lag
        matches = {
            subscription.subscription_id: subscription.active is not False
            for subscription in await self.api.packages.subscriptions(wanted.package_id)
            if telegent.same_id(subscription.subscriber_id, wanted.subscriber_id)
            and (
                telegent.same_id(subscription.tnid, wanted.number_id)
                or telegent.same_iccid(subscription.iccid, wanted.iccid)
            )
        }
        # Where one is active, the others are former ones.
        current = {name: active for name, active in matches.items() if active} or matches
        found = only_active(current, "subscriptions")
        if found and wanted.closed_before:
            remaining = wanted.closed_before + lag - activity.info().current_attempt_scheduled_time
            if remaining > timedelta(0):
                raise pending(
                    f"{found} is listed; checking again, because it may have been closed",
                    min(lag / 2, remaining),
                )
        return found_or_pending(found, lookup.created_before, lag)

    @write_activity(write_specs.CLOSE_SUBSCRIPTION)
    async def close_subscription(self, subscription_id: str) -> None:
        """End a subscription and its charges; one that is missing is closed."""
        with missing_is_deleted(self.settings.read_lag):
            await self.api.subscriptions.delete(subscription_id)

    @create_activity(
        CreateSpec(write_specs.START_SUBSCRIPTION, find_subscription, compensate=close_subscription)
    )
    async def start_subscription(self, request: StartSubscription) -> str:
        """Start the subscription; returns its id."""
        created = await self.api.subscriptions.create(
            telegent.SubscriptionCreate(
                subscriber_id=request.subscriber_id,
                package_id=request.package_id,
                type=self._type(request.classification),
                tnid=request.number_id,
                iccid=request.iccid,
            )
        )
        return created.subscription_id

    def _type(self, classification: Classification) -> telegent.SubscriptionType:
        if not self.settings.capitalized_subscription_types:
            return classification
        return "Iot" if classification == "iot" else "Mvno"
