"""Port-ins on a real Temporal server, judged by the simulator's ledger."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowFailureError

from simulator import CarrierRecord, Fault
from simulator.engine.carrier import ORDER_STATUSES
from telegent_orchestrator import names
from telegent_orchestrator.port_in import (
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from tests.harness import FAST_TIMINGS, Harness
from tests.harness.details_pages import read_details_page, table_cells
from tests.harness.payloads import line, port_in, single
from tests.harness.port_ins import (
    CORRECTION,
    NUMBER,
    TRUTH,
    in_every_vocabulary,
    in_which_we_let_time_pass,
    start,
    until,
)


@in_every_vocabulary
class TestEveryVocabulary:
    async def test_accepted_port_in_completes(self, harness: Harness) -> None:
        handle = await start(harness)

        result = await handle.result()

        assert result.state is PortState.COMPLETED
        assert result.number_id
        assert harness.telegent.ledger.count("portin.completed") == 1

    async def test_number_on_an_esim_has_its_activation_code(self, harness: Harness) -> None:
        handle = await start(harness)

        code = (await handle.result()).activation_code

        assert (code or "").startswith("LPA:1$")
        assert (await handle.status()).activation_code == code
        page = table_cells(await read_details_page(harness.temporal, handle.id))
        assert page["activation code"] == code

    async def test_rejected_port_in_is_corrected_by_signal_and_completes(
        self, harness: Harness
    ) -> None:
        harness.telegent.carrier.set_record(NUMBER, TRUTH)
        handle = await start(harness)
        status = await until(handle, PortState.ACTION_REQUIRED)

        assert status.reason == "ACCOUNT_NUMBER"
        assert status.fields_to_correct == ["account_number"]
        assert "8A-ACCOUNT_NUM_REQ_OR_INCORRECT" in status.vendor_message
        await handle.signal_correction(CORRECTION)
        result = await handle.result()

        assert result.state is PortState.COMPLETED
        assert harness.telegent.ledger.count("portin.submitted") == 1
        assert harness.telegent.ledger.count("portin.updated") == 1
        assert "100200301" not in result.model_dump_json()

    async def test_cancel_is_requested_and_then_confirmed(self, harness: Harness) -> None:
        harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
        handle = await start(harness)
        await until(handle, lambda status: status.order_id is not None)

        await handle.cancel(PortInCancel(by="operator", reason="the subscriber stays"))
        result = await handle.result()

        assert result.state is PortState.CANCELLED
        states = [entry.state for entry in result.timeline]
        assert PortState.CANCEL_REQUESTED in states
        assert harness.telegent.ledger.count("portin.cancelled") == 1


async def test_ineligible_number_ends_with_telegents_reason(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(eligible=False))

    result = await (await start(harness)).result()

    assert result.state is PortState.INELIGIBLE
    assert result.reason
    assert harness.telegent.ledger.count("portin.submitted") == 0


@in_which_we_let_time_pass
async def test_hint_starts_a_poll_at_once(harness: Harness) -> None:
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)
    for _ in range(5):
        await handle.poll_now()
    harness.advance(FAST_TIMINGS.complete_after)

    assert (await handle.result()).state is PortState.COMPLETED


async def test_one_port_in_is_open_per_number(harness: Harness) -> None:
    first, second = await asyncio.gather(start(harness), start(harness))

    assert first.id == second.id
    assert NUMBER.removeprefix("+") not in first.id
    assert (await first.result()) == (await second.result())
    assert harness.telegent.ledger.count("portin.submitted") == 1


async def test_missing_data_are_named_and_waited_for(harness: Harness) -> None:
    bare = PortInDetails(phone_number=NUMBER)
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=bare))
    status = await until(handle, PortState.INFO_REQUIRED)
    assert {"account_number", "account_pin", "authorization"} <= set(status.fields_to_correct)
    assert not harness.telegent.requests

    full = PortInDetails.model_validate(port_in(NUMBER)).model_dump(
        exclude={"phone_number", "classification"}, exclude_none=True
    )
    first, second = ("account_number", "account_pin"), ("authorization",)
    await handle.correct(
        PortInCorrection(by="operator", **{name: full.pop(name) for name in first})
    )
    # While the correction is validated, no fields are named.
    still = await until(handle, lambda s: "account_pin" not in (s.fields_to_correct or first))
    assert set(second) <= set(still.fields_to_correct)
    await handle.signal_correction(PortInCorrection(by="operator", **full))

    assert (await handle.result()).state is PortState.COMPLETED


async def test_expired_transfer_pin_is_not_sent(harness: Harness) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    handle = await start(harness, pin_obtained_at=long_ago.isoformat())
    status = await until(handle, PortState.INFO_REQUIRED)
    assert status.fields_to_correct == ["account_pin"]
    assert not harness.telegent.requests

    fresh = PortInCorrection(account_pin="482914", pin_obtained_at=datetime.now(UTC), by="operator")
    await handle.correct(fresh)

    assert (await handle.result()).state is PortState.COMPLETED


@in_which_we_let_time_pass
async def test_unknown_status_is_shown_and_counted_and_polling_continues(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ORDER_STATUSES["kb"], "acknowledged", "Teleporting")

    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)
    harness.advance(FAST_TIMINGS.acknowledge_after)
    await until(handle, lambda status: status.unknown_statuses >= 1)
    harness.advance(FAST_TIMINGS.complete_after)
    result = await handle.result()

    assert result.state is PortState.COMPLETED
    assert any(entry.vendor_message == "Teleporting" for entry in result.timeline)


async def test_number_that_is_bound_differently_is_bound_again(harness: Harness) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/update", kind="error_before", status=500)
    )
    family = single(lines=[line("ported", "one", number=port_in(NUMBER) | {"kind": "port_in"})])

    result = await (await harness.onboard(family)).result()

    assert result.complete
    assert harness.telegent.ledger.count("number.updated") == 1
    reads = [e for e in harness.telegent.requests if e.path == "/v1.0/numbers" and not e.is_token]
    assert len(reads) == 2


async def test_details_that_are_none_fail_readable(harness: Harness) -> None:
    handle = await harness.temporal.start_workflow(
        names.PORT_IN_WORKFLOW,
        {"details": {"phone_number": "801-555-0142", "account_number": "100_200"}},
        id="port-in-broken",
        task_queue=names.TASK_QUEUE,
    )

    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()

    words = str(caught.value.cause)
    assert "phone_number" in words
    assert "account_number" in words
    assert "100 200" not in words
