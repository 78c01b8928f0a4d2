"""One port-in of the example number: its data, the carrier's truth, and its start."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator import CarrierRecord
from telegent_orchestrator.client import PortInHandle
from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortInStatus,
    PortState,
)
from tests.harness.environment import Harness
from tests.harness.payloads import port_in
from tests.harness.tiers import sampled
from tests.harness.waiting import wait_until

NUMBER = "+18015550142"
TRUTH = CarrierRecord(account_number="100200301", pin="482913", zip="84043")
CORRECTION = PortInCorrection(account_number="100200301", by="operator")
in_every_vocabulary = pytest.mark.parametrize("vocabulary", sampled("kb", "bp", "oas"))
in_which_we_let_time_pass = pytest.mark.parametrize("manual_clock", [True], ids=["by hand"])


def attach(order_id: str) -> OperatorDecision:
    """An operator's decision to follow this order."""
    return OperatorDecision(
        action=OperatorAction.ATTACH_ORDER,
        order_id=order_id,
        by="operator",
        reason="support found it",
    )


async def start(harness: Harness, **changes: Any) -> PortInHandle:
    """Start the port-in, with these changes of its details."""
    details = PortInDetails.model_validate(port_in(NUMBER, **changes))
    return await harness.orchestrator.start_port_in(PortInRequest(details=details))


async def start_rejected(harness: Harness, **changes: Any) -> PortInHandle:
    """Start the port-in, and wait until the losing carrier has rejected it."""
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness, **changes)
    await until(handle, PortState.ACTION_REQUIRED)
    return handle


async def start_rejected_for_good(harness: Harness) -> PortInHandle:
    """Start the port-in, and correct it wrongly until an operator must decide."""
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    for number in ("1", "2"):
        # A correction is validated before the state changes.
        await until_rejected_by_carrier(handle, int(number))
        await handle.correct(PortInCorrection(account_number=number, by="operator"))
    await until_rejected_by_carrier(handle, 3)
    return handle


async def until(
    handle: PortInHandle, expected: PortState | Callable[[PortInStatus], bool]
) -> PortInStatus:
    """Wait for a state, or for a status that fits."""
    if callable(expected):
        return await wait_until(handle.status, expected)
    return await wait_until(handle.status, lambda status: status.state is expected)


def rejections(status: PortInStatus) -> int:
    return sum("rejected" in entry.event for entry in status.timeline)


async def until_rejected_by_carrier(handle: PortInHandle, count: int) -> PortInStatus:
    """Wait until the losing carrier has rejected the port-in so often."""
    return await until(handle, lambda status: status.rejections == count)


async def until_rejected(handle: PortInHandle, count: int) -> PortInStatus:
    """Wait until so much was rejected, by the carrier or as a signal."""
    return await until(handle, lambda status: rejections(status) == count)
