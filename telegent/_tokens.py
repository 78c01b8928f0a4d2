"""Bearer tokens: one per endpoint URL, cached until shortly before it expires."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from telegent._models import ResponseModel, WireNames
from telegent._responses import redact
from telegent._transport import TOKENS_PATH, Transport
from telegent.errors import (
    InvalidCredentialsError,
    RateLimitError,
    RequestNotSentError,
    RequestRejectedError,
    TelegentError,
)

ENDPOINT = f"POST {TOKENS_PATH}"
CREDENTIALS_HINT = (
    "no token for this account key; check the account key (DID-...), the account secret, and that "
    "both belong to the environment that base_url names"
)
# Seconds. A token is not used this long before it expires, so that a request that waits for the
# rate limiter still arrives in time. For short-lived tokens it is a share of their lifetime.
EXPIRY_MARGIN = 30.0
EXPIRY_MARGIN_SHARE = 0.2


class TokenResponse(ResponseModel):
    """Response with a token; the vendor's own scripts read three spellings of its name."""

    token: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")] | None,
        WireNames("AccessToken"),
        Field(repr=False),
    ] = None
    token_expiry: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Token:
    """A token, and the wall-clock time in seconds until which it is used."""

    value: str = field(repr=False)
    usable_until: float


class TokenCache:
    """The tokens of one client. Calls that wait for a token of the same URL share its request."""

    def __init__(
        self,
        transport: Transport,
        account_key: str,
        account_secret: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._account_key = account_key
        self._account_secret = account_secret
        self._clock = clock
        self._cached: dict[str, Token] = {}
        self._pending: dict[str, asyncio.Task[Token]] = {}

    async def get(self, url: str, deadline: float) -> str:
        """Return a token for an endpoint.

        Args:
            url: URL of the endpoint, without a query.
            deadline: Loop time by which the token must be available.

        Raises:
            InvalidCredentialsError: The vendor rejects the account key or secret.
            RateLimitError: The vendor limits the token request.
            RequestNotSentError: No token is available for another reason. The call that needs the
                token was not sent.
        """
        cached = self._cached.get(url)
        if cached is not None and self._clock() < cached.usable_until:
            return cached.value
        task = self._pending.get(url)
        if task is None:
            task = asyncio.create_task(self._fetch(url, deadline))
            self._pending[url] = task
            task.add_done_callback(lambda done: self._finish(url, done))
        # Shielded: a caller that is cancelled must not cancel the request of those that wait.
        return (await asyncio.shield(task)).value

    def discard(self, url: str, value: str) -> None:
        """Remove a rejected token from the cache, unless another call has replaced it."""
        cached = self._cached.get(url)
        if cached is not None and cached.value == value:
            del self._cached[url]

    async def close(self) -> None:
        """Cancel pending token requests."""
        tasks = list(self._pending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, url: str, task: asyncio.Task[Token]) -> None:
        del self._pending[url]
        # Reading the exception also marks it as retrieved, in case all callers were cancelled.
        if not task.cancelled() and task.exception() is None:
            self._cached[url] = task.result()

    async def _fetch(self, url: str, deadline: float) -> Token:
        body = {
            "AccountKey": self._account_key,
            "AccountSecret": self._account_secret,
            "ApiEndpoint": url,
        }
        requested_at = self._clock()
        try:
            found = await self._transport.send(
                "POST",
                TOKENS_PATH,
                body=body,
                deadline=deadline,
                secrets=(self._account_secret,),
            )
            response = TokenResponse.model_validate(found)
        except RateLimitError:
            raise
        except RequestRejectedError as error:
            # A failure inside a 200, or a validation error: both are about the three fields sent.
            if error.status in (200, 400, 401, 403, 422):
                raise _invalid_credentials(error) from None
            raise _token_unavailable(error) from error
        except TelegentError as error:
            raise _token_unavailable(error) from error
        except ValidationError:
            raise RequestNotSentError(
                "the response with the token cannot be read", endpoint=ENDPOINT
            ) from None
        if response.token is None:
            if response.error:
                vendor_message = redact(response.error, [self._account_secret])
                raise InvalidCredentialsError(
                    CREDENTIALS_HINT, endpoint=ENDPOINT, status=200, vendor_message=vendor_message
                )
            raise RequestNotSentError("the response contains no token", endpoint=ENDPOINT)
        expires = _jwt_expiry(response.token) or _stated_expiry(response.token_expiry)
        lifetime = 0.0 if expires is None else expires - requested_at
        return Token(
            response.token,
            requested_at + lifetime - min(EXPIRY_MARGIN, EXPIRY_MARGIN_SHARE * lifetime),
        )


def _invalid_credentials(error: RequestRejectedError) -> InvalidCredentialsError:
    return InvalidCredentialsError(
        CREDENTIALS_HINT,
        endpoint=error.endpoint,
        status=error.status,
        vendor_message=error.vendor_message,
        field_errors=error.field_errors,
    )


def _token_unavailable(error: TelegentError) -> RequestNotSentError:
    # Not the error itself: a lost response or a 404 of the token request is not one of the call.
    return RequestNotSentError(
        "not sent: no token is available",
        endpoint=error.endpoint,
        status=error.status,
        vendor_message=error.vendor_message,
    )


def _jwt_expiry(token: str) -> float | None:
    """Return the `exp` claim, a Unix time; `tokenExpiry` names no time zone."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims: Any = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _stated_expiry(text: str | None) -> float | None:
    """Parse `tokenExpiry`, e.g. ``05/02/2025 06:36:13 PM``, UTC as in the vendor's sample."""
    try:
        return datetime.strptime(text or "", "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
