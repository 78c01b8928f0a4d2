"""Webhook registrations. Nothing is delivered: the vendor publishes no event body."""

from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid
from simulator.engine.fields import Answer, Body, Json, Query, Text
from simulator.engine.state import World

EVENTS = {
    "Order_Update",
    "New_Sms",
    "Call_Completed",
    "Call_On_Hold",
    "Call_Recording",
    "Call_In_Progress",
    "Call_Ringing",
}


class CreateWebhook(Body):
    """POST webhook/create; the schema marks nothing as required."""

    AccountId: str | None = Field(default=None, max_length=100)
    WebhookUrl: str | None = Field(default=None, max_length=255, pattern=r"^https://\S+$")
    Method: str | None = Field(default=None, max_length=10)
    DataFormat: str | None = Field(default=None, max_length=50)
    AuthenticationType: Literal["None", "Basic", "Token"] | None = None
    AuthenticationUsername: str | None = Field(default=None, max_length=255)
    AuthenticationPassword: str | None = Field(default=None, max_length=255)
    AuthenticationToken: str | None = Field(default=None, max_length=255)
    SubscribedEvents: str | None = Field(default=None, max_length=255)


class UpdateWebhook(Body):
    """POST webhook/update, where the token scheme is called Bearer."""

    WebhookId: Text
    AccountId: str | None = Field(default=None, max_length=100)
    WebhookUrl: str | None = Field(default=None, max_length=255, pattern=r"^https://\S+$")
    Method: str | None = Field(default=None, max_length=10)
    DataFormat: str | None = Field(default=None, max_length=50)
    AuthenticationType: Literal["None", "Basic", "Token", "Bearer"] | None = None
    AuthenticationUsername: str | None = Field(default=None, max_length=255)
    AuthenticationPassword: str | None = Field(default=None, max_length=255)
    AuthenticationToken: str | None = Field(default=None, max_length=255)
    SubscribedEvents: str | None = Field(default=None, max_length=255)


class DeleteWebhook(Body):
    """POST webhook/delete."""

    WebhookId: Text
    AccountId: str | None = None


class WebhookQuery(Query):
    """GET webhook."""

    WebhookId: Text
    AccountId: str | None = None


class WebhooksQuery(Query):
    """GET account/webhooks."""

    AccountId: str | None = None


def create_webhook(world: World, body: CreateWebhook) -> Answer:
    """A new registration each time, even for the same URL and events."""
    _check_events(body.SubscribedEvents)
    hook = {"WebhookId": world.new_id("WID"), **body.model_dump(), "Active": True}
    hook["AccountId"] = world.account_for(body.AccountId)
    world.webhooks[hook["WebhookId"]] = hook
    world.commit("webhook.created", _facts(hook))
    return hook


def get_webhook(world: World, query: WebhookQuery) -> Answer:
    """One registration by id."""
    return world.find(world.webhooks, query.WebhookId, "WebhookId")


def update_webhook(world: World, body: UpdateWebhook) -> Answer:
    """Changes what was sent."""
    hook = world.find(world.webhooks, body.WebhookId, "WebhookId")
    _check_events(body.SubscribedEvents)
    if body.AccountId:
        world.account_for(body.AccountId)
    hook.update(body.given())
    world.commit("webhook.updated", _facts(hook))
    return hook


def delete_webhook(world: World, body: DeleteWebhook) -> Answer:
    """Removes a registration."""
    hook = world.find(world.webhooks, body.WebhookId, "WebhookId")
    del world.webhooks[body.WebhookId]
    world.commit("webhook.deleted", _facts(hook))
    return {"WebhookId": body.WebhookId, "WebhookStatus": "Deleted"}


def list_webhooks(world: World, query: WebhooksQuery) -> Answer:
    """The registrations of an account, as a bare array."""
    account_id = world.account_for(query.AccountId)
    return [hook for hook in world.webhooks.values() if hook["AccountId"] == account_id]


def _check_events(events: str | None) -> None:
    for name in (events or "").split(","):
        if name.strip() and name.strip() not in EVENTS:
            known = ", ".join(sorted(EVENTS))
            raise invalid("SubscribedEvents", f"{name.strip()} is not an event; known: {known}")


def _facts(hook: Json) -> Json:
    return {
        "webhook_id": hook["WebhookId"],
        "account_id": hook["AccountId"],
        "url": hook["WebhookUrl"],
        "events": hook["SubscribedEvents"],
    }
