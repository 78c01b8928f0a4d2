"""A port-in whose history grows long continues in a new run, and loses nothing."""

import asyncio

from temporalio.client import Client

from activities import ActivitySettings
from simulator import CarrierRecord, SimulatorOptions
from telegent_orchestrator import names
from telegent_orchestrator.client import PortInHandle
from telegent_orchestrator.port_in import PortInCancel, PortState
from tests.harness import Harness, dev_server, running_harness
from tests.harness.port_ins import CORRECTION, NUMBER, TRUTH, start, until
from tests.harness.waiting import wait_until


async def first_run(client: Client, handle: PortInHandle) -> str:
    described = await client.get_workflow_handle(handle.id).describe()
    assert described.run_id
    return described.run_id


async def flood(harness: Harness, handle: PortInHandle, run_id: str) -> None:
    """Sends hints and signals that are refused, until the port-in runs in another run."""
    raw = harness.temporal.get_workflow_handle(handle.id)
    while await first_run(harness.temporal, handle) == run_id:
        await asyncio.gather(*(raw.signal(names.POLL_NOW_SIGNAL) for _ in range(10)))
        await raw.signal(names.CORRECT_MESSAGE, {"nonsense": True, "by": "flood"})


async def test_flood_of_signals_continues_as_new_and_keeps_the_timeline(
    settings: ActivitySettings,
) -> None:
    async with (
        dev_server("limit.historyCount.suggestContinueAsNew=100") as temporal,
        running_harness(temporal, SimulatorOptions(), settings) as harness,
    ):
        harness.telegent.carrier.set_record(NUMBER, TRUTH)
        handle = await start(harness, account_pin=TRUTH.pin)
        before = await until(handle, lambda status: status.order_id is not None)
        await flood(harness, handle, await first_run(temporal, handle))

        after = await wait_until(handle.status, lambda status: status.order_id is not None)
        assert after.timeline[: len(before.timeline)] == before.timeline
        assert after.order_id == before.order_id
        await until(handle, PortState.ACTION_REQUIRED)
        await handle.correct(CORRECTION)
        result = await handle.result()

    assert result.state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.submitted") == 1
    assert harness.telegent.ledger.count("portin.updated") == 1


async def test_cancel_in_a_later_run_cancels_the_order(settings: ActivitySettings) -> None:
    async with (
        dev_server("limit.historyCount.suggestContinueAsNew=100") as temporal,
        running_harness(temporal, SimulatorOptions(), settings) as harness,
    ):
        harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
        handle = await start(harness)
        await until(handle, lambda status: status.order_id is not None)
        await flood(harness, handle, await first_run(temporal, handle))

        await handle.cancel(PortInCancel(by="operator", reason="the subscriber stays"))
        result = await handle.result()

    assert result.state is PortState.CANCELLED
    assert harness.telegent.ledger.count("portin.cancelled") == 1
