"""What can go wrong with a call, sorted by the first question a caller has: did it happen?

::

    TelegentError
    ├── NotSent            NO       the request never left this process; repeat freely
    ├── Refused            NO       the vendor read it and said no
    │   ├── BadRequest     NO       400, 422 and every 4xx without a class of its own
    │   ├── Unauthorized   NO       401, also with a fresh token
    │   ├── BadCredentials NO       no token for this account key and secret
    │   ├── Forbidden      NO       403, also with a fresh token
    │   ├── NotFound       NO       404: unknown, or owned by another account
    │   ├── Conflict       NO       409
    │   └── RateLimited    NO       429, with `retry_after`
    └── OutcomeUnknown     UNKNOWN  sent, and no answer that can be used: look before repeating

A plain `Refused` is a failure which the vendor states inside a 200. There is no third answer to
"did it happen?": an answer that proves that it happened and cannot be used (a 200 without the new
thing's id) leaves the caller with the same work as no answer at all, so it is `OutcomeUnknown`.

A read raises the same classes; after any of them a read may simply be repeated.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar


class Happened(StrEnum):
    """Whether the vendor acted on the request."""

    NO = "no"
    UNKNOWN = "unknown"


class TelegentError(Exception):
    """Base of every error that a call raises. Holds no request value, token or query value.

    Attributes:
        happened: whether the vendor acted on the request.
        endpoint: verb and path, e.g. ``POST /v1.0/numbers/provision``.
        status: HTTP status of the answer, None when there was none.
        vendor_message: the vendor's own words, shortened; None when there were none.
        field_errors: the vendor's complaints by field, empty when there were none.
    """

    happened: ClassVar[Happened]

    def __init__(
        self,
        message: str,
        *,
        endpoint: str,
        status: int | None = None,
        vendor_message: str | None = None,
        field_errors: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.status = status
        self.vendor_message = vendor_message
        self.field_errors = {name: list(texts) for name, texts in (field_errors or {}).items()}
        parts = [f"{endpoint}: {message}"]
        if vendor_message:
            parts.append(f"Telegent says: {vendor_message}")
        parts += [f"{name}: {'; '.join(texts)}" for name, texts in self.field_errors.items()]
        super().__init__(" | ".join(parts))


class NotSent(TelegentError):
    """The request never reached the vendor, so nothing happened."""

    happened = Happened.NO


class Refused(TelegentError):
    """The vendor read the request and said no, so nothing happened."""

    happened = Happened.NO


class BadRequest(Refused):
    """400, 422, or another 4xx: the same request will be refused again."""


class Unauthorized(Refused):
    """401 for a token that was fetched for this very call."""


class BadCredentials(Refused):
    """The vendor gives no token for this account key and secret."""


class Forbidden(Refused):
    """403 for a token that was fetched for this very call."""


class NotFound(Refused):
    """404: the id is unknown, or belongs to another account (the vendor does not tell which)."""


class Conflict(Refused):
    """409: it collides with something that exists, e.g. a subscriber's e-mail address."""


class RateLimited(Refused):
    """429. `retry_after` is the wait the vendor asks for in seconds, None when it names none."""

    def __init__(
        self,
        message: str,
        *,
        endpoint: str,
        retry_after: float | None = None,
        status: int | None = None,
        vendor_message: str | None = None,
        field_errors: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(
            message,
            endpoint=endpoint,
            status=status,
            vendor_message=vendor_message,
            field_errors=field_errors,
        )
        self.retry_after = retry_after


class OutcomeUnknown(TelegentError):
    """The request was sent and may have been carried out. Look before repeating a create."""

    happened = Happened.UNKNOWN
