"""Which run of a workflow has scheduled an activity.

After a reset, Temporal starts again what was pending at the reset point, even if it was completed
after that point. It is then scheduled by one run, and executed for another.
"""

from contextvars import ContextVar
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.support.outcomes import Outcome

RUN_HEADER = "telegent-scheduling-run"
"""Header of an activity with the id of the run that schedules it."""


class SchedulingRunInterceptor(Interceptor):
    """Reads the header of every activity of a worker."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wraps `next`; called once for each worker."""
        return _ReadsHeader(super().intercept_activity(next))


class _ReadsHeader(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        header = input.headers.get(RUN_HEADER)
        _SCHEDULING_RUN.set(header.data.decode() if header else None)
        return await super().execute_activity(input)


_SCHEDULING_RUN: ContextVar[str | None] = ContextVar("scheduling_run", default=None)


def require_no_reset() -> None:
    """Check that the current activity was scheduled by its own run.

    Raises:
        ApplicationError: `OutcomeUnknown`, because the run before the reset may have sent it.
    """
    if _SCHEDULING_RUN.get() not in (None, activity.info().workflow_run_id):
        raise ApplicationError(
            "not sent: the workflow was reset, and may have sent it before", type=Outcome.UNKNOWN
        )
