"""Resets and deletions of workflows, as an operator does them in the Temporal UI."""

from uuid import uuid4

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
)
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
    handle = harness.temporal.get_workflow_handle(workflow_id)
    await handle.terminate()
    await harness.temporal.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=harness.temporal.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
        )
    )

    async def is_deleted() -> bool:
        try:
            await handle.describe()
        except RPCError as error:
            return error.status is RPCStatusCode.NOT_FOUND
        query = f"WorkflowId = '{workflow_id}'"
        return not [run async for run in harness.temporal.list_workflows(query)]

    await wait_until(is_deleted)
