"""Bearer tokens: short-lived, each for one endpoint URL."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from simulator.engine.clock import Clock
from simulator.engine.errors import ApiError, invalid
from simulator.engine.fields import Body, Json, Text
from simulator.options import SimulatorOptions


class TokenRequest(Body):
    """`ApiEndpoint` is optional in the OAS, but required according to the knowledge bank."""

    AccountKey: Text
    AccountSecret: Text
    ApiEndpoint: Text

    @property
    def path(self) -> str:
        """Path of the endpoint that the token is for."""
        return urlsplit(self.ApiEndpoint).path


class TokenIssuer:
    """Issues tokens, and checks them against the URL at which they are used.

    Args:
        options: How long they last, and for which credentials there are any.
        clock: The simulator's.
        issued: URL and expiry of each token. It is added to.
    """

    def __init__(
        self, options: SimulatorOptions, clock: Clock, issued: dict[str, tuple[str, datetime]]
    ) -> None:
        self._options = options
        self._clock = clock
        self._issued = issued

    def issue(self, request: TokenRequest) -> Json:
        """Issue a token for `ApiEndpoint`. Raises ApiError 401 for unknown credentials."""
        known = (self._options.account_key, self._options.account_secret)
        if (request.AccountKey, request.AccountSecret) != known:
            raise ApiError(401, "Unauthorized: AccountKey or AccountSecret is not valid.")
        url = urlsplit(request.ApiEndpoint)
        if url.scheme not in ("http", "https") or not url.netloc or url.query or url.fragment:
            raise invalid(
                "ApiEndpoint", "ApiEndpoint must be the full URL of one endpoint, without a query"
            )
        expiry = self._clock.now() + timedelta(seconds=self._options.token_ttl)
        token = self._sign(expiry, f"grant-{len(self._issued)}")
        self._issued[token] = (request.ApiEndpoint, expiry)
        return {
            "token": token,
            "successful": True,
            "tokenExpiry": expiry.strftime("%m/%d/%Y %I:%M:%S %p"),
        }

    def check(self, authorization: str | None, url: str) -> None:
        """Check the token of a request to `url`, without query. Raises ApiError 401 or 403."""
        scheme, _, token = (authorization or "").partition(" ")
        issued = self._issued.get(token)
        if scheme != "Bearer" or issued is None:
            raise ApiError(401, "Unauthorized: Bearer token is missing, expired, or invalid.")
        scope, expiry = issued
        if self._clock.now() >= expiry:
            raise ApiError(401, "Unauthorized: Bearer token is missing, expired, or invalid.")
        if scope != url:
            raise ApiError(
                self._options.scope_status,
                f"This token is for {scope}, not for {url}. Check the ApiEndpoint scope.",
            )

    def _sign(self, expiry: datetime, grant: str) -> str:
        claims = {
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier": (
                self._options.account_key
            ),
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/userdata": grant,
            "exp": int(expiry.timestamp()),
            "iss": "https://api.telegent.co",
            "aud": "com.telegent.co",
        }
        signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
        key = self._options.account_secret.encode()
        mac = hmac.new(key, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _encode(part: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
