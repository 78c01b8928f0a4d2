"""Webhook registrations. No events are delivered, because the vendor publishes no event body."""

from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid
from simulator.engine.fields import Body, Json, Query, ResponseBody, Text
from simulator.engine.state import SimulatorState

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
    """POST webhook/create, where no field is required."""

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
    """POST webhook/update, where the token scheme is `Bearer`."""

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


def create_webhook(state: SimulatorState, body: CreateWebhook) -> ResponseBody:
    """Create a webhook, even if one with the same URL and events exists."""
    _check_events(body.SubscribedEvents)
    hook = {"WebhookId": state.new_id("WID"), **body.model_dump(), "Active": True}
    hook["AccountId"] = state.resolve_account(body.AccountId)
    state.webhooks[hook["WebhookId"]] = hook
    state.commit("webhook.created", _ledger_data(hook))
    return hook


def get_webhook(state: SimulatorState, query: WebhookQuery) -> ResponseBody:
    """Return a webhook."""
    return state.find(state.webhooks, query.WebhookId, "WebhookId")


def update_webhook(state: SimulatorState, body: UpdateWebhook) -> ResponseBody:
    """Update a webhook."""
    hook = state.find(state.webhooks, body.WebhookId, "WebhookId")
    _check_events(body.SubscribedEvents)
    if body.AccountId:
        state.resolve_account(body.AccountId)
    hook.update(body.non_null_fields())
    state.commit("webhook.updated", _ledger_data(hook))
    return hook


def delete_webhook(state: SimulatorState, body: DeleteWebhook) -> ResponseBody:
    """Delete a webhook."""
    hook = state.find(state.webhooks, body.WebhookId, "WebhookId")
    del state.webhooks[body.WebhookId]
    state.commit("webhook.deleted", _ledger_data(hook))
    return {"WebhookId": body.WebhookId, "WebhookStatus": "Deleted"}


def list_webhooks(state: SimulatorState, query: WebhooksQuery) -> ResponseBody:
    """List the webhooks of an account, as a bare array."""
    account_id = state.resolve_account(query.AccountId)
    return [hook for hook in state.webhooks.values() if hook["AccountId"] == account_id]


def _check_events(events: str | None) -> None:
    for name in (events or "").split(","):
        if name.strip() and name.strip() not in EVENTS:
            known = ", ".join(sorted(EVENTS))
            raise invalid("SubscribedEvents", f"{name.strip()} is not an event; known: {known}")


def _ledger_data(hook: Json) -> Json:
    return {
        "webhook_id": hook["WebhookId"],
        "account_id": hook["AccountId"],
        "url": hook["WebhookUrl"],
        "events": hook["SubscribedEvents"],
    }
