"""What can go wrong with a call, sorted by the first question a caller has: did it happen?

::

    TelegentError
    ├── RequestNotSentError          NONE     never left this process; repeat freely
    ├── RequestRejectedError         NONE     the vendor read it and said no
    │   ├── BadRequestError          NONE     400, 422 and every 4xx without a class of its own
    │   ├── AuthenticationError      NONE     401, also with a fresh token
    │   ├── InvalidCredentialsError  NONE     no token for this account key and secret
    │   ├── PermissionDeniedError    NONE     403, also with a fresh token
    │   ├── NotFoundError            NONE     404: unknown, or owned by another account
    │   ├── ConflictError            NONE     409
    │   └── RateLimitError           NONE     429, with `retry_after`
    └── OutcomeUnknownError          UNKNOWN  sent, no usable answer: look before repeating

A plain `RequestRejectedError` is a failure which the vendor states inside a 200. There is no third
answer to "did it happen?": an answer that proves that it happened and cannot be used (a 200 without
the new thing's id) leaves the caller with the same work as no answer at all, so it is
`OutcomeUnknownError`.

A read raises the same classes; after any of them a read may simply be repeated.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar


class Effect(StrEnum):
    """Whether the vendor acted on the request."""

    NONE = "none"
    UNKNOWN = "unknown"


class TelegentError(Exception):
    """Base of every error that a call raises. Holds no request value, token or query value.

    Attributes:
        effect: whether the vendor acted on the request.
        endpoint: verb and path, e.g. ``POST /v1.0/numbers/provision``.
        status: HTTP status of the answer, None when there was none.
        vendor_message: the vendor's own words, shortened; None when there were none.
        field_errors: the vendor's complaints by field, empty when there were none.
    """

    effect: ClassVar[Effect]

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


class RequestNotSentError(TelegentError):
    """The request never reached the vendor, so nothing happened."""

    effect = Effect.NONE


class RequestRejectedError(TelegentError):
    """The vendor read the request and said no, so nothing happened."""

    effect = Effect.NONE


class BadRequestError(RequestRejectedError):
    """400, 422, or another 4xx: the same request will be refused again."""


class AuthenticationError(RequestRejectedError):
    """401 for a token that was fetched for this very call."""


class InvalidCredentialsError(RequestRejectedError):
    """The vendor gives no token for this account key and secret."""


class PermissionDeniedError(RequestRejectedError):
    """403 for a token that was fetched for this very call."""


class NotFoundError(RequestRejectedError):
    """404: the id is unknown, or belongs to another account (the vendor does not tell which)."""


class ConflictError(RequestRejectedError):
    """409: it collides with something that exists, e.g. a subscriber's e-mail address."""


class RateLimitError(RequestRejectedError):
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


class OutcomeUnknownError(TelegentError):
    """The request was sent and may have been carried out. Look before repeating a create."""

    effect = Effect.UNKNOWN
