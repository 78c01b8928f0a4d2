"""A line change, a port-in and a port-out of one number exclude each other, and say so."""

import pytest
from temporalio.client import WorkflowFailureError

from simulator import CarrierRecord
from telegent_orchestrator.client import LineChangeFailedError
from telegent_orchestrator.client.port_out import PortOutClient
from telegent_orchestrator.port_in import (
    PortInCancel,
    PortInDetails,
    PortInRequest,
    PortState,
)
from telegent_orchestrator.port_out import PortOutCancel, PortOutRequest, PortOutState
from tests.harness import Harness
from tests.harness.line_changes import NUMBER, STATUS, orders, put_in_service, start
from tests.harness.pauses import paused
from tests.harness.payloads import port_in
from tests.harness.port_ins import until
from tests.harness.waiting import wait_until

PORT_OUT = PortOutRequest(
    phone_number=NUMBER, authentication_reference="call-1", pin="918274", by="operator"
)
PORT_IN = PortInRequest(details=PortInDetails.model_validate(port_in(NUMBER)))


def port_outs(harness: Harness) -> PortOutClient:
    return PortOutClient(harness.temporal, id_key=harness.settings.id_key)


async def test_line_change_excludes_port_out_and_port_in(harness: Harness) -> None:
    put_in_service(harness)
    gate = harness.telegent.gates.close(STATUS, "before")
    change = await start(harness, "suspend")
    await gate.reached()

    with pytest.raises(WorkflowFailureError) as failed:
        await (await port_outs(harness).start(PORT_OUT)).result()
    port = await (await harness.orchestrator.start_port_in(PORT_IN)).result()
    gate.release()

    assert f"a line change of this number is open: {change.id}" in str(failed.value.cause)
    assert port.state is PortState.INELIGIBLE
    assert port.reason == f"a line change of this number is open: {change.id}"
    assert harness.telegent.ledger.count("portout.set") == 0
    assert harness.telegent.ledger.count("portin.submitted") == 0
    assert (await change.result()).changed


async def test_port_out_excludes_line_change_and_port_in(harness: Harness) -> None:
    put_in_service(harness)
    port_out = await port_outs(harness).start(PORT_OUT)
    await wait_until(port_out.status, lambda status: status.state is PortOutState.PIN_ISSUED)

    with pytest.raises(LineChangeFailedError, match=f"a port-out .* is open: {port_out.id}"):
        await (await start(harness, "suspend")).result()
    port = await (await harness.orchestrator.start_port_in(PORT_IN)).result()

    assert port.state is PortState.INELIGIBLE
    assert f"a port-out of this number is open: {port_out.id}" in port.reason
    assert orders(harness, "park") == 0

    await port_out.cancel(PortOutCancel(by="operator", reason="stays"))
    await port_out.result()
    assert (await (await start(harness, "suspend")).result()).changed


async def test_paused_port_out_excludes_line_change(harness: Harness) -> None:
    put_in_service(harness)
    port_out = await port_outs(harness).start(PORT_OUT)
    await wait_until(port_out.status, lambda status: status.state is PortOutState.PIN_ISSUED)

    async with paused(harness.temporal, port_out.id):
        with pytest.raises(LineChangeFailedError, match=f"a port-out .* is open: {port_out.id}"):
            await (await start(harness, "suspend")).result()

    assert orders(harness, "park") == 0
    await port_out.cancel(PortOutCancel(by="operator", reason="stays"))


async def test_port_in_excludes_line_change_and_port_out(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    port = await harness.orchestrator.start_port_in(PORT_IN)
    await until(port, PortState.SUBMITTED)

    with pytest.raises(LineChangeFailedError, match=f"a port-in .* is open: {port.id}"):
        await (await start(harness, "suspend")).result()
    with pytest.raises(WorkflowFailureError) as failed:
        await (await port_outs(harness).start(PORT_OUT)).result()

    assert f"a port-in of this number is open: {port.id}" in str(failed.value.cause)
    await port.cancel(PortInCancel(by="operator", reason="the end of the test"))
