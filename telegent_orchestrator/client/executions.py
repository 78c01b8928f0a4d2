"""Finds workflows by what Temporal indexes. Needs no worker.

Only the memo is encrypted: without the worker's payload keys it is left out.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import AwareDatetime
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.converter import DataConverter, decode_typed_search_attributes

from telegent_orchestrator import names
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import BULK_BATCH_WORKFLOW, BULK_WORKFLOW, BulkState
from telegent_orchestrator.client._calls import fetch_description
from telegent_orchestrator.line_change_sets import LINE_CHANGE_SET_WORKFLOW
from telegent_orchestrator.line_changes import LINE_CHANGE_WORKFLOW
from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.port_out import PORT_OUT_WORKFLOW
from telegent_orchestrator.progress import ExecutionSummary
from telegent_orchestrator.renewal_changes import RENEWAL_CHANGE_WORKFLOW


class WorkflowKind(StrEnum):
    """The kind of a workflow."""

    ONBOARDING = "onboarding"
    LINE = "line"
    PORT_IN = "port-in"
    PORT_OUT = "port-out"
    LINE_CHANGE = "line-change"
    LINE_CHANGE_SET = "line-change-set"
    RENEWAL_CHANGE = "renewal-change"
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
    """One workflow.

    Attributes:
        port_state: State of a port-in, or with the prefix `PORT_OUT_` of a port-out. Of states that
            a port-in leaves within seconds, only those that need attention, and the first.
        port_state_entered_at: When it entered that state.
        needs_operator_since: The minute since which it needs an operator.
        parent_id: The workflow that started it.
        phone_number: The number of a port-in, line or line change, from the memo.
        reference: The reference of the onboarding that it belongs to, from the memo or the id.
        reason: Why it waits or needs an operator, from the memo.
        fields_to_correct: The fields that a correction of a port-in must set, from the memo.
        memo_unreadable: Whether this client lacks the key of the memo.
    """

    kind: WorkflowKind | None
    workflow_id: str
    status: ExecutionStatus
    step: str | None = None
    port_state: str | None = None
    port_state_entered_at: datetime | None = None
    needs_operator_since: datetime | None = None
    account_id: str | None = None
    order_id: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    parent_id: str | None = None
    phone_number: str = ""
    reference: str = ""
    reason: str = ""
    fields_to_correct: list[str] = []
    memo_unreadable: bool = False

    @property
    def needs_operator(self) -> bool:
        """Whether it waits for an operator: an escalation, data, or the decision about a bulk."""
        bulk_waits = self.kind is WorkflowKind.BULK and self.step in WAITING_BULK_STEPS
        return self.status is ExecutionStatus.RUNNING and (
            self.needs_operator_since is not None or bulk_waits
        )

    def masked(self) -> "Execution":
        """The same with all but the last four digits of phone numbers hidden."""
        return self.model_copy(
            update={
                "phone_number": mask_numbers(self.phone_number),
                "reason": mask_numbers(self.reason),
            }
        )


class ExecutionFilter(WireModel):
    """Which workflows to find: those that match every filter that is set.

    Attributes:
        kinds: By default those that no other workflow starts; with `needs_operator` also lines.
        port_states: As in `Execution`.
        needs_operator: Only those that need an operator.
        step: As `tgo list` shows it.
        started_after: Started at or after this time.
        state_entered_before: Port-ins and port-outs that entered their state by this time.
        root_ids: Workflows at the top of the hierarchy, such as the batches of a bulk.
    """

    kinds: list[WorkflowKind] = []
    statuses: list[ExecutionStatus] = []
    port_states: list[str] = []
    needs_operator: bool = False
    account_id: str | None = None
    order_id: str | None = None
    step: str | None = None
    started_after: AwareDatetime | None = None
    state_entered_before: AwareDatetime | None = None
    root_ids: list[str] = []


class ExecutionList(WireModel):
    """The workflows found. `total`: how many match, of which `executions` may be a part."""

    executions: list[Execution]
    total: int


WORKFLOW_TYPES = {
    WorkflowKind.ONBOARDING: names.ONBOARDING_WORKFLOW,
    WorkflowKind.LINE: names.LINE_WORKFLOW,
    WorkflowKind.PORT_IN: names.PORT_IN_WORKFLOW,
    WorkflowKind.PORT_OUT: PORT_OUT_WORKFLOW,
    WorkflowKind.LINE_CHANGE: LINE_CHANGE_WORKFLOW,
    WorkflowKind.LINE_CHANGE_SET: LINE_CHANGE_SET_WORKFLOW,
    WorkflowKind.RENEWAL_CHANGE: RENEWAL_CHANGE_WORKFLOW,
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
FIRST_PORT_STATE = PortState.CHECKING_ELIGIBILITY.value
"""The state of a port-in without a state in its search attributes."""
TOP_LEVEL_KINDS = (
    WorkflowKind.ONBOARDING,
    WorkflowKind.PORT_IN,
    WorkflowKind.PORT_OUT,
    WorkflowKind.LINE_CHANGE,
    WorkflowKind.LINE_CHANGE_SET,
    WorkflowKind.RENEWAL_CHANGE,
    WorkflowKind.BULK,
)
WAITING_BULK_STEPS = (BulkState.PAUSED.value, BulkState.NEEDS_OPERATOR.value)
"""Steps of a bulk that waits for an operator."""
PAGE_SIZE = 1000
PHONE_NUMBER = re.compile(r"\+[0-9]{8,15}")


class Executions:
    """Finds our workflows in the namespace of a Temporal client."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def find(self, filters: ExecutionFilter, limit: int) -> ExecutionList:
        """Find at most `limit` workflows: running ones first, newer before older.

        With `needs_operator`, those that have waited longest come first.
        """
        query = build_query(filters)
        total = (await self._temporal.count_workflows(query)).count
        # Not every visibility store can sort, so all are read to find the oldest.
        executions = await self._list_all(query, None if filters.needs_operator else limit)
        if filters.needs_operator:
            executions.sort(key=_waiting_since)
        return ExecutionList(executions=executions[:limit], total=max(total, len(executions)))

    async def _list_all(self, query: str, limit: int | None) -> list[Execution]:
        found: list[Execution] = []
        page = b""
        while limit is None or len(found) < limit:
            # `list_workflows` of temporalio 1.35 fails on a paused workflow.
            response = await self._temporal.workflow_service.list_workflow_executions(
                ListWorkflowExecutionsRequest(
                    namespace=self._temporal.namespace,
                    query=query,
                    page_size=min(PAGE_SIZE, limit or PAGE_SIZE),
                    next_page_token=page,
                ),
                retry=True,
            )
            found += [
                await _to_execution(info, self._temporal.data_converter)
                for info in response.executions
            ]
            page = response.next_page_token
            if not page:
                break
        return found


async def describe(temporal: Client, workflow_id: str) -> Execution:
    """The latest run with this workflow id. Needs no worker. Raises RPCError if there is none."""
    info = (await fetch_description(temporal, workflow_id)).workflow_execution_info
    return await _to_execution(info, temporal.data_converter)


def build_query(filters: ExecutionFilter) -> str:
    """The list filter, which the Temporal UI also accepts."""
    kinds = filters.kinds or [
        *TOP_LEVEL_KINDS,
        *([WorkflowKind.LINE] if filters.needs_operator else []),
    ]
    conditions = [_in_clause("WorkflowType", [WORKFLOW_TYPES[kind] for kind in kinds])]
    if filters.statuses:
        conditions.append(
            _in_clause("ExecutionStatus", [QUERY_STATUSES[run] for run in filters.statuses])
        )
    if filters.port_states:
        conditions.append(_port_state_clause(filters.port_states))
    if filters.needs_operator:
        bulks = _in_clause("WorkflowType", [BULK_WORKFLOW])
        waiting_bulks = f"{bulks} AND {_in_clause(names.STEP_ATTRIBUTE, [*WAITING_BULK_STEPS])}"
        conditions.append(f"({names.NEEDS_OPERATOR_ATTRIBUTE} IS NOT NULL OR ({waiting_bulks}))")
        conditions.append(_in_clause("ExecutionStatus", [QUERY_STATUSES[ExecutionStatus.RUNNING]]))
    if filters.account_id:
        conditions.append(_in_clause(names.ACCOUNT_ATTRIBUTE, [filters.account_id]))
    if filters.order_id:
        conditions.append(_in_clause(names.ORDER_ATTRIBUTE, [filters.order_id]))
    if filters.step:
        conditions.append(_in_clause(names.STEP_ATTRIBUTE, [filters.step]))
    if filters.root_ids:
        conditions.append(_in_clause("RootWorkflowId", filters.root_ids))
    if filters.started_after:
        conditions.append(f'StartTime >= "{filters.started_after.isoformat()}"')
    if filters.state_entered_before:
        moment = filters.state_entered_before.isoformat()
        conditions.append(f'{names.PORT_STATE_ENTERED_AT_ATTRIBUTE} <= "{moment}"')
    return " AND ".join(conditions)


def _port_state_clause(states: list[str]) -> str:
    clause = _in_clause(names.PORT_STATE_ATTRIBUTE, states)
    if FIRST_PORT_STATE not in states:
        return clause
    port_ins = _in_clause("WorkflowType", [names.PORT_IN_WORKFLOW])
    return f"({clause} OR ({port_ins} AND {names.PORT_STATE_ATTRIBUTE} IS NULL))"


def _waiting_since(execution: Execution) -> datetime:
    # A port-in enters its state when the wait begins, and that time is exact to the second.
    return execution.port_state_entered_at or execution.needs_operator_since or execution.started_at


async def _to_execution(info: WorkflowExecutionInfo, converter: DataConverter) -> Execution:
    kinds = {name: kind for kind, name in WORKFLOW_TYPES.items()}
    attributes = decode_typed_search_attributes(info.search_attributes)

    def keyword(name: str) -> str | None:
        return attributes.get(SearchAttributeKey.for_keyword(name))

    is_port_in = info.type.name == names.PORT_IN_WORKFLOW
    first_state = FIRST_PORT_STATE if is_port_in else None
    needs_operator_since = keyword(names.NEEDS_OPERATOR_ATTRIBUTE)
    summary = await _read_summary(info, converter)
    known = summary or ExecutionSummary()
    return Execution(
        kind=kinds.get(info.type.name),
        workflow_id=info.execution.workflow_id,
        status=STATUS_BY_TEMPORAL_STATUS.get(info.status, ExecutionStatus.RUNNING),
        step=keyword(names.STEP_ATTRIBUTE),
        port_state=keyword(names.PORT_STATE_ATTRIBUTE) or first_state,
        port_state_entered_at=attributes.get(names.PORT_STATE_ENTERED_AT_KEY),
        needs_operator_since=datetime.fromisoformat(needs_operator_since)
        if needs_operator_since
        else None,
        account_id=keyword(names.ACCOUNT_ATTRIBUTE),
        order_id=keyword(names.ORDER_ATTRIBUTE),
        started_at=info.start_time.ToDatetime(UTC),
        ended_at=info.close_time.ToDatetime(UTC) if info.HasField("close_time") else None,
        parent_id=info.parent_execution.workflow_id or None,
        phone_number=known.phone_number,
        reference=known.reference
        or names.reference_in_id(info.execution.workflow_id)
        or names.reference_in_id(info.parent_execution.workflow_id),
        reason=known.reason,
        fields_to_correct=known.fields_to_correct,
        memo_unreadable=summary is None,
    )


async def _read_summary(
    info: WorkflowExecutionInfo, converter: DataConverter
) -> ExecutionSummary | None:
    """The memo, empty if there is none; None if it cannot be read, which must not fail the list."""
    payload = info.memo.fields.get(names.SUMMARY_MEMO)
    if payload is None:
        return ExecutionSummary()
    try:
        [summary] = await converter.decode([payload], [ExecutionSummary])
    except Exception:
        return None
    return summary if isinstance(summary, ExecutionSummary) else None


def mask_numbers(text: str) -> str:
    """The text with all but the last four digits of phone numbers hidden."""
    return PHONE_NUMBER.sub(lambda match: f"{'*' * (len(match[0]) - 4)}{match[0][-4:]}", text)


def _in_clause(attribute: str, values: list[str]) -> str:
    return f"{attribute} IN ({', '.join(map(_quote, values))})"


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
