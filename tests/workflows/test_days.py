"""Port-ins that take days, on a Temporal server that skips the waiting."""

import asyncio
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.common import SearchAttributeKey
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from activities import ActivitySettings
from simulator import CarrierRecord, CarrierSetup, CarrierTimings, ManualClock, Simulator
from simulator.options import SimulatorOptions
from telegent_orchestrator.client import Orchestrator, PortInHandle
from telegent_orchestrator.names import SEARCH_ATTRIBUTES
from telegent_orchestrator.port_in import (
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from tests.workflows.house import DYNAMIC, House
from tests.workflows.requests import port_in

DAY = 86_400.0
NUMBER = "+18015550142"


@pytest_asyncio.fixture(loop_scope="session")
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A server on which time passes only as fast as something happens."""
    values = [*DYNAMIC, "frontend.WorkflowTimeSkippingEnabled=true"]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(Path(sysconfig.get_path("scripts")) / "temporal"),
        dev_server_extra_args=[p for value in values for p in ("--dynamic-config-value", value)],
        search_attributes=[SearchAttributeKey.for_keyword(name) for name in SEARCH_ATTRIBUTES],
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


async def test_five_days_and_a_correction_stay_a_short_history(
    skipping: WorkflowEnvironment,
) -> None:
    clock = ManualClock()
    days = CarrierTimings(acknowledge_after=DAY, decide_after=2 * DAY, complete_after=3 * DAY)
    options = SimulatorOptions(carrier=CarrierSetup(timings=days), token_ttl=30 * DAY)
    simulator = Simulator(options, clock=clock)
    simulator.carrier.set(NUMBER, CarrierRecord(account_number="100200301"))
    async with simulator.serve() as url:
        house = House(
            skipping.client, simulator, Orchestrator(skipping.client), ActivitySettings(), url
        )
        async with house.working():
            details = PortInDetails.model_validate(port_in(NUMBER))
            handle = await house.orchestrator.start_port_in(PortInRequest(details=details))
            async with carrier_in_step(skipping, clock, handle):
                while (await handle.status()).state is not PortState.ACTION_REQUIRED:
                    await asyncio.sleep(0.05)
                await handle.correct(PortInCorrection(account_number="100200301", by="desk"))
                result = await handle.result()
            history = await skipping.client.get_workflow_handle(handle.id).fetch_history()

    assert result.state is PortState.COMPLETED
    took = result.timeline[-1].at - result.timeline[0].at
    # A skip is a poll interval long, a day when it meets a weekend, and a few go by before the
    # correction is sent.
    assert timedelta(days=5) <= took < timedelta(days=12)
    polls = sum(entry.path == "/v1.0/numbers/order" for entry in simulator.requests)
    skips = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED
    assert sum(event.event_type != skips for event in history.events) < 150
    # 8 in the first three hours, some 8 to the first day's end, then 4 a day while carriers work:
    # some 30, where a dense pace makes 240.
    assert 20 <= polls <= 60
