"""How the simulator says no: one exception, and the two error bodies the vendor has published."""

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
    """A request the vendor would not carry out; nothing was changed.

    `status` is the HTTP status, `message` the text for the caller, `fields` the faults by field
    name, `retry_after` whole seconds for the header of a 429.
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
        """The error body: `{"StatusCode", "Message"}`, or the problem details seen in 2025."""
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
    """400 for a field that this request needs; the wording is the vendor's own."""
    return ApiError(400, f"{field} is required", fields={field: [f"{field} is required"]})


def invalid(field: str, text: str) -> ApiError:
    """400 for a field whose value breaks a rule; `text` says which."""
    return ApiError(400, text, fields={field: [text]})


def not_found(what: str) -> ApiError:
    """404: the vendor gives the same answer for "unknown" and "another account's"."""
    return ApiError(
        404, f"Not found: this {what} does not exist or belongs to a different account."
    )


def from_validation(error: ValidationError) -> ApiError:
    """400 with every faulty field named at once. Values are never repeated: they may be secrets."""
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
