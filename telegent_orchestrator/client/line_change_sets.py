"""Sets of line changes: start, watch, wait for the result."""

from typing import Any

from temporalio.client import Client, WorkflowHandle

from telegent_orchestrator.client._calls import query, start_again_or_join
from telegent_orchestrator.client._startable import LINE_CHANGE_SET
from telegent_orchestrator.client.executions import Execution, describe
from telegent_orchestrator.line_change_sets import (
    LineChangeSetRequest,
    LineChangeSetResult,
    line_change_set_id,
)


class LineChangeSetClient:
    """Starts and finds sets of line changes; the Temporal client is as for `Orchestrator`."""

    def __init__(self, temporal: Client, *, id_key: str = "") -> None:
        self._temporal = temporal
        self._id_key = id_key

    async def start(self, request: LineChangeSetRequest) -> "LineChangeSetHandle":
        """Start a set, or join the open one with the same reference and the same request.

        After a set that has ended this starts it again; a line that is as requested already is not
        changed.

        Raises:
            RequestConflictError: The open set with this reference has another request.
        """
        handle = self.get(request.reference)
        handle.joined = await start_again_or_join(
            self._temporal, LINE_CHANGE_SET, request, self._id_key
        )
        return handle

    def get(self, reference: str) -> "LineChangeSetHandle":
        """The latest set with this reference."""
        return LineChangeSetHandle(self._temporal, reference)


class LineChangeSetHandle:
    """One set of line changes.

    Attributes:
        id: The workflow id.
        reference: Its reference.
        joined: Whether the start found an open set with the same request.
    """

    def __init__(self, temporal: Client, reference: str) -> None:
        self._temporal = temporal
        self.reference = reference
        self.id = line_change_set_id(reference)
        self.joined = False

    async def execution(self) -> Execution:
        """Whether it is running or how it ended. Needs no worker."""
        return await describe(self._temporal, self.id)

    async def status(self) -> LineChangeSetResult:
        """The state of each line."""
        return await query(self._temporal, self.id, LineChangeSetResult)

    async def cancel(self) -> None:
        """Start no more line changes, and cancel those that are not sent yet."""
        await self._handle().cancel()

    async def result(self) -> LineChangeSetResult:
        """Wait until every line change has ended, also unsuccessfully."""
        return await self._handle().result()

    def _handle(self) -> WorkflowHandle[Any, LineChangeSetResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=LineChangeSetResult)
