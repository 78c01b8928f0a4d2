"""What workflows cost: events in their histories, and Actions as Temporal Cloud bills them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

_ACTIONS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "start",
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: "child",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activity",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signal",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "update",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "search attributes",
    EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED: "nexus operation",
}
"""Events that are one Action each, by https://docs.temporal.io/evaluate/cloud/actions.

A child workflow is two: its initiation and its own start. Changes of a memo are not listed there.
"""
_TIME_SKIPPED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED
"""Written by a server with time skipping only."""


@dataclass
class Cost:
    """Events, and Actions by kind."""

    events: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def actions(self) -> int:
        """All Actions."""
        return self.kinds.total()

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.events + other.events, self.kinds + other.kinds)


def cost_of(events: Iterable[HistoryEvent]) -> Cost:
    """The cost of the run with this history.

    Every attempt of an activity is an Action. Local activities are not counted: there are none.
    Heartbeats, queries and rejected updates are Actions too, but leave no event.
    """
    cost = Cost()
    for event in events:
        if event.event_type == _TIME_SKIPPED:
            continue
        cost.events += 1
        if kind := _ACTIONS.get(event.event_type):
            cost.kinds[kind] += 1
        started = event.activity_task_started_event_attributes
        if started.attempt > 1:
            cost.kinds["activity retry"] += started.attempt - 1
    return cost


async def cost_of_all(client: Client, query: str = "") -> Cost:
    """The cost of all workflows that match the query."""
    total = Cost()
    async for run in client.list_workflows(query):
        history = await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        total += cost_of(history.events)
    return total


async def cost_with_children(client: Client, workflow_id: str, run_id: str | None = None) -> Cost:
    """The cost of a workflow, and of all that it has started."""
    history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
    total = cost_of(history.events)
    for event in history.events:
        if event.event_type == EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
            child = event.child_workflow_execution_started_event_attributes.workflow_execution
            total += await cost_with_children(client, child.workflow_id, child.run_id)
    return total
