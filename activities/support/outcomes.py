"""Outcomes of activities: what a workflow decides by, as the type of an ApplicationError."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from temporalio import activity
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ApplicationErrorCategory,
    FailureError,
)
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
from telegent_orchestrator.names import (
    CREDENTIALS_REJECTED_FAILURE,
    NOT_EXECUTED_REASONS,
    PENDING_FAILURE,
)


class Outcome(StrEnum):
    """Why a call has no result, and so what may be done next."""

    NOT_SENT = "NotSent"
    """The request never reached the vendor: repeat freely."""

    RATE_LIMITED = "RateLimited"
    """Rejected for the moment: repeat later."""

    CREDENTIALS_REJECTED = CREDENTIALS_REJECTED_FAILURE
    """Rejected until an operator fixes the credentials: repeat later, and show it."""

    REJECTED = "Rejected"
    """Rejected permanently: the same call will be rejected again."""

    NOT_FOUND = "NotFound"
    """Rejected because an id that it names is unknown, or belongs to another account. A new
    resource may be unknown too, so this counts only when it lasts."""

    AMBIGUOUS = "Ambiguous"
    """Several resources match, or one that may not be ours: an operator chooses one."""

    UNKNOWN = "OutcomeUnknown"
    """May have been executed: look it up before acting again."""

    STALE = "Stale"
    """Not sent: what it was decided on has changed meanwhile."""

    KEY_MISSING = "MissingKeyError"
    """The worker could not decrypt its input and did nothing: another worker may have the key."""

    PENDING = PENDING_FAILURE
    """Nothing went wrong: what the activity waits for has not happened yet."""


_OUTCOME_BY_ERROR: Sequence[tuple[type[TelegentError], Outcome]] = (
    (RateLimitError, Outcome.RATE_LIMITED),
    (AuthenticationError, Outcome.CREDENTIALS_REJECTED),
    (InvalidCredentialsError, Outcome.CREDENTIALS_REJECTED),
    (NotFoundError, Outcome.NOT_FOUND),
    (RequestRejectedError, Outcome.REJECTED),
    (RequestNotSentError, Outcome.NOT_SENT),
    (OutcomeUnknownError, Outcome.UNKNOWN),
)
NON_RETRYABLE = (Outcome.REJECTED, Outcome.NOT_FOUND, Outcome.AMBIGUOUS)
"""What a repeated read or idempotent write would meet again."""
NOT_EXECUTED = {Outcome(failure): reason for failure, reason in NOT_EXECUTED_REASONS.items()}
"""Outcomes after which a call may be repeated without a lookup, each with its text for people."""
MIN_RETRY_INTERVAL = timedelta(milliseconds=50)


_THING = r"(account|subscriber|product|package|route|order|number)"
_UNKNOWN_ID = re.compile(
    rf"\binvalid (\w+ ?id|(phone )?number|iccid|tnid|{_THING}(?! \w))\b"
    r"|\b(\w+ ?id|phone number|iccid|tnid) (\S+ )?is (invalid|not valid|not known|unknown)\b"
    rf"|\bis not a (valid|known) (\w+ ?id|{_THING})\b"
    rf"|\b(unknown|unrecogni[sz]ed) (\w+ ?id|{_THING})\b"
    r"|\bno such\b|\bno (\w+ )+found\b|\bnot (be )?found\b"
    r"|\b(cannot|can['\u2019]t|could not|unable to) (find|locate)\b"
    r"|\b(does not|doesn['\u2019]t) (exist|belong to (the |this )?account)\b",
    re.IGNORECASE,
)
"""How the vendor says in a 400 what 404 means. It documents `Invalid AccountId`, and
`does not belong to account` for a number that is active in the account. A message that is taken for
one of them by mistake only costs the read lag."""


def outcome_of_error(error: TelegentError) -> Outcome:
    """The outcome that a client error stands for."""
    outcome = next(found for kind, found in _OUTCOME_BY_ERROR if isinstance(error, kind))
    if outcome is Outcome.REJECTED and _UNKNOWN_ID.search(str(error)):
        return Outcome.NOT_FOUND
    return outcome


def to_application_error(error: TelegentError, read_lag: timedelta) -> ApplicationError:
    """The failure that Temporal stores for a client error: its outcome, and Telegent's message.

    Its first detail is a number of seconds. After a 429, it is how long the vendor asks to wait.
    After an unknown id, it is the read lag: so long, the id may be too new to be known, and an
    activity that Temporal may repeat is repeated.
    """
    outcome = outcome_of_error(error)
    wait = error.retry_after if isinstance(error, RateLimitError) else None
    if outcome is Outcome.NOT_FOUND:
        wait = read_lag.total_seconds()
        info = activity.info()
        remaining = info.scheduled_time + read_lag - info.current_attempt_scheduled_time
        once = info.retry_policy is not None and info.retry_policy.maximum_attempts == 1
        if remaining > timedelta(0) and not once:
            return pending(
                f"{error} | trying again, because it may have been created a moment ago",
                max(min(read_lag / 6, remaining), MIN_RETRY_INTERVAL),
            )
    return ApplicationError(
        str(error),
        wait,
        type=outcome,
        non_retryable=outcome in NON_RETRYABLE,
    )


def is_not_found(error: TelegentError) -> bool:
    """Whether an id was unknown to the vendor, or too new to be known."""
    return outcome_of_error(error) is Outcome.NOT_FOUND


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


def require_own_id(expected: str) -> None:
    """Checks that the current workflow has the id of its number, so that no second one is open.

    Raises:
        ApplicationError: `Rejected` when it has another id.
    """
    if activity.info().workflow_id != expected:
        raise rejected(
            f"not started: the workflow id of this number is {expected}; compute it with the "
            "worker's TELEGENT_ID_KEY"
        )


def ambiguous(message: str) -> ApplicationError:
    """The failure of a lookup whose result only an operator can interpret."""
    return ApplicationError(message, type=Outcome.AMBIGUOUS, non_retryable=True)


class ErrorTranslationInterceptor(Interceptor):
    """Turns the client's errors into failures that workflows decide by, for every activity.

    Args:
        read_lag: How long the vendor may not know a new resource.
    """

    def __init__(self, read_lag: timedelta) -> None:
        self._read_lag = read_lag

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Called once for each activity run by the worker."""
        return _ErrorTranslator(next, self._read_lag)


class _ErrorTranslator(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, read_lag: timedelta) -> None:
        super().__init__(next)
        self._read_lag = read_lag

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            # A worker that was suspended continues with an attempt that has timed out, and
            # the workflow may have decided otherwise.
            with send_deadline(_attempt_deadline()):
                return await super().execute_activity(input)
        except TelegentError as error:
            # Without the cause: httpx repeats URLs, and with them numbers, in its messages.
            raise to_application_error(error, self._read_lag) from None
        except ValidationError as error:
            errors = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
                for fault in error.errors(include_url=False, include_input=False)
            )
            raise rejected(
                f"{activity.info().activity_type} was not sent, Telegent would reject it: {errors}",
            ) from None


def _attempt_deadline() -> datetime:
    """When Temporal considers the current attempt lost."""
    info = activity.info()
    assert info.start_to_close_timeout is not None, "every policy has one"
    return info.started_time + info.start_to_close_timeout


def failure_message(error: BaseException) -> str:
    """The message of a failure, without the wrappers that Temporal puts around it."""
    while isinstance(error, FailureError) and isinstance(error.cause, FailureError):
        error = error.cause
    return error.message if isinstance(error, FailureError) else str(error)


def classify_failure(error: ActivityError) -> Outcome:
    """Why an activity has no result: `UNKNOWN` after a timeout, a crash or a bug of ours."""
    cause = error.cause
    while isinstance(cause, ApplicationError):
        if cause.type in set(Outcome):
            return Outcome(cause.type)
        # Temporal wraps why an activity could not read its arguments.
        cause = cause.cause
    return Outcome.UNKNOWN


def reported_wait(error: ActivityError) -> timedelta:
    """The wait that a failure carries, see `to_application_error`; zero when it carries none."""
    details = error.cause.details if isinstance(error.cause, ApplicationError) else ()
    seconds = details[0] if details and isinstance(details[0], int | float) else 0
    return timedelta(seconds=seconds)
