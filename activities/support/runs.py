"""What Temporal shows of the runs of a workflow."""

from datetime import datetime, timedelta
from typing import Any

from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.lines import EPOCH, LineResult

VISIBILITY_LAG = timedelta(seconds=10)
"""How long Temporal's list of workflows may take to show a run that has just started."""
CLEAN_CLOSE_STATUSES = (
    WorkflowExecutionStatus.COMPLETED,
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.CANCELED,
)


async def describe(workflow: WorkflowHandle[Any, Any]) -> WorkflowExecutionDescription | None:
    """The latest run of a workflow; None if it does not exist."""
    try:
        return await workflow.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


def began_at(run: WorkflowExecution) -> datetime:
    """When a run may have created its first resource.

    A run that ended before its delayed start has created nothing. The runbook starts one in place
    of those that were lost with Temporal's database, about whose times nothing is known.
    """
    starts_at = run.execution_time or run.start_time
    return EPOCH if run.close_time and run.close_time < starts_at else run.start_time


async def terminate_orphan(temporal: Client, child: WorkflowExecutionDescription) -> bool:
    """Terminates an open child workflow that the latest run of its parent does not know.

    A reset keeps the children of the run that it ends open, also those that start after the reset
    point. The new run has not started them, and cannot: Temporal says that they exist.

    Returns:
        Whether it was such a child, and has been terminated.
    """
    if child.parent_id:
        parent = await describe(temporal.get_workflow_handle(child.parent_id))
        children = parent.raw_description.pending_children if parent else ()
        if child.id in [known.workflow_id for known in children]:
            return False
    try:
        await temporal.get_workflow_handle(child.id, run_id=child.run_id).terminate(
            reason="its parent was reset, and does not know it"
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        # It has ended since it was described.
        return False
    return True


async def recorded_number(line: WorkflowHandle[Any, LineResult]) -> str | None:
    """Returns the number of a line that has ended; None when it has none, or released it."""
    try:
        return (await line.result()).phone_number
    except WorkflowFailureError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError) and cause.type == "LineFailed" and cause.details:
            return LineResult.model_validate(cause.details[0]).phone_number
        return None
