"""Deadlines of a port-in."""

from dataclasses import replace
from datetime import timedelta

import pytest

from activities import ActivitySettings
from activities.port_in.policy import PortInPolicy
from simulator import CarrierRecord
from telegent_orchestrator.port_in import PortInDetails, PortInRequest, PortState
from tests.harness import SETTINGS, Harness
from tests.harness.port_ins import NUMBER, TRUTH, start, until


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
