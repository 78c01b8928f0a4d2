"""The account's webhook for order updates: creating ours, and finding it."""

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

import telegent
from activities.settings import ActivitySettings, OrderUpdates
from activities.support import write_specs
from activities.support.lookups import Look, settled
from activities.support.outcomes import Outcome
from activities.support.write_activity import creation
from telegent import Telegent
from telegent_orchestrator._models import Payload

EVENT: telegent.Event = "Order_Update"


class FindWebhook(Look):
    """Look for our webhook of this account."""

    account_id: str


class CreateWebhook(Payload):
    """Our webhook of this account."""

    account_id: str

    def look(self, *, until: datetime | None = None) -> FindWebhook:
        """Look for this webhook."""
        return FindWebhook(account_id=self.account_id, until=until)


@dataclass(frozen=True)
class WebhookActivities:
    """Calls about webhooks. They are refused when this worker has no webhook URL."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_webhook(self, wanted: FindWebhook) -> str | None:
        """Id of the account's webhook that reports order updates to our URL, if there is one.

        Of several any will do: an event that comes twice is one look at the order.
        """
        ours = self._configured()
        found = [
            hook.webhook_id
            for hook in await self.api.webhooks.list(wanted.account_id)
            if hook.webhook_url == ours.url
            and hook.active is not False
            and EVENT.casefold() in _events(hook.subscribed_events)
        ]
        return settled(found[0] if found else None, wanted, self.settings.read_lag)

    @creation(write_specs.CREATE_WEBHOOK, find_webhook)
    async def create_webhook(self, wanted: CreateWebhook) -> str:
        """Register our URL for order updates of the account; returns the webhook's id."""
        ours = self._configured()
        by_token = bool(ours.token)
        created = await self.api.webhooks.create(
            telegent.WebhookCreate(
                account_id=wanted.account_id,
                webhook_url=ours.url,
                method="POST",
                data_format="json",
                authentication_type="Token" if by_token else "Basic",
                authentication_username=None if by_token else ours.username,
                authentication_password=None if by_token else ours.password,
                authentication_token=ours.token if by_token else None,
                subscribed_events=[EVENT],
            )
        )
        return created.webhook_id

    def _configured(self) -> OrderUpdates:
        ours = self.settings.order_updates
        if ours is None:
            raise ApplicationError(
                "this worker has no TELEGENT_WEBHOOK_URL",
                type=Outcome.REFUSED,
                non_retryable=True,
            )
        return ours


def _events(names: str | None) -> set[str]:
    return {name.strip().casefold() for name in (names or "").split(",")}
