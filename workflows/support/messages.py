"""Messages to a running workflow: parsed, or rejected with every error.

Handlers take whatever arguments were sent and parse them here. With a typed parameter, Temporal
would name Python types in its rejection, and would pass on a null.
"""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError
from temporalio.exceptions import ApplicationError

from telegent_orchestrator._validation import format_errors, truncate

MAX_REJECTION_CHARS = 1000
M = TypeVar("M", bound=BaseModel)


def parse_message(kind: type[M], sent: Sequence[JsonValue]) -> M:
    """Returns the message in the arguments of a handler.

    Args:
        kind: The model of the message.
        sent: All arguments as they came.

    Raises:
        ApplicationError: It is no such message; every error is named.
        MissingKeyError: This worker lacks the key to decrypt it.
    """
    if len(sent) != 1:
        raise _invalid_message(f"it must be one argument, and there are {len(sent)}")
    (message,) = sent
    if isinstance(message, Exception):
        # From the worker's payload converter, in place of what it cannot read.
        raise message
    try:
        return kind.model_validate(message)
    except ValidationError as error:
        raise _invalid_message("; ".join(format_errors(error, kind))) from None


def rejection_message(error: ApplicationError) -> str:
    """Returns why a message was rejected, cut to the length that a timeline keeps."""
    return truncate(error.message, MAX_REJECTION_CHARS)


def sender_name(sent: Sequence[JsonValue]) -> str:
    """Returns who sent a rejected message, as far as it says so."""
    match sent:
        case [{"by": str(by)}] if by:
            return truncate(by)
    return "unknown sender"


def message_rejected(reason: str) -> ApplicationError:
    """The failure of a message that was understood, and cannot be carried out in this state."""
    return ApplicationError(reason, type="MessageRejected")


def _invalid_message(reason: str) -> ApplicationError:
    return ApplicationError(reason, type="InvalidMessage")
