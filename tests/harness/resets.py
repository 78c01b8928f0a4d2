"""Resets and deletions of workflows, as an operator does them in the Temporal UI."""

import contextlib
from uuid import uuid4

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from tests.harness.environment import TASK_COMPLETED, Harness
from tests.harness.waiting import wait_until


async def reset(
    harness: Harness, workflow_id: str, before: str | None = None, *, within: int = 0
) -> str:
    """Resets to the task that scheduled this activity, to the last within so many events, or to the
    first; returns the new run."""
    handle = harness.temporal.get_workflow_handle(workflow_id)
    events = (await handle.fetch_history()).events
    scheduled = next(
        (
            event.activity_task_scheduled_event_attributes.workflow_task_completed_event_id
            for event in events
            if event.activity_task_scheduled_event_attributes.activity_type.name == before
        ),
        None,
    )
    tasks = [event.event_id for event in events if event.event_type == TASK_COMPLETED]
    last = max((task for task in tasks if task <= within), default=tasks[0])
    response = await harness.temporal.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=harness.temporal.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            reason="test",
            workflow_task_finish_event_id=scheduled or last,
            request_id=str(uuid4()),
        )
    )
    return response.run_id


async def delete(harness: Harness, workflow_id: str) -> None:
    """Deletes a workflow with everything that Temporal knows of it."""
    await delete_all(harness.temporal, f"WorkflowId = '{workflow_id}'")


async def delete_all(client: Client, query: str = "") -> None:
    """Deletes the workflows of a query, and those that they start meanwhile."""
    seen: set[tuple[str, str]] = set()

    async def are_gone() -> bool:
        listed = {(run.id, run.run_id or "") async for run in client.list_workflows(query)}
        seen.update(listed)
        # A workflow can be off the list and still be joined by a start.
        left = [run for run in seen if run in listed or await _exists(client, *run)]
        for workflow_id, run_id in left:
            one = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
            with contextlib.suppress(RPCError):  # it is gone already
                await client.workflow_service.delete_workflow_execution(
                    DeleteWorkflowExecutionRequest(
                        namespace=client.namespace, workflow_execution=one
                    )
                )
        return not left

    await wait_until(are_gone)


async def _exists(client: Client, workflow_id: str, run_id: str) -> bool:
    try:
        await client.get_workflow_handle(workflow_id, run_id=run_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True
