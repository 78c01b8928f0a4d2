"""Orders of a port-in: made, rejected, and lost on the way."""

from simulator import CarrierRecord, Fault
from simulator.engine.faults import FaultKind
from telegent_orchestrator.client import PortInHandle
from telegent_orchestrator.port_in import PortState
from tests.harness import Harness
from tests.harness.port_ins import NUMBER, TRUTH, start, until


def lose(harness: Harness, match: str, kind: FaultKind = "error_before", **more: int) -> None:
    harness.telegent.faults.add(Fault(match=match, kind=kind, **more))


def reject(harness: Harness, match: str, times: int = 1) -> None:
    lose(harness, match, status=400, times=times)


async def ordered(harness: Harness) -> PortInHandle:
    """A port-in whose order is at the vendor."""
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)
    return handle


async def rejected(harness: Harness, record: CarrierRecord = TRUTH) -> PortInHandle:
    """A port-in that the losing carrier has rejected."""
    harness.telegent.carrier.set_record(NUMBER, record)
    handle = await start(harness)
    await until(handle, PortState.ACTION_REQUIRED)
    return handle


async def stop(harness: Harness, handle: PortInHandle) -> None:
    await harness.temporal.get_workflow_handle(handle.id).cancel()


def count(harness: Harness, kind: str) -> int:
    return harness.telegent.ledger.count(f"portin.{kind}")
