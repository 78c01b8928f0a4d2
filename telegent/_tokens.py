"""Bearer tokens: one for each endpoint URL, fetched once, kept until shortly before they expire."""

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
from telegent._transport import TOKENS_PATH, Transport, redact
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
# A token is given up this long before it expires, so that a request which waits for the budget
# still arrives in time; a token that lives for less than a few minutes, a fifth of its life before.
EXPIRY_MARGIN = 30.0
EXPIRY_MARGIN_SHARE = 0.2


class TokenResponse(ResponseModel):
    """The token call's answer; the vendor's own scripts read three spellings of the token."""

    token: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")] | None,
        WireNames("AccessToken"),
        Field(repr=False),
    ] = None
    token_expiry: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Token:
    """A token and the wall-clock second until which it is used again."""

    value: str = field(repr=False)
    usable_until: float


class TokenCache:
    """The tokens of one client. Calls that wait for one URL's token share one request for it."""

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
        """The token for `url` (without a query), by `deadline` (loop time).

        Raises `InvalidCredentialsError`, `RateLimitError`, or `RequestNotSentError` when no token
        could be had for another reason: the call that needs the token is then certain not to have
        been sent.
        """
        cached = self._cached.get(url)
        if cached is not None and self._clock() < cached.usable_until:
            return cached.value
        task = self._pending.get(url)
        if task is None:
            task = asyncio.create_task(self._fetch(url, deadline))
            self._pending[url] = task
            task.add_done_callback(lambda done: self._finish(url, done))
        # Shielded: a caller that is cancelled must not take the token from those who still wait.
        return (await asyncio.shield(task)).value

    def discard(self, url: str, value: str) -> None:
        """Forget a token that was rejected, unless another call has replaced it already."""
        cached = self._cached.get(url)
        if cached is not None and cached.value == value:
            del self._cached[url]

    async def close(self) -> None:
        """Stop what is under way."""
        tasks = list(self._pending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, url: str, task: asyncio.Task[Token]) -> None:
        del self._pending[url]
        # Asking for the exception also marks it as seen, should every caller have been cancelled.
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
                secrets=[self._account_secret],
            )
            response = TokenResponse.model_validate(found)
        except RateLimitError:
            raise
        except RequestRejectedError as error:
            # A 200 that states a failure and the validation errors are about the three fields sent.
            if error.status in (200, 400, 401, 403, 422):
                raise _invalid_credentials(error) from None
            raise _token_unavailable(error) from error
        except TelegentError as error:
            raise _token_unavailable(error) from error
        except ValidationError:
            raise RequestNotSentError(
                "the token answer is not readable", endpoint=ENDPOINT
            ) from None
        if response.token is None:
            if response.error:
                vendor_message = redact(response.error, [self._account_secret])
                raise InvalidCredentialsError(
                    CREDENTIALS_HINT, endpoint=ENDPOINT, status=200, vendor_message=vendor_message
                )
            raise RequestNotSentError("the token answer holds no token", endpoint=ENDPOINT)
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
    # Never the error itself: a lost or a 404 token answer says nothing about the call it was for.
    return RequestNotSentError(
        "no token could be had, so the call itself was not sent",
        endpoint=error.endpoint,
        status=error.status,
        vendor_message=error.vendor_message,
    )


def _jwt_expiry(token: str) -> float | None:
    """The `exp` claim: a Unix time, and so free of the zone that `tokenExpiry` leaves open."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims: Any = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _stated_expiry(text: str | None) -> float | None:
    """`tokenExpiry`, e.g. ``05/02/2025 06:36:13 PM``, which is UTC in the vendor's sample."""
    try:
        return datetime.strptime(text or "", "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
