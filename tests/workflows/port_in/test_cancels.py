"""Cancels of a port-in, in every state."""

from itertools import pairwise

import pytest

from simulator import CarrierRecord, CarrierTimings, Fault
from simulator.engine.faults import FaultKind
from telegent_orchestrator.client import MessageRejectedError
from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from tests.harness import FAST_TIMINGS, Harness
from tests.harness.port_ins import (
    CORRECTION,
    NUMBER,
    TRUTH,
    in_every_vocabulary,
    in_which_we_let_time_pass,
    start,
    until,
)
from tests.harness.tiers import sampled


@in_which_we_let_time_pass
@pytest.mark.parametrize("vocabulary", ["bp"])
@pytest.mark.parametrize(
    ("state", "after"),
    [
        (PortState.SUBMITTED, 0),
        (PortState.AT_CARRIER, FAST_TIMINGS.acknowledge_after),
        (PortState.SCHEDULED, FAST_TIMINGS.decide_after),
        (PortState.ACTION_REQUIRED, FAST_TIMINGS.decide_after),
        (PortState.UPDATE_REQUESTED, FAST_TIMINGS.decide_after),
    ],
)
async def test_cancel_is_accepted_in_every_state_of_an_open_order(
    harness: Harness, state: PortState, after: float
) -> None:
    rejected = state in (PortState.ACTION_REQUIRED, PortState.UPDATE_REQUESTED)
    harness.telegent.carrier.set_record(NUMBER, TRUTH if rejected else CarrierRecord())
    update = harness.telegent.gates.close("POST /v1.0/numbers/portin/update", "before")
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)
    harness.advance(after)
    if state is PortState.UPDATE_REQUESTED:
        await until(handle, PortState.ACTION_REQUIRED)
        await handle.correct(PortInCorrection(account_number="1", by="operator"))
        await update.reached()
    await until(handle, state)

    met = await handle.cancel(PortInCancel(by="operator", reason="the subscriber stays"))
    update.release()
    result = await handle.result()

    assert met is state
    assert result.state is PortState.CANCELLED
    assert harness.telegent.ledger.count("portin.cancelled") == 1


@in_every_vocabulary
async def test_completion_may_win_against_a_cancel(harness: Harness) -> None:
    harness.telegent.carrier.timings = CarrierTimings(
        acknowledge_after=0.2, decide_after=0.4, complete_after=600
    )
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="complete_during_cancel"))
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)

    await handle.cancel(PortInCancel(by="operator", reason="too late"))
    result = await handle.result()

    assert result.state is PortState.COMPLETED
    assert any("rejected the cancel" in entry.event for entry in result.timeline)


async def test_invalid_update_is_rejected_with_the_reason(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    cancel = harness.telegent.gates.close("POST /v1.0/numbers/portin/cancel", "before")
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)
    await handle.cancel(PortInCancel(by="operator", reason="the subscriber stays"))
    await cancel.reached()

    with pytest.raises(MessageRejectedError, match="CANCEL_REQUESTED does not accept a correction"):
        await handle.correct(CORRECTION)
    cancel.release()
    assert (await handle.result()).state is PortState.CANCELLED


@pytest.mark.parametrize("kind", sampled("drop_response", "error_after", "error_before", "html"))
async def test_cancel_whose_response_is_lost_is_confirmed_or_sent_again(
    harness: Harness, kind: FaultKind
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin/cancel", kind=kind))
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)

    await handle.cancel(PortInCancel(by="operator", reason="the subscriber stays"))

    assert (await handle.result()).state is PortState.CANCELLED
    assert harness.telegent.ledger.count("portin.cancelled") == 1


async def test_cancel_whose_responses_are_all_lost_is_sent_at_growing_intervals(
    harness: Harness,
) -> None:
    never = Fault(match="POST /v1.0/numbers/portin/cancel", kind="error_before", times=4)
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    harness.telegent.faults.add(never)
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)

    await handle.cancel(PortInCancel(by="operator", reason="the subscriber stays"))

    timeline = (await handle.result()).timeline
    sent = [entry.at for entry in timeline if entry.event == "cancelling for operator"]
    lag = harness.settings.read_lag
    assert len(sent) == 5
    for times, (before, after) in zip((1, 2, 4, 8), pairwise(sent), strict=True):
        assert after - before >= lag * times


async def test_cancelling_the_workflow_cancels_the_port_in_order(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)

    await harness.temporal.get_workflow_handle(handle.id).cancel()

    assert (await handle.result()).state is PortState.CANCELLED
    assert harness.telegent.ledger.count("portin.cancelled") == 1


async def test_port_in_without_data_can_be_cancelled(harness: Harness) -> None:
    bare = PortInDetails(phone_number=NUMBER)
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=bare))
    await until(handle, PortState.INFO_REQUIRED)
    await handle.cancel(PortInCancel(by="operator", reason="never mind"))

    result = await handle.result()

    assert (result.state, result.reason) == (PortState.CANCELLED, "operator: never mind")
    assert not harness.telegent.requests


async def test_operator_can_end_a_port_in_that_telegent_never_shows(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)
    await handle.decide(
        OperatorDecision(action=OperatorAction.ABANDON, by="operator", reason="support takes over")
    )

    result = await handle.result()

    assert (result.state, result.reason) == (PortState.ABANDONED, "operator: support takes over")
    assert harness.telegent.ledger.count("portin.cancelled") == 0


async def test_number_can_be_ported_after_its_first_port_in_was_cancelled(
    harness: Harness,
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    first = await start(harness)
    await until(first, lambda status: status.order_id is not None)
    await first.cancel(PortInCancel(by="operator", reason="the subscriber stays"))
    assert (await first.result()).state is PortState.CANCELLED
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord())

    second = await start(harness)
    third = await start(harness)

    assert (first.joined, second.joined, third.joined) == (False, False, True)
    assert (await second.result()).state is PortState.COMPLETED
    assert (await start(harness)).joined
    assert harness.telegent.ledger.count("portin.submitted") == 2
