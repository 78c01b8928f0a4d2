"""What a port-in does with its order when its workflow is cancelled."""

import pytest

from simulator import CarrierRecord
from simulator.engine.faults import FaultKind
from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInDetails,
    PortInRequest,
    PortState,
)
from tests.harness import Harness
from tests.harness.port_in_orders import count, lose, ordered, rejected, stop
from tests.harness.port_ins import NUMBER, start, until

UPDATE, CANCEL = "POST /v1.0/numbers/portin/update", "POST /v1.0/numbers/portin/cancel"
HOLD = CarrierRecord(script="reject:9Z-ACCOUNT ON HOLD")
SILENT = CarrierRecord(script="silent")


async def test_cancelled_workflow_submits_no_new_order(harness: Harness) -> None:
    handle = await rejected(harness, HOLD)
    gate = harness.telegent.gates.close(CANCEL, "before")
    restart = OperatorDecision(
        action=OperatorAction.RESTART, by="operator", reason="it is paid now"
    )
    await handle.decide(restart)
    await gate.reached()
    await stop(harness, handle)
    await harness.cancel_delivered(handle.id)
    gate.release()

    assert (await handle.result()).state is PortState.CANCELLED
    assert count(harness, "submitted") == 1


@pytest.mark.parametrize("kind", ["429", "refuse_connection", "error_before"])
async def test_cancelled_workflow_cancels_its_order_despite_faults(
    harness: Harness, kind: FaultKind
) -> None:
    harness.telegent.carrier.set_record(NUMBER, SILENT)
    handle = await ordered(harness)
    lose(harness, CANCEL, kind, times=2, retry_after=1)

    await stop(harness, handle)

    assert (await handle.result()).state is PortState.CANCELLED
    assert count(harness, "cancelled") == 1


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_order_that_is_created_while_its_workflow_is_cancelled_is_cancelled(
    harness: Harness, moment: str
) -> None:
    harness.telegent.carrier.set_record(NUMBER, SILENT)
    submit = "POST /v1.0/numbers/portin"
    gate = harness.telegent.gates.close(submit, "before" if moment == "before" else "after")
    handle = await start(harness)
    await gate.reached()
    await stop(harness, handle)
    await harness.cancel_delivered(handle.id)
    gate.release()

    assert (await handle.result()).state is PortState.CANCELLED
    assert (count(harness, "submitted"), count(harness, "cancelled")) == (1, 1)


async def test_workflow_that_is_cancelled_before_the_submit_ends_cancelled(
    harness: Harness,
) -> None:
    bare = PortInDetails(phone_number=NUMBER)
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=bare))
    await until(handle, PortState.INFO_REQUIRED)

    await stop(harness, handle)

    result = await handle.result()
    assert (result.state, result.reason) == (
        PortState.CANCELLED,
        "Temporal: the workflow was cancelled",
    )
