"""Temporal's clock, as far as a client can read it, compared with that of this machine.

No call returns the server's time. It is recorded for each poll of a task queue, so this polls one
that has no tasks, and reads when the server saw it.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    PollActivityTaskQueueRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

UNUSED_QUEUE = "telegent-doctor"
POLL_TIMEOUT = timedelta(seconds=20)
"""The server rejects polls that end much sooner."""
INTERVAL = 0.05


@dataclass(frozen=True)
class ServerTime:
    """The server's time of an event between two local times."""

    before: datetime
    server: datetime
    after: datetime

    @property
    def difference(self) -> timedelta:
        """How far our clock is ahead of the server's, at least; negative if it is behind."""
        if self.server < self.before:
            return self.before - self.server
        return min(self.after - self.server, timedelta())


async def read_server_time(temporal: Client) -> ServerTime | None:
    """Read Temporal's clock; None if this client may not poll task queues."""
    queue, identity = TaskQueue(name=UNUSED_QUEUE), f"tgo doctor {uuid4()}"
    before = datetime.now(UTC)
    poll = asyncio.create_task(
        temporal.workflow_service.poll_activity_task_queue(
            PollActivityTaskQueueRequest(
                namespace=temporal.namespace, task_queue=queue, identity=identity
            ),
            timeout=POLL_TIMEOUT,
        )
    )
    try:
        while not poll.done():
            response = await temporal.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=temporal.namespace,
                    task_queue=queue,
                    task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
                )
            )
            for poller in response.pollers:
                if poller.identity == identity:
                    server = poller.last_access_time.ToDatetime(UTC)
                    return ServerTime(before, server, datetime.now(UTC))
            await asyncio.sleep(INTERVAL)
        await poll
    except RPCError as error:
        if error.status is not RPCStatusCode.PERMISSION_DENIED:
            raise
    finally:
        poll.cancel()
    return None
