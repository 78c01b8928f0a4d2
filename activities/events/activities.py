"""Events for other systems: whether anybody wants them, and delivering one to one receiver."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.events.receiver_client import ReceiverUnreachableError, host_of, post
from telegent_orchestrator.events import CONTENT_TYPE, Event, sign_headers

MAX_RETRY_DELAY = timedelta(hours=1)
"""The longest that a receiver's Retry-After puts off the next try."""
RETRYABLE_STATUSES = (408, 429)
"""The two answers of the 4xx kind that say: not now."""


@dataclass(frozen=True)
class EventSettings:
    """Who gets events, what signs them, and whether they may hold phone numbers."""

    # Some receivers are reached by a key in the URL.
    urls: tuple[str, ...] = field(default=(), repr=False)
    secret: str = field(default="", repr=False)
    personal_data: bool = False

    @property
    def receivers(self) -> dict[str, str]:
        """URLs by an id that stays the same wherever the URL stands in the list."""
        return {hashlib.sha256(url.encode()).hexdigest()[:12]: url for url in self.urls}


@dataclass(frozen=True)
class EventActivities:
    """Delivery of events; no vendor call, so it runs on the workflows' own queue."""

    settings: EventSettings

    @activity.defn
    async def list_event_receivers(self) -> list[str]:
        """Ids of the receivers, in the order of the settings; empty when there are none."""
        return list(self.settings.receivers)

    @activity.defn
    async def deliver_event(self, receiver: str, event: Event) -> None:
        """Post the event to the receiver once.

        Raises ApplicationError: `Rejected` and `UnknownReceiver` are final, `DeliveryFailed` is
        worth another try. What may be sent is decided here, so that a change of the settings also
        holds for events that wait already.
        """
        url = self.settings.receivers.get(receiver)
        if url is None:
            raise ApplicationError(
                f"receiver {receiver} is not in TELEGENT_EVENT_URLS any more; to deliver this "
                "event put its URL back and reset this workflow",
                type="UnknownReceiver",
                non_retryable=True,
            )
        allowed = event if self.settings.personal_data else event.without_personal_data()
        body = allowed.model_dump_json(exclude_none=True).encode()
        headers = sign_headers(self.settings.secret, event.id, body, datetime.now(UTC))
        try:
            response = await post(url, headers | {"content-type": CONTENT_TYPE}, body)
        except ReceiverUnreachableError as error:
            raise ApplicationError(
                f"{host_of(url)} gave no answer: {error}", type="DeliveryFailed"
            ) from None
        if 200 <= response.status < 300:
            return
        message = f"{host_of(url)} answered {response.status}"
        if 400 <= response.status < 500 and response.status not in RETRYABLE_STATUSES:
            raise ApplicationError(
                f"{message}, which another try would not change; once the receiver takes it, reset "
                "this workflow to deliver the event",
                type="Rejected",
                non_retryable=True,
            )
        retry_after = response.retry_after
        raise ApplicationError(
            message,
            type="DeliveryFailed",
            next_retry_delay=min(retry_after, MAX_RETRY_DELAY) if retry_after else None,
        )
