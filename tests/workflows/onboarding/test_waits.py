"""Onboardings that wait: for an order, and for a port-in that was open before."""

import asyncio
import contextlib

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.service import RPCError

from simulator import CarrierSetup, Fault, SimulatorOptions
from simulator.engine.faults import FaultKind
from telegent_orchestrator.client import OnboardingHandle, OnboardingIncompleteError
from telegent_orchestrator.names import line_id
from telegent_orchestrator.port_in import NumberBinding, PortInDetails, PortInRequest
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.harness.payloads import line, new_subscriber, port_in, single
from tests.harness.waiting import TEST_TIMEOUT
from tests.workflows.onboarding.ledgers import onboard


async def joined(harness: Harness, handle: OnboardingHandle) -> None:
    """Returns when the line "ported" waits for a port-in that was open before."""
    async with asyncio.timeout(TEST_TIMEOUT):
        while True:
            reference = (await handle.status()).reference
            workflow = harness.temporal.get_workflow_handle(line_id(reference, "ported"))
            with contextlib.suppress(RPCError):
                pending = (await workflow.describe()).raw_description.pending_activities
                if any(waits.activity_type.name == "await_end_or_operator" for waits in pending):
                    return
            await asyncio.sleep(0.05)


class TestAPortInThatWasOpenBefore:
    @pytest.fixture
    def options(self) -> SimulatorOptions:
        return SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS), manual_clock=True)

    async def test_port_in_outlives_its_onboarding_and_is_joined(self, harness: Harness) -> None:
        number = port_in() | {"kind": "port_in"}
        request = single(lines=[line("ported", "one", number=number)])
        handle = await harness.onboard(request)
        async for now in handle.watch():
            if now.ports and now.ports["ported"].order_id:
                break
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()

        port_id = harness.orchestrator.port_in(number["phone_number"]).id
        port = harness.temporal.get_workflow_handle(port_id)
        assert (await port.describe()).status == WorkflowExecutionStatus.RUNNING
        again = await harness.onboard(request)
        await joined(harness, again)
        harness.advance(FAST_TIMINGS.complete_after)
        result = await asyncio.wait_for(again.result(), TEST_TIMEOUT)

        assert result.complete
        assert harness.telegent.ledger.count("portin.submitted") == 1
        assert harness.telegent.ledger.count("subscriber.created") == 1

    async def test_line_joins_a_port_in_started_alone(self, harness: Harness) -> None:
        details = PortInDetails.model_validate(port_in())
        await harness.orchestrator.start_port_in(PortInRequest(details=details))
        number = port_in() | {"kind": "port_in"}

        handle = await harness.onboard(single(lines=[line("ported", "one", number=number)]))
        await joined(harness, handle)
        harness.advance(FAST_TIMINGS.complete_after)
        result = await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

        assert result.complete
        assert harness.telegent.ledger.count("portin.submitted") == 1
        [bound] = harness.telegent.ledger.by_kind("number.updated")
        assert result.subscriber_ids["one"] in map(str, bound.data.values())

    async def test_port_in_of_another_subscriber_is_not_joined(self, harness: Harness) -> None:
        subscribers = [new_subscriber("one", email="other@example.com")]
        elsewhere = await onboard(harness, single("other", subscribers=subscribers, lines=[]))
        owner = elsewhere.subscriber_ids["one"]
        other = NumberBinding(
            account_id=elsewhere.account_id,
            subscriber_id=owner,
            product_type="Sms-Only",
            message_type="p2p",
            message_route_id=elsewhere.message_route_id,
        )
        details = PortInDetails.model_validate(port_in())
        await harness.orchestrator.start_port_in(PortInRequest(details=details, bind=other))
        number = port_in() | {"kind": "port_in"}

        handle = await harness.onboard(single(lines=[line("ported", "one", number=number)]))
        await joined(harness, handle)
        harness.advance(FAST_TIMINGS.complete_after)
        with pytest.raises(OnboardingIncompleteError, match=f"to subscriber {owner}"):
            await asyncio.wait_for(handle.result(), TEST_TIMEOUT)

        assert harness.telegent.ledger.count("number.updated") == 1
        assert harness.telegent.ledger.count("subscription.created") == 0


class TestAsynchronousProvisioning:
    @pytest.fixture
    def options(self) -> SimulatorOptions:
        return SimulatorOptions(async_provisioning=SETTINGS.purchase_lag.total_seconds() / 2)

    @pytest.mark.parametrize("kind", ["delay_response", "drop_response"])
    async def test_line_waits_for_the_number_of_a_slow_order(
        self, harness: Harness, kind: FaultKind
    ) -> None:
        harness.telegent.faults.add(
            Fault(match="POST /v1.0/numbers/provision", kind=kind, seconds=0.1)
        )

        result = await onboard(harness, single())

        assert result.complete
        assert result.lines[0].number_id
        assert (result.lines[0].activation_code or "").startswith("LPA:1$")
        assert harness.telegent.ledger.count("number.provisioned") == 1
