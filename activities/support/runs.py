"""What Temporal shows of the runs of a workflow."""

from datetime import datetime, timedelta
from typing import Any

from temporalio.client import (
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


async def recorded_number(line: WorkflowHandle[Any, LineResult]) -> str | None:
    """Returns the number of a line that has ended; None when it has none, or released it."""
    try:
        return (await line.result()).phone_number
    except WorkflowFailureError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError) and cause.type == "LineFailed" and cause.details:
            return LineResult.model_validate(cause.details[0]).phone_number
        return None
