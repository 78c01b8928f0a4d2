"""Corrections and cancels that are lost, refused, or met by a carrier that moves meanwhile."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from activities import ActivitySettings
from activities.port_in.policy import PortInPolicy
from simulator import (
    CarrierRecord,
    CarrierSetup,
    CarrierTimings,
    Fault,
    ManualClock,
    SimulatorOptions,
)
from telegent_orchestrator.client import OnboardingIncompleteError, PortInHandle
from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortInResult,
    PortState,
)
from tests.harness import SETTINGS, Harness
from tests.harness.payloads import port_in, single
from tests.harness.port_in_orders import count, lose, ordered, reject, rejected, stop
from tests.harness.port_ins import CORRECTION, NUMBER, TRUTH, attach, start, until
from tests.harness.waiting import TEST_TIMEOUT

UPDATE, CANCEL = "POST /v1.0/numbers/portin/update", "POST /v1.0/numbers/portin/cancel"
READ = "GET /v1.0/numbers/order"
READ_LAG_IN_POLLS = SETTINGS.read_lag // SETTINGS.order_poll
STAYS = PortInCancel(by="operator", reason="the subscriber stays")
HOLD = CarrierRecord(script="reject:9Z-ACCOUNT ON HOLD")
SILENT = CarrierRecord(script="silent")
BY_HAND = SimulatorOptions(
    manual_clock=True,
    carrier=CarrierSetup(
        timings=CarrierTimings(acknowledge_after=10, decide_after=20, complete_after=30)
    ),
)


def requests(harness: Harness, match: str) -> int:
    verb, _, path = match.partition(" ")
    return sum((call.method, call.path) == (verb, path) for call in harness.telegent.requests)


async def polled(harness: Harness, handle: PortInHandle, times: int) -> None:
    """Wait until the order was read so many times more; what each saw is in effect by the next."""
    before = requests(harness, READ)
    await until(handle, lambda status: requests(harness, READ) > before + times)


def later(harness: Harness, seconds: float) -> None:
    clock = harness.telegent.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds)


async def lost(harness: Harness, match: str, advance: float) -> None:
    """Has the carrier move on once the call was made; from then on it is answered."""
    async with asyncio.timeout(TEST_TIMEOUT):
        while not requests(harness, match):
            await asyncio.sleep(0.02)
    later(harness, advance)
    harness.telegent.faults.clear()


def what(result: PortInResult) -> list[str]:
    return [entry.event for entry in result.timeline]


class TestWhileTheCarrierMoves:
    @pytest.fixture
    def options(self) -> SimulatorOptions:
        return BY_HAND

    async def test_lost_cancel_is_sent_again(self, harness: Harness) -> None:
        handle = await ordered(harness)
        await handle.cancel(STAYS)
        await lost(harness, CANCEL, advance=10)

        assert (await handle.result()).state is PortState.CANCELLED
        assert count(harness, "cancelled") == 1

    async def test_lost_correction_is_sent_again(self, harness: Harness) -> None:
        harness.telegent.carrier.set_record(NUMBER, TRUTH)
        handle = await ordered(harness)
        await handle.correct(CORRECTION)
        await lost(harness, UPDATE, advance=10)
        await until(handle, lambda status: count(harness, "updated") == 1)
        later(harness, 30)
        await handle.poll_now()

        result = await handle.result()
        assert result.state is PortState.COMPLETED
        assert PortState.ACTION_REQUIRED not in [entry.state for entry in result.timeline]

    async def test_late_correction_does_not_change_the_state(self, harness: Harness) -> None:
        handle = await ordered(harness)
        lose(harness, UPDATE, times=1000)
        await handle.correct(CORRECTION)
        await lost(harness, UPDATE, advance=20)
        reject(harness, UPDATE, times=1000)

        status = await until(handle, PortState.AT_CARRIER)

        assert "waiting for another correction" in [entry.event for entry in status.timeline]
        later(harness, 10)
        await handle.poll_now()
        assert (await handle.result()).state is PortState.COMPLETED

    async def test_correction_is_accepted_while_the_outcome_of_another_is_unknown(
        self, harness: Harness
    ) -> None:
        harness.telegent.carrier.set_record(NUMBER, TRUTH)
        handle = await ordered(harness)
        lose(harness, UPDATE, times=1000)
        await handle.correct(CORRECTION)
        await lost(harness, UPDATE, advance=20)
        await until(handle, PortState.ACTION_REQUIRED)

        await handle.correct(CORRECTION)
        await until(handle, lambda status: count(harness, "updated") == 1)
        later(harness, 30)
        await handle.poll_now()

        assert (await handle.result()).state is PortState.COMPLETED


async def test_correction_that_telegent_rejected_can_be_sent_again(harness: Harness) -> None:
    handle = await rejected(harness)
    reject(harness, UPDATE)
    await handle.correct(CORRECTION)
    await until(
        handle, lambda status: status.timeline[-1].event == "waiting for another correction"
    )

    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED


async def test_rejected_request_does_not_count_as_a_rejection_by_the_carrier(
    harness: Harness,
) -> None:
    handle = await rejected(harness)
    reject(harness, CANCEL)
    before = await handle.status()
    await handle.cancel(STAYS)
    await until(handle, lambda status: "was rejected" in status.attention)
    await polled(harness, handle, READ_LAG_IN_POLLS + 2)

    status = await handle.status()

    assert (status.state, status.rejections) == (PortState.ACTION_REQUIRED, 1)
    # The time for a correction continues to run.
    assert status.next_deadline == before.next_deadline


async def test_lost_correction_is_sent_after_a_cancel_is_rejected(
    harness: Harness,
) -> None:
    handle = await rejected(harness)
    lose(harness, UPDATE, times=1000)
    reject(harness, CANCEL)
    await handle.correct(CORRECTION)
    await until(handle, lambda status: requests(harness, UPDATE) > 0)
    await handle.cancel(STAYS)
    status = await until(handle, lambda status: "was rejected" in status.attention)
    assert status.state is PortState.UPDATE_REQUESTED
    harness.telegent.faults.clear()

    result = await handle.result()

    assert result.state is PortState.COMPLETED
    assert count(harness, "updated") == 1


async def test_port_in_continues_when_its_lost_cancel_is_then_rejected(
    harness: Harness,
) -> None:
    handle = await rejected(harness)
    lose(harness, CANCEL)
    harness.telegent.faults.add(Fault(match=CANCEL, kind="error_before", status=400, nth=2))
    await handle.cancel(STAYS)
    await until(handle, lambda status: "was rejected" in status.attention)

    await handle.correct(CORRECTION)

    assert (await handle.result()).state is PortState.COMPLETED


async def test_operator_can_send_a_cancel_again(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, SILENT)
    handle = await ordered(harness)
    lose(harness, CANCEL, times=2)
    await handle.cancel(STAYS)
    await until(handle, lambda status: requests(harness, CANCEL) >= 1)

    again = OperatorDecision(action=OperatorAction.RETRY_NOW, by="operator", reason="it must stop")
    await handle.decide(again)

    result = await handle.result()
    assert result.state is PortState.CANCELLED
    assert "cancelling for operator" in what(result)


async def test_cancel_after_a_rejected_restart_prevents_the_new_order(
    harness: Harness,
) -> None:
    handle = await rejected(harness, HOLD)
    reject(harness, CANCEL)
    restart = OperatorDecision(
        action=OperatorAction.RESTART, by="operator", reason="it is paid now"
    )
    await handle.decide(restart)
    await until(handle, lambda status: "was rejected" in status.attention)

    await handle.cancel(STAYS)

    assert (await handle.result()).state is PortState.CANCELLED
    assert count(harness, "submitted") == 1


async def test_line_fails_when_its_port_in_is_cancelled(harness: Harness) -> None:
    bare = {"kind": "port_in", "phone_number": NUMBER}
    line = {"key": "first", "subscriber": "one", "package": "plan", "number": bare}
    onboarding = await harness.onboard(single(lines=[line]))
    handle = harness.orchestrator.port_in(NUMBER)
    async for _ in onboarding.watch(timedelta(seconds=0.1)):
        if (await onboarding.progress()).ports:
            break
    await until(handle, PortState.INFO_REQUIRED)

    await stop(harness, handle)

    with pytest.raises(OnboardingIncompleteError, match="the port-in ended as CANCELLED"):
        await onboarding.result()


class TestOld:
    @pytest.fixture
    def settings(self) -> ActivitySettings:
        return replace(SETTINGS, port_in_policy=PortInPolicy(max_duration=timedelta(seconds=1)))

    async def test_rejected_cancel_is_sent_at_most_once_per_state(self, harness: Harness) -> None:
        harness.telegent.carrier.set_record(NUMBER, SILENT)
        reject(harness, CANCEL, times=1000)
        handle = await ordered(harness)
        await until(handle, lambda status: "was rejected" in status.attention)
        await polled(harness, handle, 10)

        # Once in each state that it was in.
        assert requests(harness, CANCEL) <= 2


async def test_operators_data_are_accepted_when_data_are_missing(harness: Harness) -> None:
    details = PortInDetails.model_validate(port_in(NUMBER, account_pin=None))
    handle = await harness.orchestrator.start_port_in(PortInRequest(details=details))
    await until(handle, PortState.INFO_REQUIRED)

    await handle.decide(
        OperatorDecision(
            action=OperatorAction.REPLACE_DATA,
            by="operator",
            reason="called the subscriber",
            correction=PortInCorrection(account_pin="482913", by="operator"),
        )
    )

    assert (await handle.result()).state is PortState.COMPLETED


async def test_order_of_another_number_is_not_followed(harness: Harness) -> None:
    other = await harness.orchestrator.start_port_in(
        PortInRequest(details=PortInDetails.model_validate(port_in("+18015550143")))
    )
    order = (await until(other, lambda status: status.order_id is not None)).order_id or ""
    lose(harness, "POST /v1.0/numbers/portin")
    handle = await start(harness)
    await until(handle, PortState.SUBMIT_UNKNOWN)

    await handle.decide(attach(order))
    status = await until(handle, lambda s: "is not followed" in s.timeline[-1].event)

    assert "it is an order of +18015550143" in status.timeline[-1].event
    assert (status.state, status.order_id) == (PortState.SUBMIT_UNKNOWN, None)


async def test_lost_correction_whose_pin_expires_waits_for_a_new_correction(
    harness: Harness,
) -> None:
    handle = await rejected(harness, TRUTH.model_copy(update={"pin": "771204"}))
    lose(harness, UPDATE, times=100)
    obtained = datetime.now(UTC) - timedelta(days=7) + timedelta(seconds=2)
    pin = PortInCorrection(
        account_number="100200301", account_pin="771204", pin_obtained_at=obtained, by="operator"
    )
    await handle.correct(pin)
    await until(handle, PortState.UPDATE_REQUESTED)

    status = await until(handle, PortState.ACTION_REQUIRED)

    assert "waiting for another correction" in [entry.event for entry in status.timeline]
    harness.telegent.faults.clear()
    fresh = PortInCorrection(account_pin="771204", pin_obtained_at=datetime.now(UTC), by="operator")
    await handle.correct(fresh)
    assert (await handle.result()).state is PortState.COMPLETED
