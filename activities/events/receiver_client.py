"""The one HTTP call that goes to somebody else than the vendor: an event to a receiver's URL."""

import asyncio
import functools
import ssl
from dataclasses import dataclass
from datetime import timedelta

import httpx

TIMEOUT = timedelta(seconds=20)
"""For a whole exchange. A receiver that needs longer should answer first and work afterwards."""


class ReceiverUnreachableError(Exception):
    """No answer came; the message is the kind of failure, without the URL."""


@dataclass(frozen=True)
class ReceiverResponse:
    """What a receiver answered. `retry_after`: how long it asks to be left alone."""

    status: int
    retry_after: timedelta | None = None


async def post(url: str, headers: dict[str, str], body: bytes) -> ReceiverResponse:
    """Send the body once; redirects are not followed.

    Raises ReceiverUnreachableError without a response.
    """
    try:
        async with (
            asyncio.timeout(TIMEOUT.total_seconds()),
            # Events are rare, so a connection is not worth keeping; the TLS setup is.
            httpx.AsyncClient(verify=_tls(), timeout=TIMEOUT.total_seconds()) as client,
            # The answer's body is not read: nothing depends on it, and it could be endless.
            client.stream("POST", url, headers=headers, content=body) as response,
        ):
            return ReceiverResponse(
                response.status_code, _seconds(response.headers.get("retry-after", ""))
            )
    except (httpx.TransportError, TimeoutError) as error:
        # Without its text: httpx repeats URLs in it.
        raise ReceiverUnreachableError(type(error).__name__) from None


def host_of(url: str) -> str:
    """The part of a URL that may be shown: paths and queries can carry secrets."""
    return httpx.URL(url).host


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _seconds(text: str) -> timedelta | None:
    """A Retry-After in seconds; one that is a date is left to our own pace."""
    return timedelta(seconds=int(text)) if text.isascii() and text.isdigit() else None
