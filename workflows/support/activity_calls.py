"""How activities are called: each kind of call with its options, and a summary for the UI."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Concatenate, NotRequired, ParamSpec, TypedDict, TypeVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, RetryState
from temporalio.workflow import ActivityCancellationType

from activities.support.outcomes import NON_RETRYABLE, failure_message
from activities.support.write_specs import WRITE_SPEC_ATTR, WriteKind, write_spec_of
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator.names import API_TASK_QUEUE
from workflows.support.metrics import count_stalled_call
from workflows.support.progress import RUNNING_STEP


class ActivityOptions(TypedDict):
    """Options of an activity, for `start_activity_method`."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: NotRequired[timedelta]
    heartbeat_timeout: NotRequired[timedelta]
    retry_policy: RetryPolicy
    task_queue: NotRequired[str]
    priority: NotRequired[Priority]
    cancellation_type: NotRequired[ActivityCancellationType]


VENDOR_CALL_TIMEOUT = timedelta(seconds=75)
"""Timeout of one attempt that calls the vendor. The client's own timeout for a whole call is
shorter (the worker's settings ensure that), so that the client times out first and can say whether
the request was sent. When a worker dies during a create, the workflow looks the resource up after
this time."""

URGENT_PRIORITY = Priority(priority_key=1)
"""Cancels and corrections of a port-in: an operator or a deadline waits for them."""
INTERACTIVE_PRIORITY = Priority(priority_key=2)
"""Onboardings: a caller waits for them."""
POLLING_PRIORITY = Priority(priority_key=4)
"""Polls of orders: they yield to all writes."""
BULK_PRIORITY = Priority(priority_key=5)
"""All calls of a bulk, polls included: they yield to all others, except for the cancels and
corrections of its port-ins."""

MAX_FAIRNESS_KEY = 64
"""Bytes, at the Temporal server. Workflow ids are ASCII."""

_UNLIMITED_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=5),
    non_retryable_error_types=[*NON_RETRYABLE],
)

READ_OPTIONS = ActivityOptions(
    task_queue=API_TASK_QUEUE,
    start_to_close_timeout=VENDOR_CALL_TIMEOUT,
    retry_policy=_UNLIMITED_RETRY,
    priority=INTERACTIVE_PRIORITY,
)
"""Reads are repeated until there is a response: an outage of hours costs attempts, not history."""

IDEMPOTENT_WRITE_OPTIONS = READ_OPTIONS
"""Idempotent writes end in the same state however often they are sent: they repeat like reads."""

SETTLED_WRITE_OPTIONS = IDEMPOTENT_WRITE_OPTIONS.copy()
SETTLED_WRITE_OPTIONS["cancellation_type"] = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
"""The same for a write that a cancel does not roll back: the cancel waits for the response of an
attempt that is in flight, so that its outcome is known."""

CREATE_OPTIONS = ActivityOptions(
    task_queue=API_TASK_QUEUE,
    start_to_close_timeout=VENDOR_CALL_TIMEOUT,
    retry_policy=RetryPolicy(maximum_attempts=1),
    priority=INTERACTIVE_PRIORITY,
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""Creates and purchases are attempted once, whatever goes wrong, worker crashes included: the API
has no idempotency key, so whether to repeat is the workflow's decision, after a lookup. A cancel
waits for the response of one that is in flight: its resource must be rolled back, or reported."""

PORT_REQUEST_OPTIONS = ActivityOptions(
    task_queue=API_TASK_QUEUE,
    start_to_close_timeout=VENDOR_CALL_TIMEOUT,
    retry_policy=RetryPolicy(maximum_attempts=1),
    priority=URGENT_PRIORITY,
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""Updates and cancels of a port-in: the order shows the outcome before another is sent. A cancel of
the workflow waits for the response: an order must not be left behind."""

PORT_SUBMIT_OPTIONS = PORT_REQUEST_OPTIONS.copy()
PORT_SUBMIT_OPTIONS["priority"] = INTERACTIVE_PRIORITY
"""The submit of a port-in: the same, without the urgency of a change to an open order."""

POLL_OPTIONS = ActivityOptions(
    task_queue=API_TASK_QUEUE,
    start_to_close_timeout=VENDOR_CALL_TIMEOUT,
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=30),
        backoff_coefficient=1,
        maximum_interval=timedelta(minutes=10),
        non_retryable_error_types=[*NON_RETRYABLE],
    ),
    priority=POLLING_PRIORITY,
)
"""Polling by retry: the activity schedules the next poll itself, and history grows by status
changes, not by polls. The interval here applies only after polls that failed."""

INTERNAL_OPTIONS = ActivityOptions(
    start_to_close_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        maximum_interval=timedelta(seconds=30),
        non_retryable_error_types=[*NON_RETRYABLE],
    ),
    priority=INTERACTIVE_PRIORITY,
)
"""Reads of settings and of Temporal. Not local activities: a message that arrives while one of them
runs can come in another workflow task on replay, which is a nondeterminism error."""

AWAIT_WORKFLOW_OPTIONS = ActivityOptions(
    start_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=5),
        backoff_coefficient=1,
        non_retryable_error_types=[*NON_RETRYABLE],
    ),
    priority=INTERACTIVE_PRIORITY,
)
"""Waiting, by retry, for a workflow that another one has started."""

MAX_RETRY_AFTER = timedelta(minutes=10)
"""The longest pause that one 429 causes, as in the client's rate limiter: the vendor may ask for a
day by mistake, and its allowance is counted by the minute."""

NEW_ID_RETRIES = 8
"""How often, at the most, a create is repeated within the read lag because an id that it names may
be too new to be known."""

STALL_AFTER = timedelta(minutes=15)
"""How long a call may make no progress before an operator is told. The rounds after that grow, so
that an outage of weeks costs few events of history."""
STALL_AFTER_IN_BULK = timedelta(hours=1)
"""The same for a bulk, whose calls may wait long for their turn."""
MAX_ROUND = timedelta(days=1)

RETRY_BACKOFF = (timedelta(seconds=1), timedelta(minutes=5))
"""First and longest pause before a create that was certainly not executed is sent again; it doubles
in between. The longest keeps a day of outage near three thousand events of history."""

ORDER_NOT_FOUND_DELAY = timedelta(minutes=10)
"""Pause before the next poll of an order that the vendor suddenly does not know."""

BATCHING_WINDOW = timedelta(seconds=30)
"""How long numbers with the same data limits wait for each other, to share one request."""


def survey_options(timeout: timedelta) -> ActivityOptions:
    """Options of an activity that reads all lines with a share of the requests, within `timeout`.

    It begins again when its worker stops or Telegent does not respond.
    """
    return ActivityOptions(
        task_queue=API_TASK_QUEUE,
        start_to_close_timeout=timeout,
        schedule_to_close_timeout=timeout,
        heartbeat_timeout=timedelta(minutes=1),
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=30),
            backoff_coefficient=2,
            maximum_interval=timedelta(minutes=30),
            non_retryable_error_types=[*NON_RETRYABLE],
        ),
        priority=BULK_PRIORITY,
    )


def with_priority(options: ActivityOptions, info: workflow.Info) -> ActivityOptions:
    """The options as the workflow described by `info` uses them.

    Calls of a bulk have the bulk's priority. Calls of one priority are divided fairly between the
    onboardings, standalone port-ins and bulks that they are made for, where the server supports it.
    """
    priority = options.get("priority", INTERACTIVE_PRIORITY)
    if info.priority.priority_key == BULK_PRIORITY.priority_key and priority != URGENT_PRIORITY:
        priority = BULK_PRIORITY
    started_for = info.root.workflow_id if info.root else info.workflow_id
    changed = options.copy()
    changed["priority"] = replace(priority, fairness_key=started_for[:MAX_FAIRNESS_KEY])
    return changed


P = ParamSpec("P")
T = TypeVar("T")
# The first parameter is `self`: the workflow only names the method, and the worker has the object.
Activity = Callable[Concatenate[Any, P], Awaitable[T]]

WRITE_OPTIONS = {
    WriteKind.IDEMPOTENT: IDEMPOTENT_WRITE_OPTIONS,
    WriteKind.CREATE: CREATE_OPTIONS,
    WriteKind.PURCHASE: CREATE_OPTIONS,
    WriteKind.PORT_REQUEST: PORT_REQUEST_OPTIONS,
}


async def execute_read(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Performs a read, and repeats it until there is a response.

    Raises:
        ActivityError: The vendor rejects it.
    """
    if hasattr(activity, WRITE_SPEC_ATTR):
        raise RuntimeError(f"{activity.__qualname__} writes")
    return await _execute_in_rounds(activity, summary, READ_OPTIONS, args, kwargs)


async def execute_poll(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Polls until the activity succeeds.

    Raises:
        ActivityError: What it waits for cannot happen any more.
    """
    return await _execute_in_rounds(activity, summary, POLL_OPTIONS, args, kwargs)


async def execute_wait(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Waits for another workflow that should end soon.

    Raises:
        ActivityError: It cannot be waited for.
    """
    return await _execute_in_rounds(activity, summary, AWAIT_WORKFLOW_OPTIONS, args, kwargs)


async def execute_idempotent_write(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Performs an idempotent write, and repeats it until there is a response.

    Raises:
        ActivityError: The vendor rejects it.
    """
    if write_spec_of(activity).kind is not WriteKind.IDEMPOTENT:
        raise RuntimeError(f"{activity.__qualname__} must not be repeated blindly")
    return await _execute_in_rounds(activity, summary, IDEMPOTENT_WRITE_OPTIONS, args, kwargs)


async def execute_settled_write(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Writes idempotently like `execute_idempotent_write`; a cancel waits for the outcome.

    Raises:
        ActivityError: The vendor rejects it, or the workflow is cancelled before it is executed.
    """
    if write_spec_of(activity).kind is not WriteKind.IDEMPOTENT:
        raise RuntimeError(f"{activity.__qualname__} must not be repeated blindly")
    return await _execute_in_rounds(activity, summary, SETTLED_WRITE_OPTIONS, args, kwargs)


def prepare_write(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> Callable[[], Coroutine[Any, Any, T]]:
    """A write with the options of its kind, to be sent each time it is called."""
    return prepare_call(
        WRITE_OPTIONS[write_spec_of(activity).kind], activity, summary, *args, **kwargs
    )


def prepare_call(
    options: ActivityOptions,
    activity: Activity[P, T],
    summary: str,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Callable[[], Coroutine[Any, Any, T]]:
    """A call with options of its own, to be made each time it is called."""
    return lambda: _call(activity, summary, options, args, kwargs)


async def execute_internal(
    activity: Activity[P, T], summary: str, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Reads settings or asks Temporal, and repeats that until there is a response.

    Raises:
        ActivityError: The activity rejects it.
    """
    return await _execute_in_rounds(activity, summary, INTERNAL_OPTIONS, args, kwargs)


class Stall:
    """Tells an operator when the calls of a step have made no progress for a long time."""

    def __init__(self) -> None:
        self._step, self._since = RUNNING_STEP.get(), workflow.now()
        self._shown = False

    @classmethod
    @contextmanager
    def watching(cls) -> Iterator["Stall"]:
        """Watches the calls in the block. When it ends, the step makes progress again."""
        stall = cls()
        try:
            yield stall
        finally:
            if stall._shown and stall._step:
                stall._step.resume()

    def check(self, activity: str, reason: str) -> None:
        """Shows why there is no progress, once that has lasted long enough."""
        if workflow.now() - self._since < STALL_AFTER:
            return
        if not self._shown:
            count_stalled_call(activity)
        self._shown = True
        if self._step:
            self._step.stall(reason, self._since)


async def _execute_in_rounds(
    activity: Activity[P, T],
    summary: str,
    options: ActivityOptions,
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> T:
    """Repeats a call without limit, in rounds after which the workflow learns why it fails.

    The first round ends when a stall is to be shown; each later one is twice as long.
    """
    in_bulk = workflow.info().priority.priority_key == BULK_PRIORITY.priority_key
    length = STALL_AFTER_IN_BULK if in_bulk else STALL_AFTER
    with Stall.watching() as stall:
        while True:
            one_round = options.copy()
            one_round["schedule_to_close_timeout"] = length
            try:
                return await _call(activity, summary, one_round, args, kwargs)
            except ActivityError as error:
                if error.retry_state is not RetryState.TIMEOUT:
                    raise
                stall.check(error.activity_type, failure_message(error))
                length = min(length * 2, MAX_ROUND)


async def _call(
    activity: Activity[P, T],
    summary: str,
    options: ActivityOptions,
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> T:
    _reject_keyword_arguments(kwargs)
    handle: workflow.ActivityHandle[T] = workflow.start_activity_method(
        activity,
        args=args,
        # A name of a resource in it comes from the request.
        summary=escape_markdown(summary),
        **with_priority(options, workflow.info()),
    )
    try:
        return await handle
    except asyncio.CancelledError:
        if "cancellation_type" not in options:
            raise
        # A cancel that arrives together with the response would hide it, and what it created.
        await workflow.wait_condition(handle.done)
        return await handle


def _reject_keyword_arguments(kwargs: dict[str, object]) -> None:
    if kwargs:
        raise TypeError("Temporal passes arguments to activities by position")
