"""Check that this build can continue the open workflows, by replaying them without side effects."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pydantic
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Replayer

from worker.errors import WorkerError
from worker.run import workflow_runner
from workflows.registry import WORKFLOWS
from workflows.support.resets import ResetInterceptor

OPEN_WORKFLOWS_QUERY = "ExecutionStatus = 'Running' AND WorkflowType IN ({})"
_SDK_MESSAGE = re.compile(r"\[TMPRL\d+\] [^\"]+")


@dataclass(frozen=True)
class ReplayResult:
    """The replay of one open workflow.

    Attributes:
        error: Why this build cannot continue it, or None if it can.
    """

    workflow_id: str
    error: str | None


async def replay_open_workflows(client: Client) -> AsyncIterator[ReplayResult]:
    """Replay every open workflow.

    Raises:
        WorkerError: Temporal cannot be queried.
    """
    replayer = Replayer(
        workflows=WORKFLOWS,
        namespace=client.namespace,
        data_converter=client.data_converter,
        workflow_runner=workflow_runner(),
        interceptors=[ResetInterceptor()],
        workflow_failure_exception_types=[pydantic.ValidationError],
        runtime=client.service_client.config.runtime,
    )
    types = ", ".join(f"'{workflow.__name__}'" for workflow in WORKFLOWS)
    executions = client.list_workflows(OPEN_WORKFLOWS_QUERY.format(types))
    try:
        async with replayer.workflow_replay_iterator(executions.map_histories()) as results:
            async for result in results:
                yield ReplayResult(
                    result.history.workflow_id, _failure_message(result.replay_failure)
                )
    except RPCError as error:
        raise WorkerError(f"the open workflows cannot be read: {error.message}") from error


def _failure_message(failure: Exception | None) -> str | None:
    if failure is None:
        return None
    # The SDK wraps its message in a dump of its own structures.
    message = _SDK_MESSAGE.search(str(failure))
    return message[0] if message else f"{type(failure).__name__}: {str(failure)[:300]}"
