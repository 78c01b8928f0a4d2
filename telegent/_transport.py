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
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
    TelegentError,
    Unauthorized,
)
from telegent.rate_limiter import RequestBudget

Json = dict[str, Any] | list[Any]

Watch = Callable[[str], AbstractContextManager[Callable[[], None]]]
"""What somebody else makes of each request, token requests too: figures, traces.

Called with verb and path, such as ``POST /v1.0/numbers/provision``, which hold no value. Entered
before the request waits for the budget; what it gives is called when the budget lets the request
out. Left with the `TelegentError` that the request ends with, if it does.
"""

TOKENS_PATH = "/v1.0/OAuth2/tokens"
LARGEST_ANSWER = 10 * 1024 * 1024
"""Bytes. A page of the longest list has a hundredth of it."""
WORDS = 300
MOST_COMPLAINTS, MOST_TEXTS = 20, 3
"""Fields that an error names, and words about each."""
LONGEST_WAIT = 86_400.0
"""Seconds. Who asks for more in a Retry-After does not mean it."""

# Raised before the first byte of the request is written.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)
_REFUSALS: dict[int, type[Refused]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
}

EXCHANGES = 1.25
"""A call is at least so many exchanges long: the token and the request budget come before it."""

_SEND_BEFORE: ContextVar[float] = ContextVar("send_before", default=math.inf)


@contextmanager
def send_before(moment: datetime) -> Iterator[None]:
    """Sends nothing from this moment on while the block runs: calls then raise `NotSent`.

    By the wall clock, for the time that this process or its machine stands still counts too.
    """
    before = _SEND_BEFORE.set(moment.timestamp())
    try:
        yield
    finally:
        _SEND_BEFORE.reset(before)


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
        least = EXCHANGES * self.exchange
        if self.call < least:
            raise ValueError(
                f"call ({self.call:g} s) must be at least {EXCHANGES:g} times connect + read + "
                f"write + pool ({least:g} s), or nothing could be sent in time"
            )

    @property
    def exchange(self) -> float:
        """The longest that one HTTP exchange can take, in seconds."""
        return self.connect + self.read + self.write + self.pool


@dataclass(frozen=True)
class Spent:
    """Requests sent so far; every one counted against the vendor's limit."""

    api_calls: int = 0
    token_calls: int = 0


@contextmanager
def unwatched(endpoint: str) -> Iterator[Callable[[], None]]:
    """A `Watch` that makes nothing of it."""
    yield lambda: None


class Transport:
    """The connection pool, with the budget before it and the sorting of answers behind it."""

    def __init__(
        self,
        base_url: str,
        budget: RequestBudget,
        timeouts: Timeouts,
        transport: httpx.AsyncBaseTransport | None,
        watch: Watch = unwatched,
    ) -> None:
        self.base_url = base_url
        self._budget = budget
        self._timeouts = timeouts
        self._watch = watch
        self.spent = Spent()
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

        Raises `NotSent` when the budget lets it out too late to end by `deadline` (loop time).
        `secrets` are struck out of the vendor's words, should it repeat them.
        """
        endpoint = f"{verb} {path}"
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        request = self._client.build_request(verb, path, params=query, json=body, headers=headers)

        async def look_at_clock(stage: str, _: Mapping[str, object]) -> None:
            # Without its whole body the vendor carries nothing out, so this is the last moment to
            # keep a request back; httpcore and anyio write the body before they yield again.
            if stage == "http11.send_request_body.started":
                _refuse_if_given_up(endpoint)

        request.extensions["trace"] = look_at_clock
        with self._watch(endpoint) as let_out:
            await self._wait_for_budget(endpoint, deadline - self._timeouts.exchange)
            let_out()
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
                    content = await _content(response)
                finally:
                    await response.aclose()
        except _NEVER_SENT as error:
            raise NotSent(
                f"no connection to {self.base_url} ({type(error).__name__}); nothing was sent",
                endpoint=endpoint,
            ) from error
        except (httpx.RequestError, TimeoutError) as error:
            raise OutcomeUnknown(
                f"sent, and no whole answer came back ({type(error).__name__})", endpoint=endpoint
            ) from error
        if response.is_success:
            return _read_success(endpoint, response.status_code, content, secrets)
        error_to_raise = _failure(endpoint, response, content, secrets)
        if isinstance(error_to_raise, RateLimited):
            self._budget.hold(error_to_raise.retry_after)
        raise error_to_raise

    async def _wait_for_budget(self, endpoint: str, latest: float) -> None:
        """Raises `NotSent` when it cannot leave by `latest` (loop time) and in `send_before`."""
        try:
            async with asyncio.timeout_at(latest):
                await self._budget.take()
        except TimeoutError:
            raise _too_late(endpoint) from None
        if asyncio.get_running_loop().time() > latest:
            raise _too_late(endpoint)
        _refuse_if_given_up(endpoint)

    def _count(self, path: str) -> None:
        is_token = path == TOKENS_PATH
        self.spent = Spent(self.spent.api_calls + (not is_token), self.spent.token_calls + is_token)


def _refuse_if_given_up(endpoint: str) -> None:
    if time.time() >= _SEND_BEFORE.get():
        raise _too_late(endpoint)


def _too_late(endpoint: str) -> NotSent:
    return NotSent("its time ran out before it could be sent", endpoint=endpoint)


async def _content(response: httpx.Response) -> bytes:
    """The body; nothing of one that is larger than any answer can be."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            return b""
    return bytes(body)


def _read_success(endpoint: str, status: int, content: bytes, secrets: Sequence[str]) -> Json:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict | list):
        raise OutcomeUnknown(
            "answered with success, and with a body that is not a JSON object or array",
            endpoint=endpoint,
            status=status,
        )
    if isinstance(found, list):
        return found
    fields = {str(key).lower(): value for key, value in found.items()}
    denied = str(fields.get("successful", "")).lower() == "false"
    if denied or fields.get("errormessage"):
        words, field_errors = _words(found, secrets)
        # A number that was assigned contradicts the failure stated beside it. Calling that
        # "nothing happened" would let a caller buy another one.
        if fields.get("phonenumberassigned") or fields.get("phonenumberid"):
            raise OutcomeUnknown(
                "the answer states a failure and assigns a number",
                endpoint=endpoint,
                status=status,
                vendor_message=words,
                field_errors=field_errors,
            )
        raise Refused(
            "refused inside a successful answer",
            endpoint=endpoint,
            status=status,
            vendor_message=words,
            field_errors=field_errors,
        )
    # The vendor's introduction describes a {Successful, Data} envelope that no sample shows.
    data = fields.get("data")
    return data if "successful" in fields and isinstance(data, dict | list) else found


def _failure(
    endpoint: str, response: httpx.Response, content: bytes, secrets: Sequence[str]
) -> TelegentError:
    status = response.status_code
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = content.decode(response.encoding or "utf-8", errors="replace")
    words, field_errors = _words(found, secrets)
    if status == 429:
        return RateLimited(
            "too many requests (429); every request of this process now waits",
            endpoint=endpoint,
            retry_after=_retry_after(response, found),
            status=status,
            vendor_message=words,
            field_errors=field_errors,
        )
    if response.is_redirect:
        kind: type[TelegentError] = OutcomeUnknown
        message = f"redirected ({status}), which is not followed; check base_url"
    elif status == 408 or not 400 <= status < 500:
        kind, message = OutcomeUnknown, f"answered {status}; the request may have been carried out"
    else:
        kind, message = _REFUSALS.get(status, BadRequest), f"refused ({status})"
    return kind(
        message,
        endpoint=endpoint,
        status=status,
        vendor_message=words,
        field_errors=field_errors,
    )


def _words(found: object, secrets: Sequence[str]) -> tuple[str | None, dict[str, list[str]]]:
    """The vendor's message and complaints by field, from any of its error bodies."""
    message: object = None
    errors: object = None
    if isinstance(found, str):
        # A proxy's HTML page says nothing that its status does not.
        message = None if found.lstrip().startswith("<") else found
    elif isinstance(found, dict):
        fields = {str(key).lower(): value for key, value in found.items()}
        names = ("message", "errormessage", "detail", "title", "error")
        message = next((fields[name] for name in names if isinstance(fields.get(name), str)), None)
        errors = fields.get("errors")

    by_field: dict[str, list[str]] = {}
    if isinstance(errors, dict):
        for name, texts in list(errors.items())[:MOST_COMPLAINTS]:
            listed = texts if isinstance(texts, list) else [texts]
            said = [without_secrets(text, secrets) for text in listed[:MOST_TEXTS]]
            by_field[without_secrets(name, secrets)] = said
    return without_secrets(message or "", secrets) or None, by_field


def without_secrets(value: object, secrets: Sequence[str]) -> str:
    """The vendor's words in one line, shortened, and without what must not be shown."""
    text = str(value)
    for secret in secrets:
        # The vendor may quote the body, in which the secret stands escaped.
        for form in (secret, json.dumps(secret)[1:-1]):
            text = text.replace(form, "***")
    return re.sub(r"\s+", " ", text).strip()[:WORDS]


def _retry_after(response: httpx.Response, found: object) -> float | None:
    """Seconds to wait, from the header (seconds or HTTP date) or the older body's `RetryAfter`."""
    value = response.headers.get("Retry-After")
    if value is None and isinstance(found, dict):
        value = str(found.get("RetryAfter", ""))
    if not value:
        return None
    if re.fullmatch(r"[0-9]+", value.strip()):
        return min(float(value), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), LONGEST_WAIT)
