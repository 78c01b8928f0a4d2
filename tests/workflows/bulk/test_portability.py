"""A check of numbers that Telegent does not answer ends in time, and says why for each."""

from datetime import timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.port_in.orders import Eligibility
from activities.support.outcomes import Outcome
from simulator import ManualClock
from telegent_orchestrator.names import API_TASK_QUEUE, TASK_QUEUE
from telegent_orchestrator.portability import NumberToCheck, PortabilityRequest
from tests.harness.time_skipping import ClockSync, time_skipper
from worker.run import workflow_runner
from workflows.bulk.portability_workflow import (
    CHECK_TIMEOUT,
    MAX_CONCURRENT_CHECKS,
    PortabilityWorkflow,
)


@activity.defn
async def check_port_eligibility(number: str, classification: str, landline: bool) -> Eligibility:
    if number.endswith("0"):
        return Eligibility(eligible=True)
    raise ApplicationError("not sent: connection refused", type=Outcome.NOT_SENT)


async def test_check_ends_after_an_hour_and_says_what_it_does_not_know(temporal: Client) -> None:
    numbers = [f"+1801555015{at}" for at in range(MAX_CONCURRENT_CHECKS + 3)]
    skipping = await time_skipper(temporal, ClockSync(ManualClock()))
    async with (
        Worker(
            skipping.client,
            task_queue=TASK_QUEUE,
            workflows=[PortabilityWorkflow],
            workflow_runner=workflow_runner(),
        ),
        Worker(skipping.client, task_queue=API_TASK_QUEUE, activities=[check_port_eligibility]),
    ):
        handle = await skipping.client.start_workflow(
            PortabilityWorkflow.run,
            PortabilityRequest(numbers=[NumberToCheck(phone_number=each) for each in numbers]),
            id="check",
            task_queue=TASK_QUEUE,
        )
        found = (await handle.result()).numbers
        ran = await handle.describe()

    assert [each.phone_number for each in found] == numbers
    assert [each.portable for each in found] == [True, *[None] * (len(numbers) - 1)]
    assert {each.detail for each in found[1:]} == {"not sent: connection refused"}
    assert ran.close_time
    took = ran.close_time - ran.start_time
    assert CHECK_TIMEOUT - timedelta(minutes=10) <= took <= CHECK_TIMEOUT
