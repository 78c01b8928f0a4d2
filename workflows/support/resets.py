"""Whether a run was reset: its history lacks what the workflow did after the reset point."""

from contextvars import ContextVar
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from activities.support.scheduling_run import RUN_HEADER


class ResetObserver(WorkflowInboundInterceptor):
    """Notes the resets of one run.

    Temporal gives a run a new random seed at the place in its history where it was reset. Of all
    signs of a reset only this one appears at the same place in every replay. A reset to the first
    task comes before the workflow is created, so an interceptor has to listen for it.

    Attributes:
        count: How often the run was reset.
    """

    count = 0
    _noted: tuple[int, datetime | None] = (0, None)

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """Called by Temporal before the workflow is created."""
        super().init(_NamesRun(outbound))
        workflow.register_random_seed_callback(self._on_new_seed)

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        """Called by Temporal to run the workflow."""
        _OBSERVER.set(self)
        return await super().execute_workflow(input)

    def latest(self) -> datetime | None:
        """When the run was last reset, or a little later; None when it was not."""
        if self._noted[0] != self.count:
            # Not in the callback: there, the SDK does not know the time.
            self._noted = (self.count, workflow.now())
        return self._noted[1]

    def _on_new_seed(self, seed: int) -> None:
        self.count += 1


class _NamesRun(WorkflowOutboundInterceptor):
    """Tells every activity which run schedules it."""

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:
        run = Payload(metadata={"encoding": b"binary/plain"}, data=workflow.info().run_id.encode())
        input.headers = {**input.headers, RUN_HEADER: run}
        return super().start_activity(input)


class ResetInterceptor(Interceptor):
    """Observes the resets of every run of a worker."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """Called by Temporal for each run."""
        return ResetObserver


_OBSERVER: ContextVar[ResetObserver | None] = ContextVar("reset_observer", default=None)


def current_resets() -> tuple[int, datetime | None]:
    """How often the running workflow was reset so far, and when last."""
    observer = _OBSERVER.get()
    return (observer.count, observer.latest()) if observer else (0, None)
