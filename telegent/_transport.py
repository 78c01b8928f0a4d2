"""One HTTP exchange: waits for the rate limiter, sends, and reads the response.

Only this module and `_responses` use httpx, apart from the client's signature.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime

import httpx

from telegent._responses import ApiRequest, Json, read_response
from telegent.errors import (
    BadRequestError,
    OutcomeUnknownError,
    RateLimitError,
    RequestNotSentError,
    TelegentError,
)
from telegent.rate_limiter import Permit, RateLimiter

RequestObserver = Callable[[str], AbstractContextManager[Callable[[], None]]]
"""Observes each request, token requests included, for metrics and traces.

Called with verb and path, such as ``POST /v1.0/numbers/provision``, without values. The context is
entered before the request waits for the rate limiter; the function that it provides is called when
the request is sent. It is left with the `TelegentError` that the request ends with, if any.
"""

TOKENS_PATH = "/v1.0/OAuth2/tokens"
MAX_RESPONSE_BYTES = 10 * 1024 * 1024
"""Bytes. A page of the longest list is a hundredth of it."""

# Raised before the first byte of the request is written.
_NOT_SENT_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)

CALL_TIMEOUT_FACTOR = 1.25
"""Minimum length of a call in exchanges: it may need a token, and waits for the rate limiter."""

_SEND_DEADLINE: ContextVar[float] = ContextVar("send_deadline", default=math.inf)


@contextmanager
def send_deadline(moment: datetime) -> Iterator[None]:
    """Send nothing after `moment`: calls in the block raise `RequestNotSentError` from then on.

    Uses the wall clock, because time in which the process or its machine is suspended counts, too.
    """
    before = _SEND_DEADLINE.set(moment.timestamp())
    try:
        yield
    finally:
        _SEND_DEADLINE.reset(before)


@dataclass(frozen=True)
class Timeouts:
    """Timeouts in seconds, of the stages of one HTTP exchange and of a call as a whole.

    A call consists of a token request if no token is cached, the request, both again if the vendor
    rejects the token, and the waits for the rate limiter. Nothing is sent if the remaining time may
    not be enough for the response, so that a call that runs out of time was not sent.
    """

    connect: float = 5.0
    read: float = 20.0
    write: float = 10.0
    pool: float = 5.0
    call: float = 60.0

    def __post_init__(self) -> None:
        minimum = CALL_TIMEOUT_FACTOR * self.exchange
        if self.call < minimum:
            raise ValueError(
                f"call ({self.call:g} s) must be at least {CALL_TIMEOUT_FACTOR:g} times connect + "
                f"read + write + pool ({minimum:g} s); otherwise nothing could be sent in time"
            )

    @property
    def exchange(self) -> float:
        """Maximum duration of one HTTP exchange in seconds."""
        return self.connect + self.read + self.write + self.pool


@dataclass(frozen=True)
class RequestCounts:
    """Requests sent so far. All of them count against the vendor's limit."""

    api_calls: int = 0
    token_calls: int = 0


@contextmanager
def null_observer(endpoint: str) -> Iterator[Callable[[], None]]:
    """A `RequestObserver` that ignores requests."""
    yield lambda: None


class Transport:
    """The connection pool, behind the rate limiter."""

    def __init__(
        self,
        base_url: str,
        rate_limiter: RateLimiter,
        timeouts: Timeouts,
        transport: httpx.AsyncBaseTransport | None,
        observer: RequestObserver = null_observer,
    ) -> None:
        self.base_url = base_url
        self.rate_limiter = rate_limiter
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
                # As many as the rate limiter admits in a minute, so that requests queue there and
                # not here, from where they would leave in bursts that it does not control.
                max_connections=50,
                max_keepalive_connections=10,
                # A request on a connection that the server has just closed ends with an unknown
                # outcome although it was never read. Closing idle connections early makes that
                # rare; a new handshake is cheap at 50 requests per minute.
                keepalive_expiry=2.0,
            ),
            # A redirect would send the bearer token, and a POST turned into a GET, elsewhere.
            follow_redirects=False,
            event_hooks={"response": [_forget_redirect]},
            # Proxies are not taken from the environment, which could otherwise divert the account
            # secret. On a developer's machine a proxy would also swallow calls to the simulator.
            trust_env=False,
            transport=transport,
        )

    def deadline(self) -> float:
        """The loop time by which a call that starts now must have ended."""
        return asyncio.get_running_loop().time() + self._timeouts.call

    async def close(self) -> None:
        """Close the pool."""
        await self._client.aclose()

    async def send(self, request: ApiRequest, *, deadline: float, token: str | None = None) -> Json:
        """Exchange one request and its response.

        Args:
            request: The request.
            deadline: Loop time by which the exchange must have ended.
            token: Bearer token.

        Returns:
            The JSON of a 2xx response that reports no failure.

        Raises:
            RequestNotSentError: The rate limiter admits the request too late for the deadline.
            TelegentError: The request failed; see its subclasses.
        """
        if token is not None:
            request = replace(request, secrets=(token, *request.secrets))
        message = self._build_message(request, token)
        with self._observer(request.endpoint) as on_sent:
            latest = deadline - self._timeouts.exchange
            permit = await self._wait_for_rate_limiter(request.endpoint, latest)
            on_sent()
            self._count(request.path)
            try:
                return await self._exchange(request, message)
            except TelegentError as error:
                self._report(permit, error)
                raise
            finally:
                permit.settle()

    def _build_message(self, request: ApiRequest, token: str | None) -> httpx.Request:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        query = {name: value for name, value in request.query.items() if value is not None}
        body = request.body if request.is_write else None
        try:
            message = self._client.build_request(
                request.verb, request.path, params=query, json=body, headers=headers
            )
        except (ValueError, httpx.InvalidURL):
            # Without the cause, which quotes the value.
            raise BadRequestError(
                "the request contains a value that cannot be encoded", endpoint=request.endpoint
            ) from None

        async def check_deadline_before_body(stage: str, _: Mapping[str, object]) -> None:
            # Without its whole body the vendor executes nothing, so this is the last moment to
            # hold a request back; httpcore and anyio write the body before they yield again.
            if stage == "http11.send_request_body.started":
                _check_deadline(request.endpoint)

        message.extensions["trace"] = check_deadline_before_body
        return message

    async def _exchange(self, request: ApiRequest, message: httpx.Request) -> Json:
        try:
            # The read timeout restarts with every chunk; this one also ends a slow trickle.
            async with asyncio.timeout(self._timeouts.exchange):
                response = await self._client.send(message, stream=True)
                try:
                    content = await _read_body(response)
                finally:
                    await response.aclose()
        except TelegentError:
            raise
        except _NOT_SENT_ERRORS as error:
            raise RequestNotSentError(
                f"no connection to {self.base_url} ({type(error).__name__}); nothing was sent",
                endpoint=request.endpoint,
            ) from error
        except Exception as error:
            # Whatever else httpx raises, about headers for example, the request may have arrived.
            raise OutcomeUnknownError(
                f"request sent, but no complete response received ({type(error).__name__})",
                endpoint=request.endpoint,
            ) from error
        return read_response(request, response, content)

    def _report(self, permit: Permit, error: TelegentError) -> None:
        """Tell the rate limiter what an error says about the request limit."""
        if isinstance(error, RequestNotSentError):
            permit.give_back()
        elif isinstance(error, RateLimitError):
            permit.reject(error.retry_after)
        elif error.retry_after is not None:
            self.rate_limiter.pause(error.retry_after)

    async def _wait_for_rate_limiter(self, endpoint: str, latest: float) -> Permit:
        """Raise `RequestNotSentError` if the request cannot leave by `latest` (loop time)."""
        try:
            async with asyncio.timeout_at(latest):
                permit = await self.rate_limiter.acquire()
        except TimeoutError:
            raise _deadline_exceeded(endpoint) from None
        try:
            if asyncio.get_running_loop().time() > latest:
                raise _deadline_exceeded(endpoint)
            _check_deadline(endpoint)
        except RequestNotSentError:
            permit.give_back()
            raise
        return permit

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
    return RequestNotSentError("not sent: its deadline passed while it waited", endpoint=endpoint)


async def _forget_redirect(response: httpx.Response) -> None:
    # httpx parses the target of a redirect even if it does not follow it, and raises on odd ones.
    if response.is_redirect:
        response.headers.pop("location", None)


async def _read_body(response: httpx.Response) -> bytes:
    """Return the body; nothing of one that is larger than any response can be."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            return b""
    return bytes(body)
