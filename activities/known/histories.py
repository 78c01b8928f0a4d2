"""Reads workflows from Temporal: a list of them, and of each what it was given and has returned.

A query of each would replay its whole history.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    GetWorkflowExecutionHistoryRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.names import SUMMARY_MEMO
from telegent_orchestrator.progress import ExecutionSummary

PAGE_SIZE = 1000
MAX_CONCURRENT_READS = 8
_NOT_ALLOWED = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)
_CLOSE_EVENT = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
_ALL_EVENTS = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT

Model = TypeVar("Model", bound=WireModel)


class Histories:
    """The workflows of a namespace.

    Attributes:
        unreadable: How many payloads could not be read, for example without their key.
    """

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_READS)
        self.unreadable = 0

    async def retention(self) -> timedelta | None:
        """How long closed workflows are kept; None if this client may not read that."""
        request = DescribeNamespaceRequest(namespace=self._temporal.namespace)
        try:
            response = await self._temporal.workflow_service.describe_namespace(request, retry=True)
        except RPCError as error:
            if error.status in _NOT_ALLOWED:
                return None
            raise
        return response.config.workflow_execution_retention_ttl.ToTimedelta()

    async def list(self, workflow_type: str) -> list[WorkflowExecutionInfo]:
        """Every run of a type, in the order of their starts."""
        found: list[WorkflowExecutionInfo] = []
        page = b""
        while True:
            # `list_workflows` of temporalio 1.35 fails on a paused workflow.
            response = await self._temporal.workflow_service.list_workflow_executions(
                ListWorkflowExecutionsRequest(
                    namespace=self._temporal.namespace,
                    query=f"WorkflowType = '{workflow_type}'",
                    page_size=PAGE_SIZE,
                    next_page_token=page,
                ),
                retry=True,
            )
            found += response.executions
            page = response.next_page_token
            if not page:
                return sorted(found, key=lambda info: info.start_time.ToNanoseconds())

    async def given(self, run: WorkflowExecution, model: type[Model]) -> Model | None:
        """The argument of a run; None if it cannot be read. Without a run id: of the latest."""
        for event in await self._events(run, _ALL_EVENTS):
            started = event.workflow_execution_started_event_attributes
            return await self._decode(started.input.payloads, model)
        return None

    async def returned(self, run: WorkflowExecution, model: type[Model]) -> Model | None:
        """The result of a run that has ended, or the first detail of its failure; None if it ended
        without."""
        for event in await self._events(run, _CLOSE_EVENT):
            if event.HasField("workflow_execution_completed_event_attributes"):
                completed = event.workflow_execution_completed_event_attributes
                return await self._decode(completed.result.payloads, model)
            if event.HasField("workflow_execution_failed_event_attributes"):
                failure = event.workflow_execution_failed_event_attributes.failure
                return await self._decode(failure.application_failure_info.details.payloads, model)
        return None

    async def summary(self, info: WorkflowExecutionInfo) -> ExecutionSummary | None:
        """The memo that lists show; None if there is none."""
        payload = info.memo.fields.get(SUMMARY_MEMO)
        return await self._decode([payload], ExecutionSummary) if payload else None

    async def _events(
        self, run: WorkflowExecution, which: HistoryEventFilterType.ValueType
    ) -> Sequence[HistoryEvent]:
        """The first event of a history, or its last one."""
        async with self._slots:
            try:
                response = await self._temporal.workflow_service.get_workflow_execution_history(
                    GetWorkflowExecutionHistoryRequest(
                        namespace=self._temporal.namespace,
                        execution=run,
                        maximum_page_size=1,
                        history_event_filter_type=which,
                    ),
                    retry=True,
                )
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    # Its retention has ended since it was listed.
                    return ()
                raise
        return response.history.events

    async def _decode(self, payloads: Sequence[Payload], model: type[Model]) -> Model | None:
        if not payloads:
            return None
        try:
            [value] = await self._temporal.data_converter.decode(list(payloads[:1]), [model])
        except Exception:
            # A key that is missing, or a payload of another version: one line of thousands.
            value = None
        if isinstance(value, model):
            return value
        self.unreadable += 1
        return None
