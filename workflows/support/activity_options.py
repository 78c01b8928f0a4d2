"""Every retry policy, timeout and priority, by name, each with its reason."""

from datetime import timedelta
from typing import NotRequired, TypedDict

from temporalio.common import Priority, RetryPolicy
from temporalio.workflow import ActivityCancellationType

from activities.support.outcomes import NON_RETRYABLE
from telegent_orchestrator.names import API_TASK_QUEUE


class ActivityOptions(TypedDict):
    """How an activity is run; spread into `execute_activity_method` beside the summary."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: NotRequired[timedelta]
    retry_policy: RetryPolicy
    task_queue: NotRequired[str]
    priority: NotRequired[Priority]
    cancellation_type: NotRequired[ActivityCancellationType]


class LocalActivityOptions(TypedDict):
    """How a local activity is run."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


VENDOR_CALL_TIMEOUT = timedelta(seconds=75)
"""Longest time for one activity that calls the vendor. The client's own limit for a whole call is
shorter (the worker's settings see to that), so that the client gives up first and can say whether
the call was sent. When a worker dies in the middle of a create, this is how long it takes until
the workflow looks what became of it."""

URGENT_PRIORITY = Priority(priority_key=1)
"""Cancels and corrections of a port-in: a person or a deadline waits for them."""
INTERACTIVE_PRIORITY = Priority(priority_key=2)
"""Onboarding: somebody watches it."""
POLLING_PRIORITY = Priority(priority_key=4)
"""Looking whether an order has moved: gives way to all that changes something."""
BULK_PRIORITY = Priority(priority_key=5)
"""Whatever belongs to a bulk, looks included: takes what all others leave. Only what a person
sends to one of its port-ins goes first too."""

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
"""Reads are repeated until they are answered: an outage of hours costs attempts, not history."""

IDEMPOTENT_WRITE_OPTIONS = READ_OPTIONS
"""Absolute sets end in the same state however often they are made, so they repeat like reads."""

CREATE_OPTIONS = ActivityOptions(
    task_queue=API_TASK_QUEUE,
    start_to_close_timeout=VENDOR_CALL_TIMEOUT,
    retry_policy=RetryPolicy(maximum_attempts=1),
    priority=INTERACTIVE_PRIORITY,
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""Creates and purchases are attempted once, whatever goes wrong, worker crashes included: the API
has no idempotency key, so whether to repeat is the workflow's decision, after a look. A cancel
waits for the answer of one that is under way: what was made must be taken back, or named."""

PORT_REQUEST_OPTIONS = ActivityOptions(
    task_queue=API_TASK_QUEUE,
    start_to_close_timeout=VENDOR_CALL_TIMEOUT,
    retry_policy=RetryPolicy(maximum_attempts=1),
    priority=URGENT_PRIORITY,
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""Updates and cancels of a port-in: what became of one is read from the order before another. A
cancel of the workflow waits for the answer: an order must not be left behind."""

PORT_SUBMIT_OPTIONS = PORT_REQUEST_OPTIONS.copy()
PORT_SUBMIT_OPTIONS["priority"] = INTERACTIVE_PRIORITY
"""The submit of a port-in: the same, but nobody has waited for days until it can be made."""

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
"""Waiting by retry: the activity names the next look itself, and history grows by status changes,
not by looks. The interval here only paces looks that failed."""

LOCAL_OPTIONS = LocalActivityOptions(
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(minutes=5),
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200)),
)
"""Questions to our own side: settings and Temporal."""

AWAIT_WORKFLOW_OPTIONS = ActivityOptions(
    start_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=5),
        backoff_coefficient=1,
        non_retryable_error_types=[*NON_RETRYABLE],
    ),
)
"""Waiting, by retry, for a port-in that another run has opened."""

MAX_RETRY_AFTER = timedelta(minutes=10)
"""The longest pause that one 429 causes, as in the client's rate limiter: the vendor may ask for a
day by mistake, and its allowance is counted by the minute."""

REFERENCE_RETRIES = 8
"""How often, at the most, a create is repeated within the read lag because an id that it names may
be too new to be known."""

STALL_AFTER = timedelta(minutes=15)
"""How long a call may make no progress before an operator is told. While nothing else is told, the
rounds after that grow, so that weeks of outage stay a short history."""
STALL_AFTER_IN_BULK = timedelta(hours=1)
"""The same for a bulk, whose calls may wait long for their turn."""
MAX_ROUND = timedelta(days=1)

RETRY_BACKOFF = (timedelta(seconds=1), timedelta(minutes=5))
"""First and longest wait before a create that certainly did not happen is tried again; the wait
doubles in between. The longest keeps a day of outage near three thousand events of history."""

ORDER_NOT_FOUND_DELAY = timedelta(minutes=10)
"""How long to wait before asking again for an order that the vendor suddenly does not know."""

BATCHING_WINDOW = timedelta(seconds=30)
"""How long numbers with the same data limits wait for each other, to share one call."""


def with_priority(options: ActivityOptions, priority: Priority) -> ActivityOptions:
    """The policy as it is for a workflow that was started with this priority."""
    if (
        priority.priority_key != BULK_PRIORITY.priority_key
        or options.get("priority") == URGENT_PRIORITY
    ):
        return options
    changed = options.copy()
    changed["priority"] = BULK_PRIORITY
    return changed
