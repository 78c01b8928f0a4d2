"""SIMs of lines are swapped once, judged by the simulator's ledger."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.client import WorkflowFailureError

from simulator import Fault, SimulatorOptions
from simulator.engine.faults import FaultKind
from simulator.engine.state import Number
from telegent_orchestrator.client import LineChangeFailedError, LineChangeHandle
from telegent_orchestrator.line_changes import LineChangeResult
from telegent_orchestrator.progress import Resolution, ResolutionAction, StepState
from tests.harness import SETTINGS, Harness
from tests.harness.line_changes import STATUS, change, line_changes, live_line, orders
from tests.harness.payloads import single
from tests.harness.tiers import sampled
from tests.harness.waiting import wait_until

NEW_SIM = "8901240397190195850"
AUTHENTICATED = {"authentication_reference": "call-4711"}
UPDATE = "POST /v1.0/subscriptions/update"
CLEAR_SIM = "POST /v1.0/sims/clear-status"
LOST: tuple[FaultKind, ...] = ("drop_response", "error_after", "broken_json")
NOT_EXECUTED: tuple[FaultKind, ...] = ("error_before", "429", "refuse_connection")


async def start_swap(harness: Harness, line: Number, **values: Any) -> LineChangeHandle:
    request = change("swap_sim", line.number, **(AUTHENTICATED | values))
    return await line_changes(harness).start(request)


async def swap(harness: Harness, line: Number, **values: Any) -> LineChangeResult:
    return await (await start_swap(harness, line, **values)).result()


def subscription(harness: Harness) -> dict[str, Any]:
    [row] = harness.telegent.state.subscriptions.values()
    return row


@pytest.mark.parametrize("options", [SimulatorOptions(), SimulatorOptions(status_change_delay=0.3)])
async def test_new_esim_has_its_code_and_the_subscription_follows(harness: Harness) -> None:
    line = await live_line(harness, single())
    old = line.iccid

    result = await swap(harness, line)

    assert result.iccid == line.iccid != old
    assert result.activation_code
    assert result.activation_code in (line.qr_code or "")
    assert result.swaps_remaining == line.swaps_remaining
    assert subscription(harness)["ICCID"] == line.iccid
    assert subscription(harness)["Active"] is True
    assert f"SIM {old}" in result.removed
    assert orders(harness, "swap-sim") == 1


async def test_line_moves_to_a_physical_sim(harness: Harness) -> None:
    line = await live_line(harness, single())

    result = await swap(harness, line, iccid=NEW_SIM)

    assert (result.iccid, line.iccid) == (NEW_SIM, NEW_SIM)
    assert result.activation_code is None
    assert subscription(harness)["ICCID"] == NEW_SIM


@pytest.mark.parametrize("iccid", [None, NEW_SIM])
@pytest.mark.parametrize("fault", sampled(*LOST))
async def test_swap_whose_response_is_lost_is_found_and_not_repeated(
    harness: Harness, fault: FaultKind, iccid: str | None
) -> None:
    line = await live_line(harness, single())
    harness.telegent.faults.add(Fault(match=STATUS, kind=fault))

    result = await swap(harness, line, iccid=iccid)

    assert result.iccid == line.iccid
    assert (result.activation_code is None) is (iccid is not None)
    assert orders(harness, "swap-sim") == 1


@pytest.mark.parametrize("fault", sampled(*NOT_EXECUTED))
async def test_swap_that_was_not_executed_is_sent_again(harness: Harness, fault: FaultKind) -> None:
    line = await live_line(harness, single())
    harness.telegent.faults.add(Fault(match=STATUS, kind=fault, retry_after=0))

    result = await swap(harness, line)

    assert result.state is StepState.DONE
    assert orders(harness, "swap-sim") == 1


async def test_swap_that_does_not_show_is_escalated(harness: Harness) -> None:
    line = await live_line(harness, single())
    before = line.iccid
    gate = harness.telegent.gates.close(STATUS, "after")
    handle = await start_swap(harness, line)
    await gate.reached()
    line.iccid = before
    gate.release()
    status = await wait_until(handle.status, lambda status: bool(status.escalations))

    assert f"still shows SIM {before}" in " ".join(status.escalations[0].evidence)
    line.iccid = NEW_SIM
    adopt = Resolution(
        step="SIM", action=ResolutionAction.ADOPT, id=NEW_SIM, by="operator", reason="portal"
    )
    await handle.resolve(adopt)

    assert (await handle.result()).iccid == NEW_SIM
    assert orders(harness, "swap-sim") == 1


async def test_sim_of_another_number_is_not_used(harness: Harness) -> None:
    line = await live_line(harness, single())
    other = line.number[:-1] + "9"
    harness.telegent.state.numbers[other] = Number(
        number=other,
        id="NID-other",
        order_id="JNUOID-1",
        account_id=None,
        classification="MVNO",
        purchased=harness.telegent.state.clock.now(),
        iccid=NEW_SIM,
    )

    with pytest.raises(LineChangeFailedError, match=f"already carries .{other}"):
        await swap(harness, line, iccid=NEW_SIM)

    assert orders(harness, "swap-sim") == 0


@pytest.mark.parametrize("filler", ["", "F"])
async def test_swap_to_the_sim_of_the_line_is_not_sent(harness: Harness, filler: str) -> None:
    line = await live_line(harness, single())
    line.iccid = f"{NEW_SIM}{filler}"

    with pytest.raises(LineChangeFailedError, match="on this SIM already"):
        await swap(harness, line, iccid=NEW_SIM)

    assert orders(harness, "swap-sim") == 0


async def test_number_without_swaps_fails_with_the_message_from_telegent(
    harness: Harness,
) -> None:
    line = await live_line(harness, single())
    line.swaps_remaining = 0

    with pytest.raises(LineChangeFailedError, match="currently unavailable"):
        await swap(harness, line)


@pytest.mark.parametrize("path", [UPDATE, CLEAR_SIM])
@pytest.mark.parametrize("fault", sampled("drop_response", "error_before"))
async def test_lost_response_after_the_swap_is_read_back(
    harness: Harness, path: str, fault: FaultKind
) -> None:
    line = await live_line(harness, single())
    harness.telegent.faults.add(Fault(match=path, kind=fault))

    result = await swap(harness, line)

    assert result.state is StepState.DONE
    assert subscription(harness)["ICCID"] == line.iccid
    assert orders(harness, "swap-sim") == 1


@pytest.mark.parametrize("settings", [replace(SETTINGS, read_lag=timedelta(seconds=2))])
@pytest.mark.parametrize("options", [SimulatorOptions(), SimulatorOptions(status_change_delay=0.3)])
@pytest.mark.parametrize("lost", [False, True])
async def test_cancel_after_the_swap_is_too_late(harness: Harness, lost: bool) -> None:
    line = await live_line(harness, single())
    if lost:
        harness.telegent.faults.add(Fault(match=STATUS, kind="drop_response"))
    gate = harness.telegent.gates.close(STATUS, "after")
    handle = await start_swap(harness, line)
    await gate.reached()

    await harness.temporal.get_workflow_handle(handle.id).cancel()
    await harness.cancel_delivered(handle.id)
    gate.release()
    result = await handle.result()

    assert result.iccid == line.iccid == subscription(harness)["ICCID"]
    assert orders(harness, "swap-sim") == 1


async def test_cancel_before_the_swap_sends_nothing(harness: Harness) -> None:
    line = await live_line(harness, single())
    gate = harness.telegent.gates.close("GET /v1.0/account/subscriptions", "before")
    handle = await start_swap(harness, line)
    await gate.reached()

    await harness.temporal.get_workflow_handle(handle.id).cancel()
    await harness.cancel_delivered(handle.id)
    gate.release()

    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert orders(harness, "swap-sim") == 0


def test_swap_needs_an_authentication_reference() -> None:
    with pytest.raises(ValidationError, match="authentication_reference"):
        change("swap_sim")
