"""The errors of the client, by whether the vendor may have executed the request.

::

    TelegentError
    ├── RequestNotSentError          NONE     not sent; safe to repeat
    ├── RequestRejectedError         NONE     rejected by Telegent
    │   ├── BadRequestError          NONE     400, 422 and every other 4xx
    │   ├── AuthenticationError      NONE     401, even with a fresh token
    │   ├── InvalidCredentialsError  NONE     no token for this account key and secret
    │   ├── PermissionDeniedError    NONE     403, even with a fresh token
    │   ├── NotFoundError            NONE     404: unknown, or owned by another account
    │   ├── ConflictError            NONE     409
    │   └── RateLimitError           NONE     429, with `retry_after`
    └── OutcomeUnknownError          UNKNOWN  sent, no usable response: look it up before repeating

A plain `RequestRejectedError` is a failure that the vendor reports inside a 200 response. A
response that proves execution but cannot be used, such as a 200 without the new resource's id,
needs the same lookup as a lost response. It therefore raises `OutcomeUnknownError`.

Reads raise the same classes. A read can always be repeated.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar


class Effect(StrEnum):
    """Whether the vendor may have executed the request."""

    NONE = "none"
    UNKNOWN = "unknown"


class TelegentError(Exception):
    """Base class of all errors that calls raise. Contains no request values, queries or tokens.

    Attributes:
        effect: Whether the vendor may have executed the request.
        endpoint: Verb and path, e.g. ``POST /v1.0/numbers/provision``.
        status: HTTP status of the response; None without a response.
        vendor_message: Message from Telegent in one line, truncated; None without a message.
        field_errors: Messages from Telegent by field name.
        retry_after: Seconds to wait before the next request, as requested by the vendor with 429
            or 503; None if it requests none.
        order_id: Id of an order that a response names although it reports a failure. The order
            may exist: follow it instead of repeating the request.
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
        retry_after: float | None = None,
        order_id: str | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.status = status
        self.vendor_message = vendor_message
        self.field_errors = {name: list(texts) for name, texts in (field_errors or {}).items()}
        self.retry_after = retry_after
        self.order_id = order_id
        parts = [f"{endpoint}: {message}"]
        if vendor_message:
            parts.append(f"message from Telegent: {vendor_message}")
        parts += [f"{name}: {'; '.join(texts)}" for name, texts in self.field_errors.items()]
        super().__init__(" | ".join(parts))


class RequestNotSentError(TelegentError):
    """The request was not sent."""

    effect = Effect.NONE


class RequestRejectedError(TelegentError):
    """Telegent rejected the request and did not execute it."""

    effect = Effect.NONE


class BadRequestError(RequestRejectedError):
    """400, 422 or another 4xx: the same request would be rejected again."""


class AuthenticationError(RequestRejectedError):
    """401 for a token that was fetched for this call."""


class InvalidCredentialsError(RequestRejectedError):
    """The vendor issues no token for this account key and secret."""


class PermissionDeniedError(RequestRejectedError):
    """403 for a token that was fetched for this call."""


class NotFoundError(RequestRejectedError):
    """404: the id is unknown or belongs to another account; the vendor does not distinguish."""


class ConflictError(RequestRejectedError):
    """409: the request conflicts with an existing resource, e.g. a subscriber's e-mail address."""


class RateLimitError(RequestRejectedError):
    """429: too many requests."""


class OutcomeUnknownError(TelegentError):
    """The request was sent and may have been executed. Look it up before repeating a create."""

    effect = Effect.UNKNOWN
