"""Pauses of workflows, as an operator makes them in the Temporal UI."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.api.workflowservice.v1 import (
    PauseWorkflowExecutionRequest,
    UnpauseWorkflowExecutionRequest,
)
from temporalio.client import Client


@asynccontextmanager
async def paused(temporal: Client, workflow_id: str) -> AsyncIterator[None]:
    """Pauses a workflow while the block runs: what it waits for may happen meanwhile."""
    service, namespace = temporal.workflow_service, temporal.namespace
    await service.pause_workflow_execution(
        PauseWorkflowExecutionRequest(namespace=namespace, workflow_id=workflow_id)
    )
    yield
    await service.unpause_workflow_execution(
        UnpauseWorkflowExecutionRequest(namespace=namespace, workflow_id=workflow_id)
    )
