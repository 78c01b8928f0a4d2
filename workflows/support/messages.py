"""What people and services send to a running workflow: read, or refused with every fault.

Handlers take whatever was sent and read it here. With a typed parameter, Temporal would refuse in
words that nobody understands, and pass on a null.
"""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError
from temporalio.exceptions import ApplicationError

from telegent_orchestrator._validation import format_errors, truncate

UNREADABLE = "unreadable"
"""The one field of what the worker gives to a handler in place of what it cannot read."""

MAX_REJECTION_CHARS = 1000
M = TypeVar("M", bound=BaseModel)


def parse_message(kind: type[M], sent: Sequence[JsonValue]) -> M:
    """The message in these arguments. Raises ApplicationError with every fault."""
    if len(sent) != 1:
        raise _invalid_message(f"it must be one argument, and there are {len(sent)}")
    (message,) = sent
    if isinstance(message, dict) and isinstance(reason := message.get(UNREADABLE), str):
        raise _invalid_message(f"it could not be read: {truncate(reason)}")
    try:
        return kind.model_validate(message)
    except ValidationError as error:
        raise _invalid_message("; ".join(format_errors(error))) from None


def rejection_message(error: ApplicationError) -> str:
    """Why a message was refused, as a timeline keeps it."""
    return truncate(error.message, MAX_REJECTION_CHARS)


def sender_name(sent: Sequence[JsonValue]) -> str:
    """Who sent it, as far as that can be told from a message that was refused."""
    match sent:
        case [{"by": str(by)}] if by:
            return truncate(by)
    return "unknown sender"


def _invalid_message(reason: str) -> ApplicationError:
    return ApplicationError(reason, type="InvalidMessage")
