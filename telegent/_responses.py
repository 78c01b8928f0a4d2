"""Reads a response: the JSON of a success, or the error that it stands for."""

import codecs
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx

from telegent._text import canonical, canonical_json
from telegent.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    RequestRejectedError,
    TelegentError,
)
from telegent.rate_limiter import MAX_PAUSE

Json = dict[str, Any] | list[Any]

MAX_MESSAGE_CHARS = 300
"""Characters of a message from Telegent."""
MAX_FIELD_ERRORS, MAX_FIELD_ERROR_TEXTS = 20, 3
"""Fields that an error names, and messages about each."""

_REJECTION_BY_STATUS: dict[int, type[RequestRejectedError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitError,
}
_CREATED_NAMES = (
    *("phonenumberassigned", "phonenumberid", "subscriptionid", "accountid", "subscriberid"),
    *("messagerouteid", "callrouteid", "productid", "packageid", "filterid", "webhookid"),
)
"""What creates return in addition to `OrderId`."""
_FAILED_STATUSES = frozenset({"error", "failed", "failure", "rejected", "invalid"})
_MESSAGE_NAMES = ("message", "errormessage", "detail", "title", "error")


@dataclass(frozen=True)
class ApiRequest:
    """A request, without its token.

    Attributes:
        verb: HTTP method.
        path: Path with ``/v1.0``.
        query: Query parameters; those that are None are left out.
        body: The JSON body of a POST.
        secrets: Values that are redacted in messages, should the vendor repeat them.
        empty_is_success: Whether a success may have an empty body; it reads as ``{}``.
    """

    verb: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str | int | None] = field(default_factory=dict)
    body: Mapping[str, object] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    empty_is_success: bool = False

    @property
    def endpoint(self) -> str:
        """Verb and path."""
        return f"{self.verb} {self.path}"

    @property
    def is_write(self) -> bool:
        """Whether the request may change something."""
        return self.verb == "POST"


def read_response(request: ApiRequest, response: httpx.Response, content: bytes) -> Json:
    """Return the JSON of a 2xx response that reports no failure.

    Raises:
        TelegentError: Any other response; see the classes in `telegent.errors`.
    """
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        body = _decode(content, response)
        # One wrong byte in a name must not make a list of thousands unreadable.
        with suppress(ValueError, RecursionError):
            body = json.loads(body)
    if not response.is_success:
        raise _to_error(request, response, body)
    return _read_success(request, response.status_code, body)


def raise_if_failed(endpoint: str, status: str | None, message: str | None) -> None:
    """Check the `Status` with which a success reports the outcome of a set.

    Raises:
        RequestRejectedError: It is a failure.
    """
    if (status or "").casefold() in _FAILED_STATUSES:
        raise RequestRejectedError(
            f"response reports the status {status}",
            endpoint=endpoint,
            status=200,
            vendor_message=redact(message or "", ()) or None,
        )


def redact(value: object, secrets: Sequence[str]) -> str:
    """Return a text from Telegent on one line, without secrets, truncated."""
    # A body that is quoted contains the secret as JSON; canonical text contains it canonical.
    text = _without_secrets(str(value), secrets)
    return _without_secrets(canonical(text), secrets)[:MAX_MESSAGE_CHARS]


def _without_secrets(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        as_json = (json.dumps(secret), json.dumps(secret, ensure_ascii=False))
        spellings = {secret, *(quoted[1:-1] for quoted in as_json)}
        for spelling in spellings | {canonical(spelling) for spelling in spellings}:
            if spelling:
                text = text.replace(spelling, "***")
    return text


def _decode(content: bytes, response: httpx.Response) -> str:
    """Decode a body that is not JSON. The charset that the response declares may be nonsense."""
    charset = response.charset_encoding or "utf-8"
    try:
        # Excludes codecs such as base64 and rot13, which are not charsets.
        is_charset = codecs.lookup(charset)._is_text_encoding
        return content.decode(charset if is_charset else "utf-8", errors="replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", errors="replace")


def _read_success(request: ApiRequest, status: int, body: object) -> Json:
    is_empty = not (body.strip() if isinstance(body, str) else body)
    if request.empty_is_success and is_empty:
        return {}
    try:
        body = canonical_json(body)
    except ValueError:
        body = None
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        raise OutcomeUnknownError(
            "response reports success, but its body is not a JSON object or array",
            endpoint=request.endpoint,
            status=status,
        )
    fields = {key.lower(): value for key, value in body.items()}
    status_code = fields.get("statuscode")
    reports_failure = str(fields.get("successful", "")).lower() == "false" or (
        isinstance(status_code, int) and status_code >= 400
    )
    # A read may report what failed earlier, such as an order; that is no failure of the read.
    if reports_failure or (request.is_write and fields.get("errormessage")):
        raise _failure_in_success(request, status, body)
    # The vendor's introduction describes a {Successful, Data} envelope that no sample shows.
    data = fields.get("data")
    return data if "successful" in fields and isinstance(data, dict | list) else body


def _failure_in_success(request: ApiRequest, status: int, body: dict[str, Any]) -> TelegentError:
    vendor_message, field_errors = _error_details(body, request.secrets)
    # An order or a number contradicts the failure reported with it. A caller that took the
    # failure for "not executed" could buy another number.
    if created := _created(request, body):
        order_id = _new_order_id(request, body)
        return OutcomeUnknownError(
            f"HTTP {status} response reports a failure, and also {created}",
            endpoint=request.endpoint,
            status=status,
            vendor_message=vendor_message,
            field_errors=field_errors,
            order_id=order_id,
        )
    return RequestRejectedError(
        f"HTTP {status} response reports a failure",
        endpoint=request.endpoint,
        status=status,
        vendor_message=vendor_message,
        field_errors=field_errors,
    )


def _new_order_id(request: ApiRequest, body: object) -> str | None:
    """The id of an order that a response names and its request does not."""
    order_id = _fields(body).get("orderid") if request.is_write else None
    if not isinstance(order_id, str) or not re.fullmatch(r"[\x21-\x7e]{1,200}", order_id):
        return None
    return None if order_id in request.body.values() else order_id


def _created(request: ApiRequest, body: object) -> str | None:
    """What a response to a write names and its request does not, so that it may be new."""
    if order_id := _new_order_id(request, body):
        return f"order {order_id}"
    fields = _fields(body) if request.is_write else {}
    new = (
        name
        for name in _CREATED_NAMES
        if isinstance(fields.get(name), str) and fields[name] not in ("", *request.body.values())
    )
    return next((f"a {name}" for name in new), None)


def _fields(body: object) -> dict[str, object]:
    """The fields of a body and of its envelope, by name in lower case."""
    if not isinstance(body, dict):
        return {}
    fields = {str(key).lower(): value for key, value in body.items()}
    data = fields.get("data")
    return {**(_fields(data) if isinstance(data, dict) else {}), **fields}


def _to_error(request: ApiRequest, response: httpx.Response, body: object) -> TelegentError:
    status = response.status_code
    order_id, created = _new_order_id(request, body), _created(request, body)
    error_class: type[TelegentError]
    if response.is_redirect:
        error_class = OutcomeUnknownError
        message = f"redirected ({status}), which is not followed; check base_url"
    elif status == 408 or not 400 <= status < 500:
        error_class = OutcomeUnknownError
        message = f"response status {status}; the request may have been executed"
    elif created:
        error_class = OutcomeUnknownError
        message = f"rejected ({status}), and the response names {created}"
    elif status == 429:
        error_class = RateLimitError
        message = "too many requests (429); all requests of this process are paused"
    else:
        error_class = _REJECTION_BY_STATUS.get(status, BadRequestError)
        message = f"rejected ({status})"
    vendor_message, field_errors = _error_details(body, request.secrets)
    return error_class(
        message,
        endpoint=request.endpoint,
        status=status,
        vendor_message=vendor_message,
        field_errors=field_errors,
        retry_after=_retry_after(response, body) if status in (429, 503) else None,
        order_id=order_id,
    )


def _error_details(body: object, secrets: Sequence[str]) -> tuple[str | None, dict[str, list[str]]]:
    """The vendor's message and its messages by field, from any of its error bodies."""
    message: object = None
    errors: object = None
    if isinstance(body, str):
        # The HTML page of a proxy says no more than its status.
        message = None if body.lstrip().startswith("<") else body
    elif isinstance(body, dict):
        fields = {str(key).lower(): value for key, value in body.items()}
        texts = [fields[name] for name in _MESSAGE_NAMES if isinstance(fields.get(name), str)]
        message = texts[0] if texts else None
        errors = fields.get("errors")

    by_field: dict[str, list[str]] = {}
    if isinstance(errors, dict):
        for name, texts in list(errors.items())[:MAX_FIELD_ERRORS]:
            listed = texts if isinstance(texts, list) else [texts]
            messages = [redact(text, secrets) for text in listed[:MAX_FIELD_ERROR_TEXTS]]
            by_field[redact(name, secrets)] = messages
    return redact(message or "", secrets) or None, by_field


def _retry_after(response: httpx.Response, body: object) -> float | None:
    """Seconds to wait, at most `MAX_PAUSE`, from the header or from `RetryAfter` in the body.

    Reads seconds and HTTP dates. None if there is neither.
    """
    value = response.headers.get("Retry-After")
    if value is None and isinstance(body, dict):
        value = str(body.get("RetryAfter", ""))
    if not value:
        return None
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", value.strip()):
        return min(float(value), MAX_PAUSE)
    try:
        until = parsedate_to_datetime(value)
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, seconds), MAX_PAUSE)
