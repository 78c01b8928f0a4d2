"""One HTTP exchange: send it within the budget, and sort whatever comes of it.

Nothing else in this package knows httpx, except the client's signature.
"""

import asyncio
import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx

from telegent.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    RequestNotSentError,
    RequestRejectedError,
    TelegentError,
)
from telegent.rate_limiter import RateLimiter

Json = dict[str, Any] | list[Any]

RequestObserver = Callable[[str], AbstractContextManager[Callable[[], None]]]
"""What somebody else makes of each request, token requests too: figures, traces.

Called with verb and path, such as ``POST /v1.0/numbers/provision``, which hold no value. Entered
before the request waits for the budget; what it gives is called when the budget lets the request
out. Left with the `TelegentError` that the request ends with, if it does.
"""

TOKENS_PATH = "/v1.0/OAuth2/tokens"
MAX_RESPONSE_BYTES = 10 * 1024 * 1024
"""Bytes. A page of the longest list has a hundredth of it."""
MAX_MESSAGE_CHARS = 300
MAX_FIELD_ERRORS, MAX_FIELD_ERROR_TEXTS = 20, 3
"""Fields that an error names, and words about each."""
MAX_RETRY_AFTER = 86_400.0
"""Seconds. Who asks for more in a Retry-After does not mean it."""

# Raised before the first byte of the request is written.
_NOT_SENT_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)
_REJECTION_BY_STATUS: dict[int, type[RequestRejectedError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
}

CALL_TIMEOUT_FACTOR = 1.25
"""A call is at least so many exchanges long: the token and the request budget come before it."""

_SEND_DEADLINE: ContextVar[float] = ContextVar("send_deadline", default=math.inf)


@contextmanager
def send_deadline(moment: datetime) -> Iterator[None]:
    """Sends nothing from this moment on: calls in the block then raise `RequestNotSentError`.

    By the wall clock, for the time that this process or its machine stands still counts too.
    """
    before = _SEND_DEADLINE.set(moment.timestamp())
    try:
        yield
    finally:
        _SEND_DEADLINE.reset(before)


@dataclass(frozen=True)
class Timeouts:
    """Limits in seconds: for the stages of one HTTP exchange, and for a call as a whole.

    A call is a token where none is kept, the request, both again when the vendor rejects the
    token, and the waits for the request budget. Nothing is sent any more when the time left may
    not be enough for the answer, so that a call that runs out of time was not sent.
    """

    connect: float = 5.0
    read: float = 20.0
    write: float = 10.0
    pool: float = 5.0
    call: float = 60.0

    def __post_init__(self) -> None:
        least = CALL_TIMEOUT_FACTOR * self.exchange
        if self.call < least:
            raise ValueError(
                f"call ({self.call:g} s) must be at least {CALL_TIMEOUT_FACTOR:g} times connect + "
                f"read + write + pool ({least:g} s), or nothing could be sent in time"
            )

    @property
    def exchange(self) -> float:
        """The longest that one HTTP exchange can take, in seconds."""
        return self.connect + self.read + self.write + self.pool


@dataclass(frozen=True)
class RequestCounts:
    """Requests sent so far; every one counted against the vendor's limit."""

    api_calls: int = 0
    token_calls: int = 0


@contextmanager
def null_observer(endpoint: str) -> Iterator[Callable[[], None]]:
    """A `Watch` that makes nothing of it."""
    yield lambda: None


class Transport:
    """The connection pool, with the budget before it and the sorting of answers behind it."""

    def __init__(
        self,
        base_url: str,
        rate_limiter: RateLimiter,
        timeouts: Timeouts,
        transport: httpx.AsyncBaseTransport | None,
        observer: RequestObserver = null_observer,
    ) -> None:
        self.base_url = base_url
        self._rate_limiter = rate_limiter
        self._timeouts = timeouts
        self._observer = observer
        self.request_counts = RequestCounts()
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(
                connect=timeouts.connect,
                read=timeouts.read,
                write=timeouts.write,
                pool=timeouts.pool,
            ),
            limits=httpx.Limits(
                # As many as the budget lets out in a minute, so that requests queue for the
                # budget and not here, where they would leave in bunches it did not see.
                max_connections=50,
                max_keepalive_connections=10,
                # A request on a connection which the far side has just closed ends with an unknown
                # outcome although it was never read. Giving idle connections up early makes that
                # rare; a new handshake is cheap at 50 requests a minute.
                keepalive_expiry=2.0,
            ),
            # A redirect would carry the bearer token, and a POST turned into a GET, elsewhere.
            follow_redirects=False,
            # Proxies are not taken from the environment: whoever can set a variable could
            # otherwise route the account secret, and a laptop's proxy would swallow the simulator.
            trust_env=False,
            transport=transport,
        )

    def deadline(self) -> float:
        """When a call that starts now must have ended, in loop time."""
        return asyncio.get_running_loop().time() + self._timeouts.call

    async def close(self) -> None:
        """Close the pool."""
        await self._client.aclose()

    async def send(
        self,
        verb: Literal["GET", "POST"],
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
        deadline: float,
        token: str | None = None,
        secrets: Sequence[str] = (),
    ) -> Json:
        """One exchange: the JSON of a 2xx answer that states no failure, or a `TelegentError`.

        Raises `RequestNotSentError` when the budget lets it out too late to end by `deadline` (loop
        time). `secrets` are struck out of the vendor's words, should it repeat them.
        """
        endpoint = f"{verb} {path}"
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        request = self._client.build_request(verb, path, params=query, json=body, headers=headers)

        async def check_deadline_before_body(stage: str, _: Mapping[str, object]) -> None:
            # Without its whole body the vendor carries nothing out, so this is the last moment to
            # keep a request back; httpcore and anyio write the body before they yield again.
            if stage == "http11.send_request_body.started":
                _check_deadline(endpoint)

        request.extensions["trace"] = check_deadline_before_body
        with self._observer(endpoint) as on_sent:
            await self._wait_for_rate_limiter(endpoint, deadline - self._timeouts.exchange)
            on_sent()
            self._count(path)
            return await self._exchange(endpoint, request, secrets)

    async def _exchange(
        self, endpoint: str, request: httpx.Request, secrets: Sequence[str]
    ) -> Json:
        try:
            # The read timeout starts anew with every chunk; this limit holds for a drip as well.
            async with asyncio.timeout(self._timeouts.exchange):
                response = await self._client.send(request, stream=True)
                try:
                    content = await _read_body(response)
                finally:
                    await response.aclose()
        except _NOT_SENT_ERRORS as error:
            raise RequestNotSentError(
                f"no connection to {self.base_url} ({type(error).__name__}); nothing was sent",
                endpoint=endpoint,
            ) from error
        except (httpx.RequestError, TimeoutError) as error:
            raise OutcomeUnknownError(
                f"sent, and no whole answer came back ({type(error).__name__})", endpoint=endpoint
            ) from error
        if response.is_success:
            return _read_success(endpoint, response.status_code, content, secrets)
        error_to_raise = _to_error(endpoint, response, content, secrets)
        if isinstance(error_to_raise, RateLimitError):
            self._rate_limiter.pause(error_to_raise.retry_after)
        raise error_to_raise

    async def _wait_for_rate_limiter(self, endpoint: str, latest: float) -> None:
        """Raises `RequestNotSentError` when it cannot leave by `latest` (loop time)."""
        try:
            async with asyncio.timeout_at(latest):
                await self._rate_limiter.acquire()
        except TimeoutError:
            raise _deadline_exceeded(endpoint) from None
        if asyncio.get_running_loop().time() > latest:
            raise _deadline_exceeded(endpoint)
        _check_deadline(endpoint)

    def _count(self, path: str) -> None:
        is_token = path == TOKENS_PATH
        self.request_counts = RequestCounts(
            self.request_counts.api_calls + (not is_token),
            self.request_counts.token_calls + is_token,
        )


def _check_deadline(endpoint: str) -> None:
    if time.time() >= _SEND_DEADLINE.get():
        raise _deadline_exceeded(endpoint)


def _deadline_exceeded(endpoint: str) -> RequestNotSentError:
    return RequestNotSentError("its time ran out before it could be sent", endpoint=endpoint)


async def _read_body(response: httpx.Response) -> bytes:
    """The body; nothing of one that is larger than any answer can be."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            return b""
    return bytes(body)


def _read_success(endpoint: str, status: int, content: bytes, secrets: Sequence[str]) -> Json:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict | list):
        raise OutcomeUnknownError(
            "answered with success, and with a body that is not a JSON object or array",
            endpoint=endpoint,
            status=status,
        )
    if isinstance(body, list):
        return body
    fields = {str(key).lower(): value for key, value in body.items()}
    stated_failure = str(fields.get("successful", "")).lower() == "false"
    if stated_failure or fields.get("errormessage"):
        vendor_message, field_errors = _error_details(body, secrets)
        # A number that was assigned contradicts the failure stated beside it. Calling that
        # "nothing happened" would let a caller buy another one.
        if fields.get("phonenumberassigned") or fields.get("phonenumberid"):
            raise OutcomeUnknownError(
                "the answer states a failure and assigns a number",
                endpoint=endpoint,
                status=status,
                vendor_message=vendor_message,
                field_errors=field_errors,
            )
        raise RequestRejectedError(
            "refused inside a successful answer",
            endpoint=endpoint,
            status=status,
            vendor_message=vendor_message,
            field_errors=field_errors,
        )
    # The vendor's introduction describes a {Successful, Data} envelope that no sample shows.
    data = fields.get("data")
    return data if "successful" in fields and isinstance(data, dict | list) else body


def _to_error(
    endpoint: str, response: httpx.Response, content: bytes, secrets: Sequence[str]
) -> TelegentError:
    status = response.status_code
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = content.decode(response.encoding or "utf-8", errors="replace")
    vendor_message, field_errors = _error_details(body, secrets)
    if status == 429:
        return RateLimitError(
            "too many requests (429); every request of this process now waits",
            endpoint=endpoint,
            retry_after=_retry_after(response, body),
            status=status,
            vendor_message=vendor_message,
            field_errors=field_errors,
        )
    if response.is_redirect:
        error_class: type[TelegentError] = OutcomeUnknownError
        message = f"redirected ({status}), which is not followed; check base_url"
    elif status == 408 or not 400 <= status < 500:
        error_class, message = (
            OutcomeUnknownError,
            f"answered {status}; the request may have been carried out",
        )
    else:
        error_class, message = (
            _REJECTION_BY_STATUS.get(status, BadRequestError),
            f"refused ({status})",
        )
    return error_class(
        message,
        endpoint=endpoint,
        status=status,
        vendor_message=vendor_message,
        field_errors=field_errors,
    )


def _error_details(body: object, secrets: Sequence[str]) -> tuple[str | None, dict[str, list[str]]]:
    """The vendor's message and complaints by field, from any of its error bodies."""
    message: object = None
    errors: object = None
    if isinstance(body, str):
        # A proxy's HTML page says nothing that its status does not.
        message = None if body.lstrip().startswith("<") else body
    elif isinstance(body, dict):
        fields = {str(key).lower(): value for key, value in body.items()}
        names = ("message", "errormessage", "detail", "title", "error")
        message = next((fields[name] for name in names if isinstance(fields.get(name), str)), None)
        errors = fields.get("errors")

    by_field: dict[str, list[str]] = {}
    if isinstance(errors, dict):
        for name, texts in list(errors.items())[:MAX_FIELD_ERRORS]:
            listed = texts if isinstance(texts, list) else [texts]
            messages = [redact(text, secrets) for text in listed[:MAX_FIELD_ERROR_TEXTS]]
            by_field[redact(name, secrets)] = messages
    return redact(message or "", secrets) or None, by_field


def redact(value: object, secrets: Sequence[str]) -> str:
    """The vendor's words in one line, shortened, and without what must not be shown."""
    text = str(value)
    for secret in secrets:
        # The vendor may quote the body, in which the secret stands escaped.
        for spelling in (secret, json.dumps(secret)[1:-1]):
            text = text.replace(spelling, "***")
    return re.sub(r"\s+", " ", text).strip()[:MAX_MESSAGE_CHARS]


def _retry_after(response: httpx.Response, body: object) -> float | None:
    """Seconds to wait, from the header (seconds or HTTP date) or the older body's `RetryAfter`."""
    value = response.headers.get("Retry-After")
    if value is None and isinstance(body, dict):
        value = str(body.get("RetryAfter", ""))
    if not value:
        return None
    if re.fullmatch(r"[0-9]+", value.strip()):
        return min(float(value), MAX_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), MAX_RETRY_AFTER)
