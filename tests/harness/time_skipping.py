"""A Temporal server that skips the waiting, and a carrier that keeps in step with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from temporalio import activity, client, worker
from temporalio.api.enums.v1 import EventType
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from devstack.temporal_server import dynamic_config_options, installed_binary
from simulator import ManualClock
from telegent_orchestrator.names import SEARCH_ATTRIBUTES

DAY = 86_400.0
TIME_SKIPPED_EVENT = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED
"""What only this server writes into histories."""
MAX_SKIPS = 10_000
"""Far more than any test needs; after 200, as the server has it, time would pass as usual."""


class ClockSync(client.Interceptor, worker.Interceptor):
    """Sets the carrier's clock to the workflow's in each activity.

    `operator_action` is called in each activity too. While an activity runs, no time is skipped,
    so the operator's message arrives without delay, however slow this machine is.
    """

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.operator_action: Callable[[], Awaitable[None]] | None = None

    def intercept_activity(
        self, next: worker.ActivityInboundInterceptor
    ) -> worker.ActivityInboundInterceptor:
        """Called once for each activity run by the worker."""
        return _ClockSyncInterceptor(next, self)


class _ClockSyncInterceptor(worker.ActivityInboundInterceptor):
    def __init__(self, next: worker.ActivityInboundInterceptor, step: ClockSync) -> None:
        super().__init__(next)
        self._step = step

    async def execute_activity(self, input: worker.ExecuteActivityInput) -> Any:
        info, clock = activity.info(), self._step.clock
        if not info.is_local:
            ahead = info.current_attempt_scheduled_time - clock.now()
            clock.advance(max(0.0, ahead.total_seconds()))
        if info.activity_type == "await_port_change" and self._step.operator_action:
            await self._step.operator_action()
        return await super().execute_activity(input)


@asynccontextmanager
async def time_skipping_server(step: ClockSync) -> AsyncIterator[WorkflowEnvironment]:
    """A server on which time passes only as fast as something happens."""
    async with await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(max_session_skip_count=MAX_SKIPS),
        data_converter=pydantic_data_converter,
        # A worker takes over what its client has of this kind.
        interceptors=[step],
        dev_server_existing_path=installed_binary(),
        dev_server_extra_args=dynamic_config_options("frontend.WorkflowTimeSkippingEnabled=true"),
        search_attributes=SEARCH_ATTRIBUTES,
    ) as environment:
        yield environment
