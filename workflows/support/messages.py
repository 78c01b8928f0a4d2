"""Messages to a running workflow, from operators, callers and child workflows.

Handlers accept whatever arguments were sent, and parse them here, so that a rejection names every
error. With a typed parameter, Temporal's rejection would name Python types, and null would pass.
"""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from telegent_orchestrator._models import WireModel
from telegent_orchestrator._validation import format_errors, truncate
from telegent_orchestrator.progress import StepState

MAX_REJECTION_CHARS = 1000
CHILD_UPDATED_SIGNAL = "child_updated"
"""How a child workflow reports its state to its parent."""
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


def require_own_id(expected: str) -> None:
    """Checks that the running workflow has the id that its request determines.

    The id keeps a second workflow from doing the same at the same time, and others find it by it.

    Raises:
        ApplicationError: It has another id.
    """
    actual = workflow.info().workflow_id
    if actual != expected:
        raise ApplicationError(
            f"not started: the workflow id of this request is {expected}, not {truncate(actual)}",
            type="InvalidMessage",
            non_retryable=True,
        )


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


class ChildUpdate(WireModel):
    """The state of a child.

    Attributes:
        phone_number: Its number, once that is in service.
        compensated: It was cancelled, and retains nothing at Telegent.
    """

    key: str
    state: StepState
    detail: str
    phone_number: str | None = None
    compensated: bool = False


def parse_child_update(sent: Sequence[JsonValue]) -> ChildUpdate | None:
    """Returns the update in the arguments of a signal; None for anything else."""
    try:
        return parse_message(ChildUpdate, sent)
    except ApplicationError:
        return None


class ParentNotifier:
    """Sends updates to the parent, one after the other.

    Of signals that one workflow task sends together, Temporal may deliver the later one first.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def notify(self, update: ChildUpdate) -> None:
        """Signals the parent, if there is one and it has not ended.

        The parent may have been reset, or have ended and been started again: the signal goes to its
        current run, which waits for this workflow.
        """
        parent = workflow.info().parent
        if parent is None:
            return
        handle = workflow.get_external_workflow_handle(parent.workflow_id)
        async with self._lock:
            try:
                await handle.signal(CHILD_UPDATED_SIGNAL, update)
            except FailureError as error:
                # A port-in outlives a cancelled onboarding: then there is no parent.
                if is_cancelled_exception(error):
                    raise
                if not isinstance(error, ApplicationError):
                    raise
