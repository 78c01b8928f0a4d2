"""Workflows of another namespace that call the Nexus service."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import NexusOperationError

with workflow.unsafe.imports_passed_through():
    from telegent_orchestrator.nexus import TelegentOrchestrator
    from tests.harness.payloads import single
    from tests.harness.waiting import TEST_TIMEOUT

NAMESPACE = QUEUE = "others"
ENDPOINT = "telegent"


@workflow.defn
class Calls:
    """Calls one operation with plain JSON, as another language would."""

    @workflow.run
    async def run(self, operation: str, argument: Any) -> Any:
        service = workflow.create_nexus_client(
            service=TelegentOrchestrator.__name__, endpoint=ENDPOINT
        )
        return await service.execute_operation(operation, argument, output_type=object)


async def start(others: Client, operation: str, argument: object) -> WorkflowHandle[Calls, Any]:
    return await others.start_workflow(
        Calls.run,
        args=[operation, argument],
        id=uuid4().hex,
        task_queue=QUEUE,
        execution_timeout=timedelta(seconds=TEST_TIMEOUT),
    )


async def call(others: Client, operation: str, argument: object) -> Any:
    return await (await start(others, operation, argument)).result()


async def refusal(others: Client, operation: str, argument: object) -> BaseException:
    """Why the operation failed. It is not tried again: the caller's workflow would time out."""
    with pytest.raises(WorkflowFailureError) as caught:
        await call(others, operation, argument)
    assert isinstance(caught.value.cause, NexusOperationError)
    assert caught.value.cause.cause
    return caught.value.cause.cause


def wanted(reference: str, **changes: Any) -> dict[str, Any]:
    subscribers = [{"key": "one", "name": "One", "email": f"{reference}@example.com"}]
    subscribers[0]["password"] = "change-me-first"
    request = single(reference, subscribers=subscribers, **changes)
    return request.model_dump(mode="json", exclude_none=True)
