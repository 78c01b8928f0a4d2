"""What a child tells its parent arrives in the order in which it happened."""

import asyncio

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from simulator import CarrierRecord
from telegent_orchestrator.port_in import PortInCancel, PortState
from telegent_orchestrator.progress import StepState
from tests.harness import Harness
from tests.harness.payloads import line, port_in, single
from workflows.support.messages import CHILD_UPDATED_SIGNAL, ChildUpdate

NUMBER = "+18015550142"
SENT = EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
ARRIVED = EventType.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED


async def test_child_updates_are_forwarded_in_order(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    number = {"kind": "port_in", **port_in(NUMBER)}
    onboarding = await harness.onboard(single("news", lines=[line("ported", "one", number=number)]))
    port = harness.orchestrator.port_in(NUMBER)
    async for now in onboarding.watch():
        if now.ports and now.ports["ported"].state is PortState.SUBMITTED:
            break

    states = [StepState.RUNNING, StepState.NEEDS_OPERATOR] * 10
    updates = [ChildUpdate(key="port-in", state=s, detail=f"{at}") for at, s in enumerate(states)]
    of_line: WorkflowHandle[object, object] = harness.temporal.get_workflow_handle(
        f"{onboarding.id}:line-ported"
    )
    await asyncio.gather(*(of_line.signal(CHILD_UPDATED_SIGNAL, each) for each in updates))
    await port.cancel(PortInCancel(by="operator", reason="the subscriber stays"))
    await port.result()
    await asyncio.wait([asyncio.create_task(onboarding.result())])

    in_flight = peak = 0
    async for event in of_line.fetch_history_events():
        in_flight += (event.event_type == SENT) - (event.event_type == ARRIVED)
        peak = max(peak, in_flight)
    assert peak == 1
