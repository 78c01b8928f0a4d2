"""A worker that is suspended, as on a machine that sleeps or migrates, and then resumes."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import ActivityFailureError, Client
from temporalio.common import RetryPolicy

from activities.onboarding.accounts import AccountActivities, CreateAccount
from resilience.harness.chaos_stack import chaos_stack
from resilience.harness.customer import create_customer
from simulator import Simulator
from telegent_orchestrator.names import API_TASK_QUEUE
from telegent_orchestrator.onboarding import NewAccount
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.resilience

TIMES_OUT = timedelta(seconds=2)
TASK_FAILED = "Completing activity as failed"
"""What the SDK logs when an activity has ended with an error."""


async def polls(client: Client) -> None:
    """Returns when a worker asks for calls."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=API_TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    await wait_until(
        lambda: client.workflow_service.describe_task_queue(request), lambda queue: queue.pollers
    )


async def test_resumed_worker_does_not_send_a_timed_out_call(tmp_path: Path) -> None:
    account = create_customer(1).request.account
    assert isinstance(account, NewAccount)
    async with chaos_stack(tmp_path, Simulator()) as stack:
        worker = await stack.add_worker()
        await polls(stack.client)
        # Tasks that Temporal dispatches now wait in the connection until the worker resumes.
        worker.suspend()
        late = await stack.client.start_activity(
            AccountActivities.create_account,
            args=[CreateAccount(marked_name="late", account=account)],
            id=str(uuid.uuid4()),
            task_queue=API_TASK_QUEUE,
            start_to_close_timeout=TIMES_OUT,
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
        with pytest.raises(ActivityFailureError):
            await late.result()
        worker.resume()
        await wait_until(
            lambda: TASK_FAILED in worker.child.log.read_text() or stack.simulator.requests
        )

        assert stack.simulator.requests == []
        assert stack.simulator.ledger.rows == []
