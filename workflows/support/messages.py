"""What people and services send to a running workflow: read, or refused with every fault.

Handlers take whatever was sent and read it here. With a typed parameter, Temporal would refuse in
words that nobody understands, and pass on a null.
"""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError
from temporalio.exceptions import ApplicationError

from telegent_orchestrator._validation import faults_of, shortened

UNREADABLE = "unreadable"
"""The one field of what the worker gives to a handler in place of what it cannot read."""

LONGEST_REFUSAL = 1000
M = TypeVar("M", bound=BaseModel)


def read_message(kind: type[M], sent: Sequence[JsonValue]) -> M:
    """The message in these arguments. Raises ApplicationError with every fault."""
    if len(sent) != 1:
        raise _unreadable(f"it must be one argument, and there are {len(sent)}")
    (message,) = sent
    if isinstance(message, dict) and isinstance(why := message.get(UNREADABLE), str):
        raise _unreadable(f"it could not be read: {shortened(why)}")
    try:
        return kind.model_validate(message)
    except ValidationError as error:
        raise _unreadable("; ".join(faults_of(error))) from None


def refusal_of(error: ApplicationError) -> str:
    """Why a message was refused, as a timeline keeps it."""
    return shortened(error.message, LONGEST_REFUSAL)


def sender_of(sent: Sequence[JsonValue]) -> str:
    """Who sent it, as far as that can be told from a message that was refused."""
    match sent:
        case [{"by": str(by)}] if by:
            return shortened(by)
    return "unknown sender"


def _unreadable(why: str) -> ApplicationError:
    return ApplicationError(why, type="Unreadable")
