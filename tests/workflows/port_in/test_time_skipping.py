"""Port-ins that take days, on a Temporal server that skips the waiting."""

from datetime import timedelta

from temporalio.client import Client

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
from tests.harness import Harness
from tests.harness.payloads import port_in
from tests.harness.time_skipping import DAY, TIME_SKIPPED_EVENT, ClockSync, time_skipper

NUMBER = "+18015550142"


async def test_five_days_and_a_correction_stay_a_short_history(temporal: Client) -> None:
    step = ClockSync(ManualClock())
    days = CarrierTimings(acknowledge_after=DAY, decide_after=2 * DAY, complete_after=3 * DAY)
    options = SimulatorOptions(carrier=CarrierSetup(timings=days), token_ttl=30 * DAY)
    simulator = Simulator(options, clock=step.clock)
    simulator.carrier.set_record(NUMBER, CarrierRecord(account_number="100200301"))
    skipping = await time_skipper(temporal, step)
    async with simulator.serve() as url:
        orchestrator = Orchestrator(skipping.client)
        harness = Harness(skipping.client, simulator, orchestrator, ActivitySettings(), url)
        handle = orchestrator.port_in(NUMBER)

        async def correct() -> None:
            if (await handle.status()).state is PortState.ACTION_REQUIRED:
                await handle.correct(PortInCorrection(account_number="100200301", by="operator"))

        step.operator_action = correct
        async with harness.running_workers():
            details = PortInDetails.model_validate(port_in(NUMBER))
            await orchestrator.start_port_in(PortInRequest(details=details))
            result = await handle.result()
            history = await skipping.client.get_workflow_handle(handle.id).fetch_history()

    assert result.state is PortState.COMPLETED
    duration = result.timeline[-1].at - result.timeline[0].at
    # Two days to the rejection, three from the correction, each a poll later; that may be a
    # weekend.
    assert timedelta(days=5) <= duration < timedelta(days=8)
    polls = sum(entry.path == "/v1.0/numbers/order" for entry in simulator.requests)
    assert sum(event.event_type != TIME_SKIPPED_EVENT for event in history.events) < 160
    # After the submit and after the correction 12 in the first two and a half hours, then two a
    # day, by the day of the week.
    assert 28 <= polls <= 50


async def test_silent_carrier_raises_attention_and_the_port_in_is_cancelled_in_the_end(
    temporal: Client,
) -> None:
    step = ClockSync(ManualClock())
    simulator = Simulator(SimulatorOptions(token_ttl=90 * DAY), clock=step.clock)
    simulator.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    skipping = await time_skipper(temporal, step)
    async with simulator.serve() as url:
        orchestrator = Orchestrator(skipping.client)
        harness = Harness(skipping.client, simulator, orchestrator, ActivitySettings(), url)
        async with harness.running_workers():
            details = PortInDetails.model_validate(port_in(NUMBER))
            handle = await orchestrator.start_port_in(PortInRequest(details=details))
            result = await handle.result()
            history = await skipping.client.get_workflow_handle(handle.id).fetch_history()

    assert result.state is PortState.CANCELLED
    entries = {entry.event: entry.at for entry in result.timeline}
    begun = result.timeline[0].at
    # Three business hours, or as many from the next opening: never more than a long weekend.
    silent = entries["needs attention: no response from the losing carrier"] - begun
    assert timedelta(hours=3) <= silent + timedelta(minutes=1) < timedelta(days=4)
    assert entries["maximum duration: cancelling"] - begun >= timedelta(days=14)
    assert simulator.ledger.count("portin.cancelled") == 1
    assert sum(event.event_type != TIME_SKIPPED_EVENT for event in history.events) < 160
