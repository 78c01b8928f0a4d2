"""Lines of IoT devices and ported landlines, from the request to the simulator's ledger."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities import ActivitySettings
from simulator import CarrierRecord, CarrierSetup, SimulatorOptions
from telegent_orchestrator.client import OnboardingHandle, OnboardingProgress
from telegent_orchestrator.onboarding import OnboardingResult
from telegent_orchestrator.port_in import PortInCorrection, PortState
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.harness.payloads import line, port_in, single
from tests.harness.port_ins import NUMBER
from tests.harness.waiting import wait_until
from tests.workflows.onboarding.ledgers import onboard

ICCID = "8901240397190195850"
OPTIONS = SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS), target_classification="oas")


@pytest.fixture
def options() -> SimulatorOptions:
    return OPTIONS


async def onboard_line(harness: Harness, **changes: Any) -> OnboardingResult:
    return await onboard(harness, single(lines=[line("first", "one", **changes)]))


class TestIot:
    async def test_new_number_and_its_subscription_are_iot(self, harness: Harness) -> None:
        number = {"kind": "new", "classification": "iot", "iccid": ICCID}

        result = await onboard_line(harness, number=number, product_type="Data-Only")

        assert result.complete
        assert result.lines[0].iccid == ICCID
        assert result.lines[0].activation_code is None
        [bought] = harness.telegent.ledger.by_kind("number.provisioned")
        assert (bought.data["classification"], bought.data["iccid"]) == ("IoT", ICCID)
        [subscription] = harness.telegent.ledger.by_kind("subscription.created")
        assert subscription.data["type"] == "iot"

    async def test_ported_number_and_its_subscription_are_iot(self, harness: Harness) -> None:
        number = port_in(NUMBER, classification="iot", iccid=ICCID) | {"kind": "port_in"}

        result = await onboard_line(harness, number=number, product_type="Sms+Data")

        assert result.complete
        assert result.lines[0].activation_code is None
        [bound] = harness.telegent.ledger.by_kind("number.updated")
        assert (bound.data["classification"], bound.data["iccid"]) == ("IoT", ICCID)
        assert "Classification" in bound.data["fields"]
        [subscription] = harness.telegent.ledger.by_kind("subscription.created")
        assert subscription.data["type"] == "iot"


class TestCapitalizedTypes:
    @pytest.fixture
    def settings(self) -> ActivitySettings:
        return replace(SETTINGS, capitalized_subscription_types=True)

    async def test_type_of_a_subscription_is_spelled_as_the_setting_says(
        self, harness: Harness
    ) -> None:
        await onboard_line(harness)

        [subscription] = harness.telegent.ledger.by_kind("subscription.created")
        assert subscription.data["type"] == "Mvno"


class TestLandline:
    """A landline has a date, and mostly no PIN."""

    @pytest.fixture
    def number(self) -> dict[str, Any]:
        wanted = datetime.now(UTC).date() + timedelta(days=10)
        return port_in(NUMBER, port_in_date=wanted, account_pin=None) | {"kind": "port_in"}

    async def test_port_without_a_pin_completes(
        self, harness: Harness, number: dict[str, Any]
    ) -> None:
        result = await onboard_line(harness, number=number)

        assert result.complete
        assert harness.telegent.ledger.count("portin.submitted") == 1
        assert harness.telegent.ledger.count("portin.rejected") == 0

    async def test_port_with_a_pin_sends_it(self, harness: Harness, number: dict[str, Any]) -> None:
        harness.telegent.carrier.set_record(NUMBER, CarrierRecord(pin="482913"))

        result = await onboard_line(harness, number=number | {"account_pin": "482913"})

        assert result.complete
        assert harness.telegent.ledger.count("portin.rejected") == 0

    async def test_losing_carrier_that_wants_a_pin_gets_one(
        self, harness: Harness, number: dict[str, Any]
    ) -> None:
        harness.telegent.carrier.set_record(NUMBER, CarrierRecord(pin="482913"))
        handle = await start_line(harness, number)

        await send_pin_asked_for(harness, handle, PortState.ACTION_REQUIRED, "PIN_REQUIRED")

        assert (await handle.result()).complete
        assert harness.telegent.ledger.count("portin.updated") == 1


class TestLandlineWhereTelegentWantsAPin:
    number = TestLandline.number

    @pytest.fixture
    def options(self) -> SimulatorOptions:
        return OPTIONS.model_copy(update={"port_in_pin": "required"})

    async def test_refused_submit_asks_for_the_pin(
        self, harness: Harness, number: dict[str, Any]
    ) -> None:
        handle = await start_line(harness, number)

        await send_pin_asked_for(harness, handle, PortState.ACTION_REQUIRED, "PIN_REQUIRED")

        assert (await handle.result()).complete
        assert harness.telegent.ledger.count("portin.submitted") == 1

    class TestKnown:
        """The setting says so."""

        @pytest.fixture
        def settings(self) -> ActivitySettings:
            return replace(SETTINGS, wireline_pin_required=True)

        async def test_missing_pin_is_reported_before_the_submit(
            self, harness: Harness, number: dict[str, Any]
        ) -> None:
            handle = await start_line(harness, number)

            await send_pin_asked_for(harness, handle, PortState.INFO_REQUIRED, "")

            assert (await handle.result()).complete
            submits = [e for e in harness.telegent.requests if e.path == "/v1.0/numbers/portin"]
            assert len(submits) == 1


async def start_line(harness: Harness, number: dict[str, Any]) -> OnboardingHandle:
    return await harness.onboard(single(lines=[line("first", "one", number=number)]))


async def send_pin_asked_for(
    harness: Harness, handle: OnboardingHandle, state: PortState, reason: str
) -> None:
    def is_in_state(progress: OnboardingProgress) -> bool:
        return any(port.state is state for port in progress.ports.values())

    progress = await wait_until(handle.progress, is_in_state)
    status = progress.ports["first"]
    assert (status.reason, status.fields_to_correct) == (reason, ["account_pin"])
    correction = PortInCorrection(account_pin="482913", by="desk")
    await harness.orchestrator.port_in(NUMBER).correct(correction)
