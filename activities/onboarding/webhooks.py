"""The account's webhook for order updates: creating ours, and looking it up."""

from dataclasses import dataclass

from temporalio import activity

import telegent
from activities.settings import ActivitySettings, OrderWebhook
from activities.support import write_specs
from activities.support.outcomes import rejected
from activities.support.write_activity import (
    CreateSpec,
    Lookup,
    Wanted,
    create_activity,
    found_or_pending,
)
from telegent import Telegent

ORDER_UPDATE_EVENT: telegent.Event = "Order_Update"


class CreateWebhook(Wanted):
    """Our webhook of this account."""

    account_id: str

    @property
    def description(self) -> str:
        """What an operator reads."""
        return "the webhook for order updates"


@dataclass(frozen=True)
class WebhookActivities:
    """Calls about webhooks. They are rejected when this worker has no webhook URL."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_webhook(self, lookup: Lookup[CreateWebhook]) -> str | None:
        """The id of the account's webhook that reports order updates to our URL, if it exists.

        Of several any will do: an event that is delivered twice is one poll of the order.
        """
        order_webhook = self._require_order_webhook()
        found = [
            hook.webhook_id
            for hook in await self.api.webhooks.list(lookup.wanted.account_id)
            if hook.webhook_url == order_webhook.url
            and hook.active is not False
            and ORDER_UPDATE_EVENT.casefold() in _event_names(hook.subscribed_events)
        ]
        return found_or_pending(
            found[0] if found else None, lookup.created_before, self.settings.read_lag
        )

    @create_activity(CreateSpec(write_specs.CREATE_WEBHOOK, find_webhook))
    async def create_webhook(self, request: CreateWebhook) -> str:
        """Register our URL for order updates of the account; returns the webhook's id."""
        order_webhook = self._require_order_webhook()
        by_token = bool(order_webhook.token)
        created = await self.api.webhooks.create(
            telegent.WebhookCreate(
                account_id=request.account_id,
                webhook_url=order_webhook.url,
                method="POST",
                data_format="json",
                authentication_type="Token" if by_token else "Basic",
                authentication_username=None if by_token else order_webhook.username,
                authentication_password=None if by_token else order_webhook.password,
                authentication_token=order_webhook.token if by_token else None,
                subscribed_events=[ORDER_UPDATE_EVENT],
            )
        )
        return created.webhook_id

    def _require_order_webhook(self) -> OrderWebhook:
        order_webhook = self.settings.order_webhook
        if order_webhook is None:
            raise rejected("this worker has no TELEGENT_WEBHOOK_URL")
        return order_webhook


def _event_names(names: str | None) -> set[str]:
    return {name.strip().casefold() for name in (names or "").split(",")}
