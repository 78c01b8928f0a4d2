"""Port-ins on a real Temporal server, judged by the simulator's ledger."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest
from temporalio.client import WorkflowFailureError

from activities import ActivitySettings
from activities.port_in.policy import PortInPolicy
from simulator import CarrierRecord, CarrierSetup, CarrierTimings, Fault, SimulatorOptions
from simulator.engine.carrier import ORDER_STATUSES, Vocabulary
from simulator.engine.faults import FaultKind
from telegent_orchestrator import names
from telegent_orchestrator.client import MessageRejectedError, PortInHandle
from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortInStatus,
    PortState,
)
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.harness.details_pages import read_details_page, table_cells
from tests.harness.payloads import line, port_in, single
from tests.harness.port_ins import CORRECTION, NUMBER, TRUTH, attach, start, until
from tests.harness.resets import delete
from tests.harness.tiers import sampled
from tests.harness.waiting import TEST_TIMEOUT

in_every_vocabulary = pytest.mark.parametrize("vocabulary", sampled("kb", "bp", "oas"))


@pytest.fixture
def vocabulary() -> Vocabulary:
    return "kb"


@pytest.fixture
def manual_clock() -> bool:
    return False


in_which_we_let_time_pass = pytest.mark.parametrize("manual_clock", [True], ids=["by hand"])


@pytest.fixture
def options(vocabulary: Vocabulary, manual_clock: bool) -> SimulatorOptions:
    carrier = CarrierSetup(timings=FAST_TIMINGS, vocabulary=vocabulary)
    return SimulatorOptions(carrier=carrier, manual_clock=manual_clock)


def _rejections(status: PortInStatus) -> int:
    return sum("rejected" in entry.event for entry in status.timeline)


async def until_rejected(handle: PortInHandle, count: int) -> PortInStatus:
    """Wait until so much was rejected, by the carrier or as a signal."""
    return await until(handle, lambda status: _rejections(status) == count)


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


async def test_ineligible_number_ends_with_telegents_reason(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(eligible=False))

    result = await (await start(harness)).result()

    assert result.state is PortState.INELIGIBLE
    assert result.reason
    assert harness.telegent.ledger.count("portin.submitted") == 0


async def test_repeated_rejection_with_the_same_reason_is_counted(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    await until(handle, PortState.ACTION_REQUIRED)
    await handle.correct(PortInCorrection(account_number="999", by="operator"))
    await until(handle, lambda status: _rejections(status) == 2)
    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.updated") == 2


async def test_correction_keeps_fields_that_it_does_not_name(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness, account_pin="0000")
    await until(handle, PortState.ACTION_REQUIRED)
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
    by_carrier = _rejections(await until(handle, PortState.ACTION_REQUIRED))

    for count, (raw, why) in enumerate(invalid, by_carrier + 1):
        await harness.temporal.get_workflow_handle(handle.id).signal(names.CORRECT_MESSAGE, raw)
        status = await until_rejected(handle, count)

        assert why in status.timeline[-1].event
        assert "no spaces allowed" not in status.model_dump_json()
        assert status.state is PortState.ACTION_REQUIRED


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


@pytest.mark.parametrize("kind", sampled("drop_response", "error_after", "html", "empty"))
async def test_lost_submit_is_never_repeated_and_waits_for_the_order_id(
    harness: Harness, kind: FaultKind
) -> None:
    harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind=kind))
    handle = await start(harness)
    status = await until(handle, PortState.SUBMIT_UNKNOWN)
    assert status.timeline[-1].vendor_message

    [submitted] = harness.telegent.ledger.by_kind("portin.submitted")
    await handle.decide(attach(submitted.data["order_id"]))

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.submitted") == 1


@in_which_we_let_time_pass
async def test_order_that_is_older_than_its_workflow_is_followed(harness: Harness) -> None:
    lost = await start(harness)
    order = (await until(lost, lambda status: status.order_id is not None)).order_id
    # Of a run that was only terminated, the next one finds the order itself.
    await delete(harness, lost.id)

    # Something is missing on purpose, so that nothing is submitted.
    handle = await start(harness, account_number=None)
    await until(handle, PortState.INFO_REQUIRED)
    assert order
    await handle.decide(attach(order))
    harness.advance(FAST_TIMINGS.complete_after)

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.submitted") == 1


async def test_rejected_submit_waits_for_a_correction_and_submits_again(harness: Harness) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/portin", kind="error_before", status=400)
    )
    handle = await start(harness)
    await until(handle, PortState.ACTION_REQUIRED)
    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED


async def test_port_in_waits_for_an_order_that_disappears(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    await until(handle, PortState.ACTION_REQUIRED)
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


@in_which_we_let_time_pass
async def test_hint_starts_a_poll_at_once(harness: Harness) -> None:
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)
    for _ in range(5):
        await handle.poll_now()
    harness.advance(FAST_TIMINGS.complete_after)

    assert (await handle.result()).state is PortState.COMPLETED


async def test_cancelling_the_workflow_cancels_the_port_in_order(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    handle = await start(harness)
    await until(handle, lambda status: status.order_id is not None)

    await harness.temporal.get_workflow_handle(handle.id).cancel()

    assert (await handle.result()).state is PortState.CANCELLED
    assert harness.telegent.ledger.count("portin.cancelled") == 1


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
    still = await until(handle, lambda s: "account_pin" not in s.fields_to_correct)
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


async def test_flood_of_hints_causes_only_polls(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    await until(handle, PortState.ACTION_REQUIRED)
    await asyncio.gather(*(handle.poll_now() for _ in range(50)))
    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.updated") == 1


async def test_corrections_that_arrive_together_are_sent_as_one(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness, account_pin="0000")
    await until(handle, PortState.ACTION_REQUIRED)
    update = harness.telegent.gates.close("POST /v1.0/numbers/portin/update", "after")
    await handle.correct(PortInCorrection(account_number="1", by="first"))
    await update.reached()
    await handle.correct(PortInCorrection(account_number="100200301", by="second"))
    await handle.correct(PortInCorrection(account_pin="482913", by="third"))
    update.release()

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.updated") == 2


async def test_port_in_without_data_can_be_cancelled(harness: Harness) -> None:
    bare = PortInDetails(phone_number=NUMBER)
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=bare))
    await until(handle, PortState.INFO_REQUIRED)
    await handle.cancel(PortInCancel(by="operator", reason="never mind"))

    result = await handle.result()

    assert (result.state, result.reason) == (PortState.CANCELLED, "operator: never mind")
    assert not harness.telegent.requests


async def test_correction_without_changes_is_rejected(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    await until(handle, PortState.ACTION_REQUIRED)

    with pytest.raises(MessageRejectedError, match="unchanged since the rejection"):
        await handle.correct(PortInCorrection(account_number="100200300", by="operator"))


@in_every_vocabulary
async def test_three_rejections_are_a_matter_for_an_operator(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    for number in ("1", "2"):
        await until(handle, PortState.ACTION_REQUIRED)
        await handle.correct(PortInCorrection(account_number=number, by="operator"))
    status = await until(handle, lambda status: status.rejections == 3)
    assert "an operator decides" in status.attention
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


async def test_submit_that_never_arrived_is_repeated_when_an_operator_decides_it(
    harness: Harness,
) -> None:
    harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind="error_before"))
    handle = await start(harness)
    await until(handle, PortState.SUBMIT_UNKNOWN)
    assert harness.telegent.ledger.count("portin.submitted") == 0

    await handle.decide(
        OperatorDecision(
            action=OperatorAction.RETRY_NOW, by="operator", reason="support knows of none"
        )
    )
    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.submitted") == 1


class TestWhereASecondActivePortIsKnownToBeRefused:
    @pytest.fixture
    def settings(self) -> ActivitySettings:
        return replace(SETTINGS, port_in_policy=PortInPolicy(resubmit_unknown=True))

    async def test_resubmit_of_a_submit_that_never_arrived_creates_the_order(
        self, harness: Harness
    ) -> None:
        harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind="error_before"))

        assert (await (await start(harness)).result()).state is PortState.COMPLETED
        assert harness.telegent.ledger.count("portin.submitted") == 1

    async def test_submit_that_arrived_is_not_repeated(self, harness: Harness) -> None:
        harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind="drop_response"))
        handle = await start(harness)
        status = await until(
            handle, lambda status: any("the second submit" in e.event for e in status.timeline)
        )
        assert status.state is PortState.SUBMIT_UNKNOWN
        [submitted] = harness.telegent.ledger.by_kind("portin.submitted")
        await handle.decide(attach(submitted.data["order_id"]))

        assert (await handle.result()).state is PortState.COMPLETED
        assert harness.telegent.ledger.count("portin.submitted") == 1


class TestDeadlines:
    @pytest.fixture
    def settings(self) -> ActivitySettings:
        second = timedelta(seconds=1)
        rules = PortInPolicy(
            reminders=[0.3 * second],
            missing_info_timeout=second,
            correction_timeout=second,
            max_duration=1.5 * second,
            cancel_confirmation_timeout=0.5 * second,
        )
        return replace(SETTINGS, port_in_policy=rules)

    async def test_missing_data_end_the_port_in_unsubmitted(self, harness: Harness) -> None:
        bare = PortInDetails(phone_number=NUMBER)
        handle = await harness.orchestrator.start_port_in(PortInRequest(details=bare))

        result = await handle.result()

        assert result.state is PortState.CANCELLED
        assert "missing data not received" in result.reason
        assert any("reminder 1" in entry.event for entry in result.timeline)

    async def test_missing_correction_cancels_and_verifies(self, harness: Harness) -> None:
        harness.telegent.carrier.set_record(NUMBER, TRUTH)

        result = await (await start(harness)).result()

        assert result.state is PortState.CANCELLED
        assert harness.telegent.ledger.count("portin.cancelled") == 1

    async def test_port_in_is_cancelled_at_the_maximum_age(self, harness: Harness) -> None:
        harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
        handle = await start(harness)
        status = await until(handle, lambda status: status.order_id is not None)
        assert status.next_deadline_name in (
            "maximum duration",
            "no response from the losing carrier",
        )

        result = await handle.result()

        assert result.state is PortState.CANCELLED
        assert any("maximum duration" in entry.event for entry in result.timeline)


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


async def test_port_in_continues_after_any_signal_payload(harness: Harness) -> None:
    payloads: list[list[object]] = [[], [1, 2], [b"\xff\x00"], [{"by": 7}, {"more": True}]]
    signals = product((names.CORRECT_MESSAGE, names.CANCEL_MESSAGE), payloads)
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    by_carrier = _rejections(await until(handle, PortState.ACTION_REQUIRED))

    raw = harness.temporal.get_workflow_handle(handle.id)
    for count, (signal, payload) in enumerate(signals, by_carrier + 1):
        await raw.signal(signal, args=payload)
        await raw.signal(names.POLL_NOW_SIGNAL, args=payload)
        await raw.signal("no_such_signal", args=payload)
        status = await until_rejected(handle, count)
        assert status.state is PortState.ACTION_REQUIRED
    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED


async def test_hints_do_not_repeat_a_refused_submit(harness: Harness) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/portin", kind="error_before", status=400, times=99)
    )
    handle = await start(harness)
    await until(handle, PortState.ACTION_REQUIRED)
    for _ in range(5):
        await handle.poll_now()
    await handle.status()  # which knows of every hint before
    await handle.cancel(PortInCancel(by="operator", reason="never mind"))

    assert (await handle.result()).state is PortState.CANCELLED
    submits = [e for e in harness.telegent.requests if e.path == "/v1.0/numbers/portin"]
    assert len(submits) == 1


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
