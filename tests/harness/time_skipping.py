"""Workflows that skip the waiting, and a carrier that keeps in step with them."""

from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import activity, client, worker
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from simulator import ManualClock
from tests.harness import new_namespace

DAY = 86_400.0
TIME_SKIPPED_EVENT = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED
"""What is in the histories of such workflows only."""
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


async def time_skipper(temporal: Client, step: ClockSync) -> TimeSkipper:
    """What starts workflows, in a namespace of their own, for which time passes only as fast as
    something happens."""
    own = await new_namespace(temporal)
    # A worker takes over what its client has of this kind.
    synced = Client(
        own.service_client,
        namespace=own.namespace,
        data_converter=own.data_converter,
        interceptors=[step],
    )
    return TimeSkipper(synced, config=TimeSkippingConfig(max_session_skip_count=MAX_SKIPS))
