"""The subscriber of a line: name, role, password, and the account."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field
from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import line_write_specs
from activities.support.change_orders import not_shown
from activities.support.outcomes import pending
from activities.support.write_activity import write_activity
from telegent import RequestRejectedError, Telegent
from telegent_orchestrator._models import WireModel


class SubscriberRecord(WireModel):
    """A subscriber as Telegent shows it."""

    subscriber_id: str
    account_id: str | None = None
    phone_numbers: list[str] = []


class SubscriberChangeInput(WireModel):
    """New values of a subscriber; None: as it is. `password`: secret, and never shown again."""

    subscriber_id: str
    name: str | None = None
    role: Literal["Subscriber", "Manager", "Account Admin"] | None = None
    password: str | None = Field(None, repr=False)

    def shown_by(self, subscriber: telegent.Subscriber) -> bool:
        """Whether the subscriber has the name and the role."""
        return self.name in (None, subscriber.name) and self.role in (None, subscriber.role)


class TransferInput(WireModel):
    """A subscriber, and the accounts before and after."""

    subscriber_id: str
    from_account_id: str
    to_account_id: str

    def shown_by(self, subscriber: telegent.Subscriber) -> bool:
        """Whether the subscriber belongs to the new account."""
        return telegent.same_id(subscriber.account_id, self.to_account_id)


@dataclass(frozen=True)
class LineSubscriberActivities:
    """Vendor calls about the subscriber of a line."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def read_subscriber(self, subscriber_id: str) -> SubscriberRecord:
        """Returns the account and the numbers of a subscriber."""
        return _to_record(await self.api.subscribers.get(subscriber_id))

    @activity.defn
    async def check_subscriber(self, change: SubscriberChangeInput) -> bool:
        """Returns whether a subscriber has the name and the role already."""
        return change.shown_by(await self.api.subscribers.get(change.subscriber_id))

    @write_activity(line_write_specs.UPDATE_SUBSCRIBER)
    async def update_subscriber(self, change: SubscriberChangeInput) -> None:
        """Set name, role or password of a subscriber."""
        await self.api.subscribers.update(
            telegent.SubscriberUpdate(
                subscriber_id=change.subscriber_id,
                name=change.name,
                role=change.role,
                password=change.password,
            )
        )

    @activity.defn
    async def await_subscriber(self, change: SubscriberChangeInput) -> None:
        """Returns as soon as the subscriber has the name and the role.

        Raises:
            ApplicationError: `Pending` until then, so that Temporal retries; `Ambiguous` when it
                has not after the read lag.
        """
        if not await self.check_subscriber(change):
            raise not_shown(self.settings, "the subscriber has another name or role")

    @write_activity(line_write_specs.TRANSFER_SUBSCRIBER)
    async def transfer_subscriber(self, transfer: TransferInput) -> None:
        """Move a subscriber with numbers and subscriptions to another account."""
        if transfer.shown_by(await self.api.subscribers.get(transfer.subscriber_id)):
            return
        try:
            await self.api.subscribers.transfer(
                telegent.SubscriberTransfer(
                    subscriber_id=transfer.subscriber_id,
                    from_account_id=transfer.from_account_id,
                    to_account_id=transfer.to_account_id,
                )
            )
        except RequestRejectedError as error:
            info = activity.info()
            if info.attempt == 1 or info.heartbeat_details:
                raise
            # An earlier attempt whose response was lost may be the reason, and not shown yet.
            activity.heartbeat("rejected")
            raise pending(str(error), self.settings.read_lag) from None

    @activity.defn
    async def await_transfer(self, transfer: TransferInput) -> SubscriberRecord:
        """Returns the subscriber as soon as it belongs to the new account.

        Raises:
            ApplicationError: `Pending` until then, so that Temporal retries; `Ambiguous` when it
                does not after the read lag.
        """
        subscriber = await self.api.subscribers.get(transfer.subscriber_id)
        if not transfer.shown_by(subscriber):
            raise not_shown(
                self.settings, f"the subscriber belongs to account {subscriber.account_id}"
            )
        return _to_record(subscriber)


def _to_record(subscriber: telegent.Subscriber) -> SubscriberRecord:
    return SubscriberRecord(
        subscriber_id=subscriber.subscriber_id,
        account_id=subscriber.account_id,
        phone_numbers=subscriber.phone_numbers or [],
    )
