"""A vendor in memory: answers what a test tells it to, and remembers what it was sent."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from telegent import PortDialect, RateLimiter, Telegent, Timeouts

SECRET = "canary-account-secret"
TOKENS = "/v1.0/OAuth2/tokens"
FAR_FUTURE = "12/31/2099 11:59:59 PM"

Responder = Callable[[httpx.Request], httpx.Response]


def json_response(body: object, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


class FakeVendor:
    """Tokens are ``canary-token-1``, ``-2``, ...; every other call is answered by `answer`."""

    def __init__(self, respond: Responder | None = None) -> None:
        self.respond = respond or (lambda request: json_response({}))
        self.respond_token: Responder = self._token
        self.token_expiry = FAR_FUTURE
        self.token_requests: list[dict[str, Any]] = []
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == TOKENS:
            self.token_requests.append(json.loads(request.content))
            return self.respond_token(request)
        self.requests.append(request)
        return self.respond(request)

    def _token(self, request: httpx.Request) -> httpx.Response:
        token = f"canary-token-{len(self.token_requests)}"
        return json_response({"token": token, "successful": True, "tokenExpiry": self.token_expiry})

    @property
    def bearers(self) -> list[str]:
        return [request.headers["Authorization"] for request in self.requests]

    @property
    def last_body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.requests[-1].content)
        return body

    def client(
        self, budget: RateLimiter | None = None, port_dialect: PortDialect | None = None
    ) -> Telegent:
        return Telegent(
            "DID-1",
            SECRET,
            rate_limiter=budget or RateLimiter(per_minute=6_000_000),
            # Longer than any wait of a test.
            timeouts=Timeouts(call=1_000),
            port_dialect=port_dialect or PortDialect(),
            transport=httpx.MockTransport(self),
        )
