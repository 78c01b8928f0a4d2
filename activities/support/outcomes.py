"""From the client's errors to what a workflow decides by: the type of an ApplicationError."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, FailureError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from telegent import (
    AuthenticationError,
    InvalidCredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    RequestNotSentError,
    RequestRejectedError,
    TelegentError,
    send_deadline,
)


class Outcome(StrEnum):
    """Why a call has no result, and so what may be done next."""

    NOT_SENT = "NotSent"
    """Never reached the vendor: repeat freely."""

    RATE_LIMITED = "RateLimited"
    """Refused for the moment: repeat later."""

    CREDENTIALS_REJECTED = "CredentialsRejected"
    """Refused until somebody mends the credentials: repeat later, and say so."""

    REJECTED = "Rejected"
    """Refused for good: the same call will be refused again."""

    NOT_FOUND = "NotFound"
    """Refused because what it names does not exist, or is another account's."""

    UNKNOWN = "OutcomeUnknown"
    """May have happened: look before acting again."""

    STALE = "Stale"
    """Not sent after all: what it was decided on has changed meanwhile."""

    KEY_MISSING = "MissingKeyError"
    """The worker could not read what to do, and did nothing: another one may have the key."""

    PENDING = "Pending"
    """Nothing went wrong: what is waited for has not happened yet."""


_OUTCOME_BY_ERROR: Sequence[tuple[type[TelegentError], Outcome]] = (
    (RateLimitError, Outcome.RATE_LIMITED),
    (AuthenticationError, Outcome.CREDENTIALS_REJECTED),
    (InvalidCredentialsError, Outcome.CREDENTIALS_REJECTED),
    (NotFoundError, Outcome.NOT_FOUND),
    (RequestRejectedError, Outcome.REJECTED),
    (RequestNotSentError, Outcome.NOT_SENT),
    (OutcomeUnknownError, Outcome.UNKNOWN),
)
NON_RETRYABLE = (Outcome.REJECTED, Outcome.NOT_FOUND)
"""What a repeated read or absolute set would meet again."""


def outcome_of_error(error: TelegentError) -> Outcome:
    """The outcome that a client error stands for."""
    return next(outcome for kind, outcome in _OUTCOME_BY_ERROR if isinstance(error, kind))


def to_application_error(error: TelegentError) -> ApplicationError:
    """The failure that Temporal stores for a client error: its outcome, and the vendor's words."""
    outcome = outcome_of_error(error)
    wait = error.retry_after if isinstance(error, RateLimitError) else None
    return ApplicationError(
        str(error),
        wait,
        type=outcome,
        non_retryable=outcome in NON_RETRYABLE,
    )


def pending(message: str, retry_in: timedelta) -> ApplicationError:
    """The failure of an attempt after which what it waits for has not happened yet.

    It is benign: Temporal makes the next attempt after `retry_in`, without a warning in the log.
    """
    return ApplicationError(
        message,
        type=Outcome.PENDING,
        next_retry_delay=retry_in,
        category=ApplicationErrorCategory.BENIGN,
    )


def rejected(message: str) -> ApplicationError:
    """The failure of a call that would be rejected again, however often it is repeated."""
    return ApplicationError(message, type=Outcome.REJECTED, non_retryable=True)


class ErrorTranslationInterceptor(Interceptor):
    """Turns the client's errors into failures that workflows decide by, for every activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Called once for each activity run by the worker."""
        return _ErrorTranslator(next)


class _ErrorTranslator(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            # A worker that stood still goes on with what Temporal has given up meanwhile, and the
            # workflow has decided anew.
            with send_deadline(_attempt_deadline()):
                return await super().execute_activity(input)
        except TelegentError as error:
            # Without the cause: httpx repeats URLs, and with them numbers, in its messages.
            raise to_application_error(error) from None
        except ValidationError as error:
            errors = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
                for fault in error.errors(include_url=False, include_input=False)
            )
            raise rejected(
                f"{activity.info().activity_type} was not sent, Telegent would refuse it: {errors}",
            ) from None


def _attempt_deadline() -> datetime:
    """When Temporal takes the current activity for lost."""
    info = activity.info()
    assert info.start_to_close_timeout is not None, "every policy has one"
    return info.started_time + info.start_to_close_timeout


def failure_message(error: BaseException) -> str:
    """What a failure says, without the wrappers that Temporal puts around it."""
    while isinstance(error, FailureError) and isinstance(error.cause, FailureError):
        error = error.cause
    return error.message if isinstance(error, FailureError) else str(error)
