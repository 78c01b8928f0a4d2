"""Port-ins that are reset after a correction: Temporal gives the new run the correction again."""

import asyncio

import pytest

from simulator import CarrierSetup, CarrierTimings, ManualClock, SimulatorOptions
from telegent_orchestrator.client import PortInHandle
from telegent_orchestrator.port_in import PortInCorrection, PortInStatus, PortState
from tests.harness import Harness
from tests.harness.port_ins import CORRECTION, NUMBER, TRUTH, start, until
from tests.harness.resets import reset
from tests.harness.waiting import TEST_TIMEOUT, wait_until

UPDATE = "POST /v1.0/numbers/portin/update"
WRONG = PortInCorrection(account_number="100200999", by="operator")
DECIDES_AFTER, COMPLETES_AFTER = 20, 30


@pytest.fixture
def options() -> SimulatorOptions:
    """A losing carrier that waits for `later`."""
    timings = CarrierTimings(
        acknowledge_after=10, decide_after=DECIDES_AFTER, complete_after=COMPLETES_AFTER
    )
    return SimulatorOptions(manual_clock=True, carrier=CarrierSetup(timings=timings))


def later(harness: Harness, seconds: float) -> None:
    clock = harness.telegent.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds)


async def rejected(harness: Harness) -> PortInHandle:
    """A port-in that the losing carrier has rejected."""
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)
    await polled(harness)
    later(harness, DECIDES_AFTER)
    await until(handle, PortState.ACTION_REQUIRED)
    return handle


async def polled(harness: Harness) -> None:
    """Wait until the order is read."""
    before = reads(harness)
    await wait_until(lambda: reads(harness) > before)


def reads(harness: Harness) -> int:
    return sum(request.path == "/v1.0/numbers/order" for request in harness.telegent.requests)


def corrections(harness: Harness) -> int:
    return harness.telegent.ledger.count("portin.updated")


def accepted(status: PortInStatus) -> int:
    """How many corrections count as accepted."""
    return sum("accepted the correction" in entry.event for entry in status.timeline)


async def completes(harness: Harness, handle: PortInHandle) -> None:
    """Let the carrier complete the order, and the port-in with it."""
    await polled(harness)
    later(harness, COMPLETES_AFTER)
    result = await asyncio.wait_for(handle.result(), TEST_TIMEOUT)
    assert result.state is PortState.COMPLETED


@pytest.mark.parametrize("before", ["await_port_change", "update_port"])
async def test_correction_accepted_before_a_reset_is_not_sent_again(
    harness: Harness, before: str
) -> None:
    handle = await rejected(harness)
    await handle.signal_correction(CORRECTION)
    await until(handle, PortState.SUBMITTED)

    await reset(harness, handle.id, before)

    await until(handle, lambda status: accepted(status) == 1)
    await completes(harness, handle)
    assert corrections(harness) == 1


async def test_two_corrections_accepted_before_a_reset_are_not_sent_again(harness: Harness) -> None:
    handle = await rejected(harness)
    await handle.correct(WRONG)
    await until(handle, lambda status: accepted(status) == 1)
    await handle.correct(CORRECTION)
    await until(handle, lambda status: accepted(status) == 2)

    await reset(harness, handle.id, "await_port_change")

    await until(handle, lambda status: accepted(status) == 1)
    await completes(harness, handle)
    assert corrections(harness) == 2


async def test_correction_that_a_reset_starts_again_is_not_sent(harness: Harness) -> None:
    handle = await rejected(harness)
    gate = harness.telegent.gates.close(UPDATE, "after")
    await handle.signal_correction(CORRECTION)
    await gate.reached()
    pending = await harness.temporal.get_workflow_handle(handle.id).describe()
    gate.release()
    await until(handle, PortState.SUBMITTED)

    # Temporal sends the pending activity to a worker again.
    await reset(harness, handle.id, within=pending.history_length)

    await until(handle, PortState.SUBMITTED)
    await completes(harness, handle)
    assert corrections(harness) == 1


@pytest.mark.parametrize("before", ["await_port_change", "update_port"])
async def test_correction_under_way_at_a_reset_is_not_sent_again(
    harness: Harness, before: str
) -> None:
    handle = await rejected(harness)
    gate = harness.telegent.gates.close(UPDATE, "after")
    await handle.signal_correction(CORRECTION)
    await gate.reached()

    await reset(harness, handle.id, before)
    gate.release()

    await until(handle, lambda status: accepted(status) == 1)
    await completes(harness, handle)
    assert corrections(harness) == 1


async def test_correction_that_no_run_has_sent_is_sent_after_a_reset(harness: Harness) -> None:
    handle = await rejected(harness)
    await reset(harness, handle.id, "await_port_change")
    await until(handle, PortState.ACTION_REQUIRED)

    await handle.signal_correction(CORRECTION)

    await until(handle, PortState.SUBMITTED)
    await completes(harness, handle)
    assert corrections(harness) == 1


async def test_other_correction_after_a_reset_is_sent(harness: Harness) -> None:
    handle = await rejected(harness)
    await handle.signal_correction(WRONG)
    await until(handle, PortState.SUBMITTED)
    await polled(harness)
    await reset(harness, handle.id, "await_port_change")
    later(harness, DECIDES_AFTER)
    await until(handle, PortState.ACTION_REQUIRED)

    await handle.signal_correction(CORRECTION)

    await until(handle, PortState.SUBMITTED)
    await completes(harness, handle)
    assert corrections(harness) == 2
