"""Submits that are lost, rejected, or older than their workflow."""

from dataclasses import replace

import pytest

from activities import ActivitySettings
from activities.port_in.policy import PortInPolicy
from simulator import Fault
from simulator.engine.faults import FaultKind
from telegent_orchestrator.port_in import OperatorAction, OperatorDecision, PortInCancel, PortState
from tests.harness import FAST_TIMINGS, SETTINGS, Harness
from tests.harness.port_ins import CORRECTION, attach, in_which_we_let_time_pass, start, until
from tests.harness.resets import delete
from tests.harness.tiers import sampled


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
