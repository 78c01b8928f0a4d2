"""Every retry policy, timeout and priority, by name, each with its reason."""

from datetime import timedelta
from typing import NotRequired, TypedDict

from temporalio.common import Priority, RetryPolicy
from temporalio.workflow import ActivityCancellationType

from activities.support.outcomes import FINAL
from telegent_orchestrator.names import API_TASK_QUEUE


class Policy(TypedDict):
    """How an activity is run; spread into `execute_activity_method` beside the summary."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy
    task_queue: NotRequired[str]
    priority: NotRequired[Priority]
    cancellation_type: NotRequired[ActivityCancellationType]


class LocalPolicy(TypedDict):
    """How a local activity is run."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


CALL = timedelta(seconds=75)
"""Longest time for one activity that calls the vendor. The client's own limit for a whole call is
shorter (the worker's settings see to that), so that the client gives up first and can say whether
the call was sent. When a worker dies in the middle of a create, this is how long it takes until
the workflow looks what became of it."""

FIRST = Priority(priority_key=1)
"""Cancels and corrections of a port-in: a person or a deadline waits for them."""
INTERACTIVE = Priority(priority_key=2)
"""Onboarding: somebody watches it."""
POLLING = Priority(priority_key=4)
"""Looking whether an order has moved: gives way to all that changes something."""
BULK = Priority(priority_key=5)
"""Whatever belongs to a bulk, looks included: takes what all others leave. Only what a person
sends to one of its port-ins goes first too."""

_PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=5),
    non_retryable_error_types=[*FINAL],
)

READ = Policy(
    task_queue=API_TASK_QUEUE,
    start_to_close_timeout=CALL,
    retry_policy=_PATIENT,
    priority=INTERACTIVE,
)
"""Reads are repeated until they are answered: an outage of hours costs attempts, not history."""

SET = READ
"""Absolute sets end in the same state however often they are made, so they repeat like reads."""

CREATE = Policy(
    task_queue=API_TASK_QUEUE,
    start_to_close_timeout=CALL,
    retry_policy=RetryPolicy(maximum_attempts=1),
    priority=INTERACTIVE,
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""Creates and purchases are attempted once, whatever goes wrong, worker crashes included: the API
has no idempotency key, so whether to repeat is the workflow's decision, after a look. A cancel
waits for the answer of one that is under way: what was made must be taken back, or named."""

PORT_REQUEST = Policy(
    task_queue=API_TASK_QUEUE,
    start_to_close_timeout=CALL,
    retry_policy=RetryPolicy(maximum_attempts=1),
    priority=FIRST,
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""Updates and cancels of a port-in: what became of one is read from the order before another. A
cancel of the workflow waits for the answer: an order must not be left behind."""

PORT_SUBMIT = PORT_REQUEST.copy()
PORT_SUBMIT["priority"] = INTERACTIVE
"""The submit of a port-in: the same, but nobody has waited for days until it can be made."""

POLL = Policy(
    task_queue=API_TASK_QUEUE,
    start_to_close_timeout=CALL,
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=30),
        backoff_coefficient=1,
        maximum_interval=timedelta(minutes=10),
        non_retryable_error_types=[*FINAL],
    ),
    priority=POLLING,
)
"""Waiting by retry: the activity names the next look itself, and history grows by status changes,
not by looks. The interval here only paces looks that failed."""

HOUSE = LocalPolicy(
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(minutes=5),
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200)),
)
"""Questions to our own side: settings and Temporal."""

JOIN = Policy(
    start_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=5),
        backoff_coefficient=1,
        non_retryable_error_types=[*FINAL],
    ),
)
"""Waiting, by retry, for a port-in that another run has opened."""

REPEAT_AFTER = (timedelta(seconds=1), timedelta(minutes=5))
"""First and longest wait before a create that certainly did not happen is tried again; the wait
doubles in between. The longest keeps a day of outage near three thousand events of history."""

STRANGE_ANSWER_PAUSE = timedelta(minutes=10)
"""How long to wait before asking again for an order that the vendor suddenly does not know."""

GATHERING = timedelta(seconds=30)
"""How long numbers with the same data limits wait for each other, to share one call."""


def in_turn(policy: Policy, of: Priority) -> Policy:
    """The policy as it is for a workflow that was started with this priority."""
    if of.priority_key != BULK.priority_key or policy.get("priority") == FIRST:
        return policy
    changed = policy.copy()
    changed["priority"] = BULK
    return changed
