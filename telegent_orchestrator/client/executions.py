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
from telegent_orchestrator._models import Payload
from telegent_orchestrator.bulk import BULK_PART_WORKFLOW, BULK_WORKFLOW
from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.port_out import PORT_OUT_WORKFLOW


class Kind(StrEnum):
    """A workflow that people look for."""

    ONBOARDING = "onboarding"
    LINE = "line"
    PORT_IN = "port-in"
    PORT_OUT = "port-out"
    BULK = "bulk"
    BULK_PART = "bulk-part"


class Run(StrEnum):
    """Whether a workflow is running, or how it ended."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"
    TIMED_OUT = "timed-out"
    CONTINUED = "continued"


class Execution(Payload):
    """One workflow. `port_state` is that of a port-in, or with `PORT_OUT_` that of a port-out.

    `port_state_since`: when the port-in entered it. `needs_action_since`: the minute since which
    it waits for a person. `parent_id`: the workflow that has started it.
    """

    kind: Kind | None
    workflow_id: str
    run: Run
    step: str | None = None
    port_state: str | None = None
    port_state_since: datetime | None = None
    needs_action_since: datetime | None = None
    account_id: str | None = None
    order_id: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    parent_id: str | None = None


class Wanted(Payload):
    """Which workflows to find: all that fit every filter that is given.

    `kinds`: when none is given, those that are started by themselves; with `needs_action` also
    lines, which may ask. `port_states`: as in `Execution`. `needs_action`: what waits for a person.
    `step`: as `telegent list` shows it. `since`: started at or after this moment;
    `unchanged_since`: ports that have not left their state after this one.
    """

    kinds: list[Kind] = []
    runs: list[Run] = []
    port_states: list[str] = []
    needs_action: bool = False
    account_id: str | None = None
    order_id: str | None = None
    step: str | None = None
    since: AwareDatetime | None = None
    unchanged_since: AwareDatetime | None = None


class Found(Payload):
    """What was found: `total` is how many there are, of which `executions` may be a part."""

    executions: list[Execution]
    total: int


WORKFLOWS = {
    Kind.ONBOARDING: names.ONBOARDING_WORKFLOW,
    Kind.LINE: names.LINE_WORKFLOW,
    Kind.PORT_IN: names.PORT_IN_WORKFLOW,
    Kind.PORT_OUT: PORT_OUT_WORKFLOW,
    Kind.BULK: BULK_WORKFLOW,
    Kind.BULK_PART: BULK_PART_WORKFLOW,
}
STATUSES = {
    Run.RUNNING: "Running",
    Run.PAUSED: "Paused",
    Run.COMPLETED: "Completed",
    Run.FAILED: "Failed",
    Run.CANCELLED: "Canceled",
    Run.TERMINATED: "Terminated",
    Run.TIMED_OUT: "TimedOut",
    Run.CONTINUED: "ContinuedAsNew",
}
RUNS = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED: Run.PAUSED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED: Run.COMPLETED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: Run.FAILED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: Run.CANCELLED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: Run.TERMINATED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: Run.TIMED_OUT,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW: Run.CONTINUED,
}
BY_THEMSELVES = (Kind.ONBOARDING, Kind.PORT_IN, Kind.PORT_OUT, Kind.BULK)
PAGE = 1000
NEEDS_ACTION = (PortState.INFO_REQUIRED, PortState.ACTION_REQUIRED, PortState.SUBMIT_UNKNOWN)


class Executions:
    """Finds workflows of ours over a Temporal client, of which only the namespace matters."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def find(self, wanted: Wanted, limit: int) -> Found:
        """At most `limit` of those that fit: the running ones first, and newer before older.

        With `needs_action` those come first that have waited longest.
        """
        query = query_of(wanted)
        total = (await self._temporal.count_workflows(query)).count
        # Not every store of Temporal can sort, so all are read when the oldest are wanted.
        found = await self._all(query, None if wanted.needs_action else limit)
        if wanted.needs_action:
            found.sort(key=_waits_since)
        return Found(executions=found[:limit], total=max(total, len(found)))

    async def _all(self, query: str, limit: int | None) -> list[Execution]:
        found: list[Execution] = []
        page = b""
        while limit is None or len(found) < limit:
            # The list of temporalio 1.35 cannot read a paused workflow.
            answer = await self._temporal.workflow_service.list_workflow_executions(
                ListWorkflowExecutionsRequest(
                    namespace=self._temporal.namespace,
                    query=query,
                    page_size=min(PAGE, limit or PAGE),
                    next_page_token=page,
                ),
                retry=True,
            )
            found += [_execution(info) for info in answer.executions]
            page = answer.next_page_token
            if not page:
                break
        return found


async def execution_of(temporal: Client, workflow_id: str) -> Execution:
    """The latest run under this id, without asking a worker. Raises RPCError when there is none."""
    answer = await temporal.workflow_service.describe_workflow_execution(
        DescribeWorkflowExecutionRequest(
            namespace=temporal.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        ),
        retry=True,
    )
    return _execution(answer.workflow_execution_info)


def query_of(wanted: Wanted) -> str:
    """The list filter, as it can also be typed into the Temporal UI."""
    kinds = wanted.kinds or [*BY_THEMSELVES, *([Kind.LINE] if wanted.needs_action else [])]
    parts = [_in("WorkflowType", [WORKFLOWS[kind] for kind in kinds])]
    if wanted.runs:
        parts.append(_in("ExecutionStatus", [STATUSES[run] for run in wanted.runs]))
    if wanted.port_states:
        parts.append(_in(names.PORT_STATE_ATTRIBUTE, wanted.port_states))
    if wanted.needs_action:
        parts.append(f"{names.NEEDS_ACTION_ATTRIBUTE} IS NOT NULL")
        parts.append(_in("ExecutionStatus", [STATUSES[Run.RUNNING]]))
    if wanted.account_id:
        parts.append(_in(names.ACCOUNT_ATTRIBUTE, [wanted.account_id]))
    if wanted.order_id:
        parts.append(_in(names.ORDER_ATTRIBUTE, [wanted.order_id]))
    if wanted.step:
        parts.append(_in(names.STEP_ATTRIBUTE, [wanted.step]))
    if wanted.since:
        parts.append(f'StartTime >= "{wanted.since.isoformat()}"')
    if wanted.unchanged_since:
        moment = wanted.unchanged_since.isoformat()
        parts.append(f'{names.PORT_STATE_SINCE_ATTRIBUTE} <= "{moment}"')
    return " AND ".join(parts)


def _waits_since(found: Execution) -> datetime:
    # A port-in's state came with the wait, and is known to more than the minute.
    return found.port_state_since or found.needs_action_since or found.started_at


def _execution(info: WorkflowExecutionInfo) -> Execution:
    kinds = {name: kind for kind, name in WORKFLOWS.items()}
    attributes = decode_typed_search_attributes(info.search_attributes)

    def shown(name: str) -> str | None:
        return attributes.get(SearchAttributeKey.for_keyword(name))

    waits_since = shown(names.NEEDS_ACTION_ATTRIBUTE)
    return Execution(
        kind=kinds.get(info.type.name),
        workflow_id=info.execution.workflow_id,
        run=RUNS.get(info.status, Run.RUNNING),
        step=shown(names.STEP_ATTRIBUTE),
        port_state=shown(names.PORT_STATE_ATTRIBUTE),
        port_state_since=attributes.get(
            SearchAttributeKey.for_datetime(names.PORT_STATE_SINCE_ATTRIBUTE)
        ),
        needs_action_since=datetime.fromisoformat(waits_since) if waits_since else None,
        account_id=shown(names.ACCOUNT_ATTRIBUTE),
        order_id=shown(names.ORDER_ATTRIBUTE),
        started_at=info.start_time.ToDatetime(UTC),
        ended_at=info.close_time.ToDatetime(UTC) if info.HasField("close_time") else None,
        parent_id=info.parent_execution.workflow_id or None,
    )


def _in(attribute: str, values: list[str]) -> str:
    return f"{attribute} IN ({', '.join(map(_quoted, values))})"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
