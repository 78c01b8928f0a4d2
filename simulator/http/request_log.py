"""The log of requests, and the rate limit."""

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator.engine.errors import ApiError

WINDOW = timedelta(seconds=60)


@dataclass
class RequestEntry:
    """One request, without its body.

    Attributes:
        status: HTTP status; None while it is processed, or if its connection was cut.
        fault: Kind of the injected fault.
        token_for: Path of the endpoint of a token request.
    """

    time: datetime
    method: str
    path: str
    is_token: bool = False
    status: int | None = None
    fault: str | None = None
    token_for: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        return {**vars(self), "time": self.time.isoformat()}


def summary(entries: list[RequestEntry]) -> dict[str, Any]:
    """Count API requests, token requests, tokens per endpoint, and requests by endpoint."""
    tokens = [entry for entry in entries if entry.is_token]
    return {
        "api_calls": len(entries) - len(tokens),
        "token_calls": len(tokens),
        "tokens_per_endpoint": Counter(t.token_for for t in tokens if t.token_for),
        "by_endpoint": Counter(f"{e.method} {e.path}" for e in entries),
    }


@dataclass
class RateLimit:
    """At most `limit` requests in any `window`; rejected ones do not count."""

    limit: int
    include_retry_after: bool
    window: timedelta = WINDOW
    _admitted: deque[datetime] = field(default_factory=deque)

    def admit(self, now: datetime) -> None:
        """Count a request, or raise ApiError 429 with the seconds until the next is allowed."""
        while self._admitted and now - self._admitted[0] >= self.window:
            self._admitted.popleft()
        if len(self._admitted) >= self.limit:
            wait = (self._admitted[0] + self.window - now).total_seconds()
            raise ApiError(
                429,
                "Too many requests: rate limit exceeded.",
                retry_after=max(1, math.ceil(wait)) if self.include_retry_after else None,
            )
        self._admitted.append(now)
