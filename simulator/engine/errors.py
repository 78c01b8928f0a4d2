"""Rejections: one exception, and the two error bodies that the vendor has published."""

from typing import Any, Literal
from uuid import uuid4

from pydantic import ValidationError

ErrorStyle = Literal["current", "rfc7807"]

_TITLES = {
    400: "One or more validation errors occurred.",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
}


class ApiError(Exception):
    """A rejected request; nothing was changed.

    Args:
        status: HTTP status.
        message: Text for the caller.
        fields: Errors by field name.
        retry_after: Whole seconds for the header of a 429 or 503.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        fields: dict[str, list[str]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.fields = fields or {}
        self.retry_after = retry_after

    def body(self, style: ErrorStyle) -> dict[str, Any]:
        """Return the body: `{"StatusCode", "Message"}`, or the problem details of 2025."""
        if style == "current":
            return {"StatusCode": self.status, "Message": self.message}
        problem: dict[str, Any] = {
            "Type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
            "Title": _TITLES.get(self.status, "An error occurred."),
            "Status": self.status,
            "TraceId": f"00-{uuid4().hex}-{uuid4().hex[:16]}-00",
        }
        if self.fields:
            problem["Errors"] = {f"$.{name}": texts for name, texts in self.fields.items()}
        else:
            problem["Detail"] = self.message
        if self.retry_after is not None:
            problem["RetryAfter"] = str(self.retry_after)
        return problem


def missing(field: str) -> ApiError:
    """Return a 400 for a missing field, in the vendor's wording."""
    return ApiError(400, f"{field} is required", fields={field: [f"{field} is required"]})


def invalid(field: str, text: str) -> ApiError:
    """Return a 400 for a field whose value breaks a rule, which `text` states."""
    return ApiError(400, text, fields={field: [text]})


def not_found(what: str) -> ApiError:
    """Return a 404. The vendor does not distinguish unknown from another account's."""
    return ApiError(
        404, f"Not found: this {what} does not exist or belongs to a different account."
    )


def from_validation(error: ValidationError) -> ApiError:
    """Return a 400 that names all invalid fields, without values, which may be secrets."""
    fields: dict[str, list[str]] = {}
    for fault in error.errors(include_input=False, include_context=False, include_url=False):
        name = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "missing":
            text = f"The {name} field is required."
        elif fault["type"] == "extra_forbidden":
            text = f"{name} is not a field of this operation."
        else:
            text = f"{name}: {fault['msg']}"
        fields.setdefault(name, []).append(text)
    message = " ".join(text for texts in fields.values() for text in texts)
    return ApiError(400, message, fields=fields)
