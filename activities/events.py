"""Events for other systems: who receives them, and the delivery of one to one receiver.

The only module outside `telegent` that makes HTTP calls.
"""

import asyncio
import functools
import hashlib
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from temporalio import activity
from temporalio.exceptions import ApplicationError

from telegent_orchestrator.events import CONTENT_TYPE, Event, sign_headers

TIMEOUT = timedelta(seconds=20)
"""For a whole exchange. A slower receiver should respond first and work afterwards."""
MAX_RETRY_DELAY = timedelta(hours=1)
"""The longest that a receiver's Retry-After delays the next attempt."""
RETRYABLE_STATUSES = (408, 429)
"""The 4xx statuses that mean "not now"."""


@dataclass(frozen=True)
class EventSettings:
    """Who receives events, what signs them, and whether they may hold phone numbers."""

    # Some receivers are authenticated by a key in the URL.
    urls: tuple[str, ...] = field(default=(), repr=False)
    secret: str = field(default="", repr=False)
    personal_data: bool = False

    @property
    def receivers(self) -> dict[str, str]:
        """URLs by an id that does not depend on the position in the list."""
        return {hashlib.sha256(url.encode()).hexdigest()[:12]: url for url in self.urls}


@dataclass(frozen=True)
class EventActivities:
    """Delivery of events; no vendor call, so it runs on the workflows' own queue."""

    settings: EventSettings

    @activity.defn
    async def list_event_receivers(self) -> list[str]:
        """Returns the ids of the receivers, in the order of the settings."""
        return list(self.settings.receivers)

    @activity.defn
    async def deliver_event(self, receiver: str, event: Event) -> None:
        """Posts the event to the receiver once.

        What may be sent is decided here, so that a change of the settings also holds for events
        that are waiting.

        Raises:
            ApplicationError: `Rejected` and `UnknownReceiver` are final, `DeliveryFailed` is
                retried.
        """
        url = self.settings.receivers.get(receiver)
        if url is None:
            raise ApplicationError(
                f"receiver {receiver} is not in TELEGENT_EVENT_URLS; to deliver this event, "
                "add its URL again and reset this workflow",
                type="UnknownReceiver",
                non_retryable=True,
            )
        allowed = event if self.settings.personal_data else event.without_personal_data()
        body = allowed.model_dump_json(exclude_none=True).encode()
        headers = sign_headers(self.settings.secret, event.id, body, datetime.now(UTC))
        await _post(url, headers | {"content-type": CONTENT_TYPE}, body)


async def _post(url: str, headers: dict[str, str], body: bytes) -> None:
    """Sends the body once, without following redirects. Raises ApplicationError."""
    # Paths and queries of URLs can carry secrets.
    host = httpx.URL(url).host
    try:
        async with (
            asyncio.timeout(TIMEOUT.total_seconds()),
            # Events are rare, so a connection is not worth keeping; the TLS setup is.
            httpx.AsyncClient(verify=_tls(), timeout=TIMEOUT.total_seconds()) as client,
            # The response body is not read: nothing depends on it, and it could be endless.
            client.stream("POST", url, headers=headers, content=body) as response,
        ):
            status, retry_after = response.status_code, response.headers.get("retry-after", "")
    except (httpx.TransportError, TimeoutError) as error:
        # Without its text: httpx repeats URLs in it.
        raise ApplicationError(
            f"{host} did not respond: {type(error).__name__}", type="DeliveryFailed"
        ) from None
    if 200 <= status < 300:
        return
    if 400 <= status < 500 and status not in RETRYABLE_STATUSES:
        raise ApplicationError(
            f"{host} responded {status}, which a retry would not change; once the receiver accepts "
            "the event, reset this workflow to deliver it",
            type="Rejected",
            non_retryable=True,
        )
    raise ApplicationError(
        f"{host} responded {status}", type="DeliveryFailed", next_retry_delay=_delay(retry_after)
    )


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _delay(retry_after: str) -> timedelta | None:
    """Returns a Retry-After in seconds; None, our own backoff, for one that is a date."""
    # The limit on digits also keeps timedelta from overflowing.
    if not (retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 9):
        return None
    return min(timedelta(seconds=int(retry_after)), MAX_RETRY_DELAY) or None
