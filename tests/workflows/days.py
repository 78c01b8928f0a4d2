"""A Temporal server that skips the waiting, and a carrier that keeps in step with it."""

import asyncio
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from simulator import ManualClock
from telegent_orchestrator.client import PortInHandle
from telegent_orchestrator.names import SEARCH_ATTRIBUTES
from tests.workflows.house import DYNAMIC

DAY = 86_400.0
SKIP = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED
"""What only this server writes into histories."""


@asynccontextmanager
async def skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """A server on which time passes only as fast as something happens."""
    values = [*DYNAMIC, "frontend.WorkflowTimeSkippingEnabled=true"]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(Path(sysconfig.get_path("scripts")) / "temporal"),
        dev_server_extra_args=[p for value in values for p in ("--dynamic-config-value", value)],
        search_attributes=SEARCH_ATTRIBUTES,
    ) as environment:
        yield environment


@asynccontextmanager
async def carrier_in_step(
    environment: WorkflowEnvironment, clock: ManualClock, handle: PortInHandle
) -> AsyncIterator[None]:
    """Lets the carrier's clock follow the workflow's."""

    async def follow() -> None:
        workflow = environment.client.get_workflow_handle(handle.id)
        while True:
            now = await environment.get_current_time(workflow)
            clock.advance(max(0.0, (now - clock.now()).total_seconds()))
            await asyncio.sleep(0.01)

    following = asyncio.create_task(follow())
    try:
        yield
    finally:
        following.cancel()
