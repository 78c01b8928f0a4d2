"""What Temporal itself knows of our workflows, and how to find them by it.

Nothing here is encrypted, and no worker is asked: it works when none is running.
"""

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import AwareDatetime
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.converter import decode_typed_search_attributes

from telegent_orchestrator import names
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import BULK_BATCH_WORKFLOW, BULK_WORKFLOW
from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.port_out import PORT_OUT_WORKFLOW


class WorkflowKind(StrEnum):
    """A workflow that people look for."""

    ONBOARDING = "onboarding"
    LINE = "line"
    PORT_IN = "port-in"
    PORT_OUT = "port-out"
    BULK = "bulk"
    BULK_BATCH = "bulk-batch"


class ExecutionStatus(StrEnum):
    """Whether a workflow is running, or how it ended."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"
    TIMED_OUT = "timed-out"
    CONTINUED = "continued"


class Execution(WireModel):
    """One workflow. `port_state` is that of a port-in, or with `PORT_OUT_` that of a port-out.

    `port_state_entered_at`: when the port-in entered it. `needs_action_since`: the minute since
    which it waits for a person. `parent_id`: the workflow that has started it.
    """

    kind: WorkflowKind | None
    workflow_id: str
    status: ExecutionStatus
    step: str | None = None
    port_state: str | None = None
    port_state_entered_at: datetime | None = None
    needs_action_since: datetime | None = None
    account_id: str | None = None
    order_id: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    parent_id: str | None = None


class ExecutionFilter(WireModel):
    """Which workflows to find: all that fit every filter that is given.

    `kinds`: when none is given, those that are started by themselves; with `needs_action` also
    lines, which may ask. `port_states`: as in `Execution`. `needs_action`: what waits for a person.
    `step`: as `tgo list` shows it. `started_after`: started at or after this moment;
    `state_entered_before`: ports that have not left their state after this one.
    """

    kinds: list[WorkflowKind] = []
    statuses: list[ExecutionStatus] = []
    port_states: list[str] = []
    needs_action: bool = False
    account_id: str | None = None
    order_id: str | None = None
    step: str | None = None
    started_after: AwareDatetime | None = None
    state_entered_before: AwareDatetime | None = None


class ExecutionList(WireModel):
    """What was found: `total` is how many there are, of which `executions` may be a part."""

    executions: list[Execution]
    total: int


WORKFLOW_TYPES = {
    WorkflowKind.ONBOARDING: names.ONBOARDING_WORKFLOW,
    WorkflowKind.LINE: names.LINE_WORKFLOW,
    WorkflowKind.PORT_IN: names.PORT_IN_WORKFLOW,
    WorkflowKind.PORT_OUT: PORT_OUT_WORKFLOW,
    WorkflowKind.BULK: BULK_WORKFLOW,
    WorkflowKind.BULK_BATCH: BULK_BATCH_WORKFLOW,
}
QUERY_STATUSES = {
    ExecutionStatus.RUNNING: "Running",
    ExecutionStatus.PAUSED: "Paused",
    ExecutionStatus.COMPLETED: "Completed",
    ExecutionStatus.FAILED: "Failed",
    ExecutionStatus.CANCELLED: "Canceled",
    ExecutionStatus.TERMINATED: "Terminated",
    ExecutionStatus.TIMED_OUT: "TimedOut",
    ExecutionStatus.CONTINUED: "ContinuedAsNew",
}
STATUS_BY_TEMPORAL_STATUS = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED: ExecutionStatus.PAUSED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED: ExecutionStatus.COMPLETED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: ExecutionStatus.FAILED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: ExecutionStatus.CANCELLED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: ExecutionStatus.TERMINATED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: ExecutionStatus.TIMED_OUT,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW: ExecutionStatus.CONTINUED,
}
TOP_LEVEL_KINDS = (
    WorkflowKind.ONBOARDING,
    WorkflowKind.PORT_IN,
    WorkflowKind.PORT_OUT,
    WorkflowKind.BULK,
)
PAGE_SIZE = 1000
NEEDS_ACTION_STATES = (PortState.INFO_REQUIRED, PortState.ACTION_REQUIRED, PortState.SUBMIT_UNKNOWN)


class Executions:
    """Finds workflows of ours over a Temporal client, of which only the namespace matters."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def find(self, filters: ExecutionFilter, limit: int) -> ExecutionList:
        """At most `limit` of those that fit: the running ones first, and newer before older.

        With `needs_action` those come first that have waited longest.
        """
        query = build_query(filters)
        total = (await self._temporal.count_workflows(query)).count
        # Not every store of Temporal can sort, so all are read when the oldest are wanted.
        executions = await self._list_all(query, None if filters.needs_action else limit)
        if filters.needs_action:
            executions.sort(key=_waiting_since)
        return ExecutionList(executions=executions[:limit], total=max(total, len(executions)))

    async def _list_all(self, query: str, limit: int | None) -> list[Execution]:
        found: list[Execution] = []
        page = b""
        while limit is None or len(found) < limit:
            # The list of temporalio 1.35 cannot read a paused workflow.
            answer = await self._temporal.workflow_service.list_workflow_executions(
                ListWorkflowExecutionsRequest(
                    namespace=self._temporal.namespace,
                    query=query,
                    page_size=min(PAGE_SIZE, limit or PAGE_SIZE),
                    next_page_token=page,
                ),
                retry=True,
            )
            found += [_to_execution(info) for info in answer.executions]
            page = answer.next_page_token
            if not page:
                break
        return found


async def describe(temporal: Client, workflow_id: str) -> Execution:
    """The latest run under this id, without asking a worker. Raises RPCError when there is none."""
    answer = await temporal.workflow_service.describe_workflow_execution(
        DescribeWorkflowExecutionRequest(
            namespace=temporal.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        ),
        retry=True,
    )
    return _to_execution(answer.workflow_execution_info)


def build_query(filters: ExecutionFilter) -> str:
    """The list filter, as it can also be typed into the Temporal UI."""
    kinds = filters.kinds or [
        *TOP_LEVEL_KINDS,
        *([WorkflowKind.LINE] if filters.needs_action else []),
    ]
    conditions = [_in_clause("WorkflowType", [WORKFLOW_TYPES[kind] for kind in kinds])]
    if filters.statuses:
        conditions.append(
            _in_clause("ExecutionStatus", [QUERY_STATUSES[run] for run in filters.statuses])
        )
    if filters.port_states:
        conditions.append(_in_clause(names.PORT_STATE_ATTRIBUTE, filters.port_states))
    if filters.needs_action:
        conditions.append(f"{names.NEEDS_ACTION_ATTRIBUTE} IS NOT NULL")
        conditions.append(_in_clause("ExecutionStatus", [QUERY_STATUSES[ExecutionStatus.RUNNING]]))
    if filters.account_id:
        conditions.append(_in_clause(names.ACCOUNT_ATTRIBUTE, [filters.account_id]))
    if filters.order_id:
        conditions.append(_in_clause(names.ORDER_ATTRIBUTE, [filters.order_id]))
    if filters.step:
        conditions.append(_in_clause(names.STEP_ATTRIBUTE, [filters.step]))
    if filters.started_after:
        conditions.append(f'StartTime >= "{filters.started_after.isoformat()}"')
    if filters.state_entered_before:
        moment = filters.state_entered_before.isoformat()
        conditions.append(f'{names.PORT_STATE_ENTERED_AT_ATTRIBUTE} <= "{moment}"')
    return " AND ".join(conditions)


def _waiting_since(execution: Execution) -> datetime:
    # A port-in's state came with the wait, and is known to more than the minute.
    return execution.port_state_entered_at or execution.needs_action_since or execution.started_at


def _to_execution(info: WorkflowExecutionInfo) -> Execution:
    kinds = {name: kind for kind, name in WORKFLOW_TYPES.items()}
    attributes = decode_typed_search_attributes(info.search_attributes)

    def keyword(name: str) -> str | None:
        return attributes.get(SearchAttributeKey.for_keyword(name))

    needs_action_since = keyword(names.NEEDS_ACTION_ATTRIBUTE)
    return Execution(
        kind=kinds.get(info.type.name),
        workflow_id=info.execution.workflow_id,
        status=STATUS_BY_TEMPORAL_STATUS.get(info.status, ExecutionStatus.RUNNING),
        step=keyword(names.STEP_ATTRIBUTE),
        port_state=keyword(names.PORT_STATE_ATTRIBUTE),
        port_state_entered_at=attributes.get(
            SearchAttributeKey.for_datetime(names.PORT_STATE_ENTERED_AT_ATTRIBUTE)
        ),
        needs_action_since=datetime.fromisoformat(needs_action_since)
        if needs_action_since
        else None,
        account_id=keyword(names.ACCOUNT_ATTRIBUTE),
        order_id=keyword(names.ORDER_ATTRIBUTE),
        started_at=info.start_time.ToDatetime(UTC),
        ended_at=info.close_time.ToDatetime(UTC) if info.HasField("close_time") else None,
        parent_id=info.parent_execution.workflow_id or None,
    )


def _in_clause(attribute: str, values: list[str]) -> str:
    return f"{attribute} IN ({', '.join(map(_quote, values))})"


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
