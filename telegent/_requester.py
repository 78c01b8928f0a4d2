"""Authenticated requests: a token for each endpoint URL, and responses as models.

All resources are built on `Requester`.
"""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from telegent._models import EmptyResponse, RequestModel, ResponseModel, WireNames
from telegent._responses import ApiRequest, Json, redact
from telegent._transport import TOKENS_PATH, Transport
from telegent.errors import (
    AuthenticationError,
    InvalidCredentialsError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    RequestNotSentError,
    RequestRejectedError,
    TelegentError,
)

A = TypeVar("A", bound=ResponseModel)

Query = Mapping[str, str | int | None]
Body = RequestModel | Mapping[str, object]

ListOf = list[A]
"""A list of responses, under a name that a class with a method `list` can use."""

MAX_LOCATIONS = 10
"""Maximum number of invalid fields that an error names."""

TOKEN_ENDPOINT = f"POST {TOKENS_PATH}"
CREDENTIALS_HINT = (
    "no token for this account key; check the account key (DID-...), the account secret, and that "
    "both belong to the environment that base_url names"
)
# Seconds. A token is not used this long before it expires, so that a request that waits for the
# rate limiter still arrives in time. For short-lived tokens it is a share of their lifetime.
EXPIRY_MARGIN = 30.0
EXPIRY_MARGIN_SHARE = 0.2


class Requester:
    """Sends requests with the endpoint's token and parses responses into models."""

    def __init__(self, transport: Transport, tokens: "TokenCache") -> None:
        self._transport = transport
        self._tokens = tokens

    async def get(self, path: str, model: type[A], query: Query) -> A:
        """GET a single resource. Query parameters that are None are left out."""
        return await self._parsed(ApiRequest("GET", path, query=query), model)

    async def get_list(
        self, path: str, model: type[A], query: Query, *, rows_names: Sequence[str] = ()
    ) -> list[A]:
        """GET a list in any documented shape.

        A row that cannot be parsed fails the whole list: a list with gaps would show existing
        resources as missing.

        Args:
            path: Path with ``/v1.0``.
            model: Model of a row.
            query: Query parameters; those that are None are left out.
            rows_names: Names of the envelope's field with the rows, in addition to ``Results``.

        Returns:
            The rows of an array or an envelope. A single object without rows is a row itself.
        """
        request = ApiRequest("GET", path, query=query)
        body = await self._send(request)
        rows: Any = body
        if isinstance(body, dict):
            names = {name.lower() for name in ("Results", *rows_names)}
            key = next((key for key in body if key.lower() in names), None)
            rows = [body] if key is None else body[key] or []
        if not isinstance(rows, list):
            raise _unreadable_list(request)
        return [_parse(model, item, request.endpoint) for item in rows]

    async def get_texts(self, path: str, query: Query, *, rows_name: str) -> list[str]:
        """GET a list of texts: a bare array, or the field `rows_name` of an object."""
        request = ApiRequest("GET", path, query=query)
        body: Any = await self._send(request)
        if isinstance(body, dict):
            body = next((body[key] for key in body if key.lower() == rows_name.lower()), None)
        if not isinstance(body, list) or not all(isinstance(item, str) for item in body):
            raise _unreadable_list(request)
        return body

    async def post(
        self, path: str, model: type[A], request: Body, *, secrets: Sequence[str] = ()
    ) -> A:
        """POST a request model or a JSON body, for a response with content.

        Args:
            path: Path with ``/v1.0``.
            model: Model of the response.
            request: What to send.
            secrets: Secrets of a JSON body; a request model knows its own.
        """
        return await self._parsed(_post(path, request, secrets), model)

    async def post_set(
        self, path: str, model: type[A], request: Body, *, secrets: Sequence[str] = ()
    ) -> A:
        """POST values that replace those before. A success with an empty body is a success.

        `model` must have no required fields.
        """
        return await self._parsed(_post(path, request, secrets, empty_is_success=True), model)

    async def delete(self, path: str, ids: Mapping[str, object]) -> None:
        """POST the ids of the resource to delete."""
        await self.post_set(path, EmptyResponse, ids)

    async def _parsed(self, request: ApiRequest, model: type[A]) -> A:
        return _parse(model, await self._send(request), request.endpoint)

    async def _send(self, request: ApiRequest) -> Json:
        url = self._transport.base_url + request.path
        deadline = self._transport.deadline()
        token = await self._tokens.get(url, deadline)
        try:
            return await self._transport.send(request, deadline=deadline, token=token)
        except (AuthenticationError, PermissionDeniedError):
            # An expired or wrongly scoped token is a 401 in one of the vendor's documents and a 403
            # in another. Either way the request was not executed, so repeating it is safe even for
            # a create.
            self._tokens.discard(url, token)
        token = await self._tokens.get(url, deadline)
        return await self._transport.send(request, deadline=deadline, token=token)


def _post(
    path: str, request: Body, secrets: Sequence[str], *, empty_is_success: bool = False
) -> ApiRequest:
    return ApiRequest(
        "POST",
        path,
        body=request.body() if isinstance(request, RequestModel) else request,
        secrets=request.secrets() if isinstance(request, RequestModel) else secrets,
        empty_is_success=empty_is_success,
    )


def _unreadable_list(request: ApiRequest) -> OutcomeUnknownError:
    return OutcomeUnknownError("the list cannot be read", endpoint=request.endpoint, status=200)


class Resource:
    """A group of operations."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester


def _parse(model: type[A], body: object, endpoint: str) -> A:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        errors = error.errors(include_input=False, include_url=False)
        locations = [".".join(map(str, fault["loc"])) or "the body" for fault in errors]
        where = ", ".join(locations[:MAX_LOCATIONS]) + (
            ", …" if len(locations) > MAX_LOCATIONS else ""
        )
    # Outside the handler, so that the cause does not carry the text of the response.
    raise OutcomeUnknownError(
        f"response reports success, but its body is no {model.__name__} "
        f"(missing or invalid: {where})",
        endpoint=endpoint,
        status=200,
    )


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
            request = ApiRequest("POST", TOKENS_PATH, body=body, secrets=(self._account_secret,))
            found = await self._transport.send(request, deadline=deadline)
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
                "the response with the token cannot be read", endpoint=TOKEN_ENDPOINT
            ) from None
        if response.token is None:
            if response.error:
                vendor_message = redact(response.error, [self._account_secret])
                raise InvalidCredentialsError(
                    CREDENTIALS_HINT,
                    endpoint=TOKEN_ENDPOINT,
                    status=200,
                    vendor_message=vendor_message,
                )
            raise RequestNotSentError("the response contains no token", endpoint=TOKEN_ENDPOINT)
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
