"""Webhooks: where the vendor reports events. It documents neither their content nor signatures."""

from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from telegent._models import HttpsUrl, Id, RequestModel, ResponseModel, Text
from telegent._requester import ListOf, Resource

Event = Literal[
    "Order_Update",
    "New_Sms",
    "Call_Completed",
    "Call_On_Hold",
    "Call_Recording",
    "Call_In_Progress",
    "Call_Ringing",
]


def _with_commas(events: list[str] | None) -> str | None:
    return None if events is None else ",".join(events)


Events = Annotated[
    list[Event] | None,
    Field(min_length=1),
    PlainSerializer(_with_commas, return_type=str | None),
]
Secret = Annotated[str | None, Field(min_length=1, max_length=255, repr=False)]


class _WebhookSettings(RequestModel):
    account_id: Annotated[Text | None, Field(max_length=100)] = None
    method: Literal["POST", "PUT"] | None = None
    data_format: Literal["json", "xml"] | None = None
    authentication_username: Annotated[str | None, Field(max_length=255)] = None
    authentication_password: Secret = None
    authentication_token: Secret = None


class WebhookCreate(_WebhookSettings):
    """A new webhook. A repeat may deliver every event twice."""

    webhook_url: Annotated[HttpsUrl, Field(max_length=255)]
    authentication_type: Literal["None", "Basic", "Token"] | None = None
    subscribed_events: Events


class WebhookUpdate(_WebhookSettings):
    """New values of a webhook. The vendor says ``Bearer`` here, and ``Token`` for a create."""

    webhook_id: Text
    webhook_url: Annotated[HttpsUrl | None, Field(max_length=255)] = None
    authentication_type: Literal["None", "Basic", "Bearer"] | None = None
    subscribed_events: Events = None


class Webhook(ResponseModel):
    """A webhook; `subscribed_events` is a comma-separated text."""

    webhook_id: Id
    account_id: str | None = None
    webhook_url: str | None = None
    method: str | None = None
    data_format: str | None = None
    authentication_type: str | None = None
    authentication_username: str | None = None
    authentication_password: Annotated[str | None, Field(repr=False)] = None
    authentication_token: Annotated[str | None, Field(repr=False)] = None
    subscribed_events: str | None = None
    active: bool | None = None


class Webhooks(Resource):
    """Create, read, update and delete webhooks."""

    async def create(self, request: WebhookCreate) -> Webhook:
        """Create a webhook."""
        return await self._requester.post("/v1.0/webhook/create", Webhook, request)

    async def get(self, webhook_id: str, account_id: str | None = None) -> Webhook:
        """Read one webhook."""
        query = {"WebhookId": webhook_id, "AccountId": account_id}
        return await self._requester.get("/v1.0/webhook", Webhook, query)

    async def update(self, request: WebhookUpdate) -> Webhook:
        """Update a webhook."""
        return await self._requester.post("/v1.0/webhook/update", Webhook, request)

    async def delete(self, webhook_id: str, account_id: str) -> None:
        """Delete a webhook."""
        body = {"WebhookId": webhook_id, "AccountId": account_id}
        await self._requester.delete("/v1.0/webhook/delete", body)

    async def list(self, account_id: str | None = None) -> ListOf[Webhook]:
        """List the account's webhooks."""
        return await self._requester.get_list(
            "/v1.0/account/webhooks", Webhook, {"AccountId": account_id}
        )
