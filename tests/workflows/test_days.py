"""Port-ins that take days, on a Temporal server that skips the waiting."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from activities import ActivitySettings
from simulator import CarrierRecord, CarrierSetup, CarrierTimings, ManualClock, Simulator
from simulator.options import SimulatorOptions
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.port_in import (
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from tests.workflows.days import DAY, SKIP, carrier_in_step, skipping_server
from tests.workflows.house import House
from tests.workflows.requests import port_in

NUMBER = "+18015550142"


@pytest_asyncio.fixture(loop_scope="session")
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    async with skipping_server() as environment:
        yield environment


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
    assert sum(event.event_type != SKIP for event in history.events) < 150
    # 8 in the first three hours, some 8 to the first day's end, then 4 a day while carriers work:
    # some 30, where a dense pace makes 240.
    assert 20 <= polls <= 60


async def test_a_silent_carrier_calls_for_attention_and_in_the_end_is_cancelled(
    skipping: WorkflowEnvironment,
) -> None:
    clock = ManualClock()
    simulator = Simulator(SimulatorOptions(token_ttl=90 * DAY), clock=clock)
    simulator.carrier.set(NUMBER, CarrierRecord(script="silent"))
    async with simulator.serve() as url:
        house = House(
            skipping.client, simulator, Orchestrator(skipping.client), ActivitySettings(), url
        )
        async with house.working():
            details = PortInDetails.model_validate(port_in(NUMBER))
            handle = await house.orchestrator.start_port_in(PortInRequest(details=details))
            async with carrier_in_step(skipping, clock, handle):
                result = await handle.result()
            history = await skipping.client.get_workflow_handle(handle.id).fetch_history()

    assert result.state is PortState.CANCELLED
    entries = {entry.what: entry.at for entry in result.timeline}
    begun = result.timeline[0].at
    # Three business hours, or as many from the next opening: never more than a long weekend.
    silent = entries["needs attention: losing carrier is silent"] - begun
    assert timedelta(hours=3) <= silent + timedelta(minutes=1) < timedelta(days=4)
    assert entries["longest time for a port-in: cancelling"] - begun >= timedelta(days=14)
    assert simulator.ledger.count("portin.cancelled") == 1
    assert sum(event.event_type != SKIP for event in history.events) < 150
