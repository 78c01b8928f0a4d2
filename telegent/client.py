"""The client: one connection pool, one token cache, and the resources of the API."""

from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from telegent._requester import Requester, TokenCache
from telegent._transport import RequestCounts, RequestObserver, Timeouts, Transport, null_observer
from telegent.accounts import Accounts
from telegent.data_usage import DataUsage
from telegent.guardian import Guardian
from telegent.message_routes import MessageRoutes
from telegent.numbers import Numbers
from telegent.packages import Packages
from telegent.ports import PortDialect, Ports
from telegent.products import Products
from telegent.rate_limiter import RateLimiter
from telegent.sims import Sims
from telegent.subscribers import Subscribers
from telegent.subscriptions import Subscriptions
from telegent.voice_routes import VoiceRoutes
from telegent.webhooks import Webhooks

_DEFAULT_TIMEOUTS = Timeouts()
_DEFAULT_PORT_DIALECT = PortDialect()


class Telegent:
    """The vendor's API. Open it once per process: ``async with Telegent(key, secret) as api``.

    Every call raises a `TelegentError` if it fails. Nothing is retried, except that a call whose
    token is rejected is repeated once with a fresh token.

    Args:
        account_key: The distributor's id, ``DID-...``.
        account_secret: Its secret; never part of reprs, logs or errors.
        base_url: Scheme and host only; the paths contain ``/v1.0``.
        rate_limiter: Shared by all clients of a process that use the same key; a new one by
            default.
        timeouts: Timeouts of each HTTP exchange and of a whole call, in seconds.
        port_dialect: How port-in calls are worded.
        observer: Called for every request; see `RequestObserver`.
        transport: Replaces the network in tests.
    """

    def __init__(
        self,
        account_key: str,
        account_secret: str,
        *,
        base_url: str = "https://api.telegent.com",
        rate_limiter: RateLimiter | None = None,
        timeouts: Timeouts = _DEFAULT_TIMEOUTS,
        port_dialect: PortDialect = _DEFAULT_PORT_DIALECT,
        observer: RequestObserver = null_observer,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if not account_key or not account_secret:
            raise ValueError("account_key and account_secret must not be empty")
        self._transport = Transport(
            validate_base_url(base_url),
            rate_limiter or RateLimiter(),
            timeouts,
            transport,
            observer,
        )
        self._tokens = TokenCache(self._transport, account_key, account_secret)
        requester = Requester(self._transport, self._tokens)
        self.accounts = Accounts(requester)
        self.subscribers = Subscribers(requester)
        self.message_routes = MessageRoutes(requester)
        self.voice_routes = VoiceRoutes(requester)
        self.products = Products(requester)
        self.packages = Packages(requester)
        self.subscriptions = Subscriptions(requester)
        self.numbers = Numbers(requester)
        self.sims = Sims(requester)
        self.ports = Ports(requester, port_dialect)
        self.data_usage = DataUsage(requester)
        self.guardian = Guardian(requester)
        self.webhooks = Webhooks(requester)

    @property
    def rate_limiter(self) -> RateLimiter:
        """What its requests wait for."""
        return self._transport.rate_limiter

    @property
    def request_counts(self) -> RequestCounts:
        """The requests sent so far."""
        return self._transport.request_counts

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._tokens.close()
        await self._transport.close()


def validate_base_url(base_url: str) -> str:
    """Return the URL of the API without a trailing slash.

    Raises:
        ValueError: It is not the scheme and host of a safe address.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host:
        raise ValueError("base_url must be an address such as https://api.telegent.com")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(
            "base_url must be scheme and host only, without a path (/v1.0 is added), a query or "
            "credentials"
        )
    if parts.scheme == "http" and (host == "telegent.com" or host.endswith(".telegent.com")):
        raise ValueError("base_url must use https: plain http would expose the account secret")
    return f"{parts.scheme}://{parts.netloc}"
