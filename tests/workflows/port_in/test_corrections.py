"""Rejections by the losing carrier, and what corrects them."""

import asyncio
import logging
from itertools import product

import pytest

from simulator import CarrierRecord, Fault
from simulator.engine.faults import FaultKind
from telegent_orchestrator import names
from telegent_orchestrator.client import MessageRejectedError
from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInCorrection,
    PortState,
)
from tests.harness import Harness
from tests.harness.details_pages import read_details_page
from tests.harness.port_ins import (
    CORRECTION,
    NUMBER,
    TRUTH,
    in_every_vocabulary,
    rejections,
    start,
    start_rejected,
    start_rejected_for_good,
    until,
    until_rejected,
)
from tests.harness.tiers import sampled
from tests.harness.waiting import TEST_TIMEOUT


async def test_repeated_rejection_with_the_same_reason_is_counted(harness: Harness) -> None:
    handle = await start_rejected(harness)
    await handle.correct(PortInCorrection(account_number="999", by="operator"))
    await until(handle, lambda status: rejections(status) == 2)
    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.updated") == 2


async def test_correction_keeps_fields_that_it_does_not_name(harness: Harness) -> None:
    handle = await start_rejected(harness, account_pin="0000")
    await handle.correct(CORRECTION)
    status = await until(handle, lambda status: status.reason == "PIN_INVALID")
    assert "account_pin" in status.fields_to_correct
    await handle.correct(PortInCorrection(account_pin="482913", by="operator"))

    assert (await handle.result()).state is PortState.COMPLETED


async def test_invalid_signal_is_recorded_in_the_timeline(harness: Harness) -> None:
    invalid: list[tuple[object, str]] = [
        ("nonsense", "must be an object"),
        ({"account_nubmer": "1", "by": "operator"}, "did you mean account_number?"),
        ({"account_number": "no_underscores", "by": "operator"}, "account_number: "),
        ({"by": "operator"}, "needs at least one of"),
        (None, "must be an object"),
        ([1, 2], "must be an object"),
    ]
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    by_carrier = rejections(await until(handle, PortState.ACTION_REQUIRED))

    for count, (raw, why) in enumerate(invalid, by_carrier + 1):
        await harness.temporal.get_workflow_handle(handle.id).signal(names.CORRECT_MESSAGE, raw)
        status = await until_rejected(handle, count)

        assert why in status.timeline[-1].event
        assert "no spaces allowed" not in status.model_dump_json()
        assert status.state is PortState.ACTION_REQUIRED


@pytest.mark.parametrize("kind", sampled("drop_response", "error_after", "error_before", "html"))
async def test_correction_whose_response_is_lost_reaches_the_carrier(
    harness: Harness, kind: FaultKind
) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin/update", kind=kind))
    handle = await start(harness)
    await until(handle, PortState.ACTION_REQUIRED)

    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.updated") == 1


async def test_port_in_waits_for_an_order_that_disappears(harness: Harness) -> None:
    handle = await start_rejected(harness)
    harness.telegent.faults.add(
        Fault(match="GET /v1.0/numbers/order", kind="error_before", status=404, times=1000)
    )
    status = await until(
        handle, lambda status: any("did not show" in e.event for e in status.timeline)
    )
    assert status.state is PortState.ACTION_REQUIRED
    harness.telegent.faults.clear()

    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED


async def test_flood_of_hints_causes_only_polls(harness: Harness) -> None:
    handle = await start_rejected(harness)
    await asyncio.gather(*(handle.poll_now() for _ in range(50)))
    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.updated") == 1


async def test_corrections_that_arrive_together_are_sent_as_one(harness: Harness) -> None:
    handle = await start_rejected(harness, account_pin="0000")
    update = harness.telegent.gates.close("POST /v1.0/numbers/portin/update", "after")
    await handle.correct(PortInCorrection(account_number="1", by="first"))
    await update.reached()
    await handle.correct(PortInCorrection(account_number="100200301", by="second"))
    await handle.correct(PortInCorrection(account_pin="482913", by="third"))
    update.release()

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.updated") == 2


async def test_correction_without_changes_is_rejected(harness: Harness) -> None:
    handle = await start_rejected(harness)

    with pytest.raises(MessageRejectedError, match="unchanged since the rejection"):
        await handle.correct(PortInCorrection(account_number="100200300", by="operator"))


@in_every_vocabulary
async def test_three_rejections_are_a_matter_for_an_operator(harness: Harness) -> None:
    handle = await start_rejected_for_good(harness)
    assert "an operator decides" in (await handle.status()).attention
    with pytest.raises(MessageRejectedError, match="update decide"):
        await handle.correct(CORRECTION)

    await handle.decide(
        OperatorDecision(
            action=OperatorAction.REPLACE_DATA,
            correction=CORRECTION,
            by="operator",
            reason="from the bill",
        )
    )

    assert (await handle.result()).state is PortState.COMPLETED


@in_every_vocabulary
async def test_number_lock_must_be_confirmed_to_be_off(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(locked=True))
    handle = await start(harness)
    status = await until(handle, PortState.ACTION_REQUIRED)
    assert status.reason == "PORT_PROTECTED"
    with pytest.raises(MessageRejectedError, match="lock_removed"):
        await handle.correct(PortInCorrection(account_pin="999999", by="operator"))
    harness.telegent.carrier.unlock(NUMBER)
    await handle.correct(PortInCorrection(lock_removed=True, by="operator"))

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.updated") == 1


@in_every_vocabulary
async def test_hard_rejection_restarts_with_a_new_order_when_an_operator_decides_it(
    harness: Harness,
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="reject:9Z-ACCOUNT ON HOLD"))
    handle = await start(harness)
    status = await until(handle, PortState.ACTION_REQUIRED)
    assert status.reason == "ACCOUNT_HOLD"
    assert "restart" in status.attention
    with pytest.raises(MessageRejectedError, match="no correction can fix"):
        await handle.correct(CORRECTION)
    first = status.order_id

    await handle.decide(
        OperatorDecision(action=OperatorAction.RESTART, by="operator", reason="the hold is off")
    )
    result = await handle.result()

    assert result.state is PortState.COMPLETED
    assert result.order_id != first
    kinds = [row.kind for row in harness.telegent.ledger.rows if row.kind.startswith("portin")]
    assert kinds == [
        "portin.submitted",
        "portin.rejected",
        "portin.cancelled",
        "portin.submitted",
        "portin.completed",
    ]


async def test_secrets_that_a_carrier_quotes_are_redacted(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="temporalio.activity")
    words = "9Z-ACCOUNT 100 200-300 AND PIN 482913 ARE NOT OF ACCOUNT 4829131"
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script=f"reject:{words}"))
    handle = await start(harness, account_number="100200300", account_pin="482913")
    status = await until(handle, PortState.ACTION_REQUIRED)
    async with asyncio.timeout(TEST_TIMEOUT):
        while "is still 'ResolutionRequired'; next poll" not in caplog.text:
            await asyncio.sleep(0.05)
    await handle.correct(PortInCorrection(account_pin="777777", by="operator"))
    result = await handle.result()

    assert status.vendor_message.endswith("9Z-ACCOUNT *** AND PIN *** ARE NOT OF ACCOUNT 4829131")
    details = await read_details_page(harness.temporal, handle.id)
    shown = f"{status}{result}{details}{caplog.text}"
    assert "NOT OF ACCOUNT 4829131" in shown
    assert "100 200-300" not in shown
    assert "PIN 482913" not in shown


async def test_port_in_continues_after_any_signal_payload(harness: Harness) -> None:
    payloads: list[list[object]] = [[], [1, 2], [b"\xff\x00"], [{"by": 7}, {"more": True}]]
    signals = product((names.CORRECT_MESSAGE, names.CANCEL_MESSAGE), payloads)
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    by_carrier = rejections(await until(handle, PortState.ACTION_REQUIRED))

    raw = harness.temporal.get_workflow_handle(handle.id)
    for count, (signal, payload) in enumerate(signals, by_carrier + 1):
        await raw.signal(signal, args=payload)
        await raw.signal(names.POLL_NOW_SIGNAL, args=payload)
        await raw.signal("no_such_signal", args=payload)
        status = await until_rejected(handle, count)
        assert status.state is PortState.ACTION_REQUIRED
    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED
