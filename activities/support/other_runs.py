"""What other runs of the current workflow have sent to the vendor.

A run that was reset does not know what the run before it did after the reset point. Temporal gives
it the signals and updates that came after that point once more, and starts again what was pending
there.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecution
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.support.outcomes import Outcome
from telegent_orchestrator._models import WireModel

T = TypeVar("T", bound=WireModel)


@dataclass(frozen=True)
class SentRequest(Generic[T]):
    """A request that another run has sent, or may have sent.

    Attributes:
        request: What its activity was given.
        at: When the response arrived; when the run ended if there was none.
        accepted: The vendor has accepted it. Otherwise its outcome is unknown.
    """

    request: T
    at: datetime
    accepted: bool


async def sent_by_other_runs(
    temporal: Client, activity_type: str, model: type[T], after: datetime | None
) -> list[SentRequest[T]]:
    """Read the requests of an activity that other runs of the current workflow have sent.

    Args:
        temporal: Has the histories.
        activity_type: The name of the activity.
        model: Its only argument.
        after: Requests until then do not count.

    Returns:
        Them in the order in which they ended, without those that certainly had no effect.

    Raises:
        ApplicationError: `NotSent`, because Temporal does not show the runs.
    """
    try:
        sent = [
            request
            for run in await _other_runs(temporal)
            if not (after and run.close_time and run.close_time <= after)
            for request in await sent_by(temporal, run, activity_type, model)
            if not (after and request.at <= after)
        ]
    except RPCError as error:
        raise ApplicationError(
            f"not sent: Temporal does not show the earlier runs: {error.message}",
            type=Outcome.NOT_SENT,
        ) from None
    return sorted(sent, key=lambda request: request.at)


async def _other_runs(temporal: Client) -> list[WorkflowExecution]:
    own = activity.info()
    query = f"WorkflowId = '{own.workflow_id}'"
    try:
        runs = [run async for run in temporal.list_workflows(query)]
    except ValueError:
        # temporalio 1.35 cannot read the status of a paused workflow.
        raise ApplicationError("not sent: a run is paused", type=Outcome.NOT_SENT) from None
    return [run for run in runs if run.run_id != own.workflow_run_id]


async def sent_by(
    temporal: Client, run: WorkflowExecution, activity_type: str, model: type[T]
) -> list[SentRequest[T]]:
    """Read the requests of an activity that a run has sent, as `sent_by_other_runs` does.

    Raises:
        RPCError: Temporal does not show the run.
    """
    open_: dict[int, T] = {}
    sent: list[SentRequest[T]] = []
    async for event in _history(temporal, run):
        scheduled = event.activity_task_scheduled_event_attributes
        if scheduled.activity_type.name == activity_type:
            (open_[event.event_id],) = await temporal.data_converter.decode(
                scheduled.input.payloads, [model]
            )
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            completed = event.activity_task_completed_event_attributes
            if request := open_.pop(completed.scheduled_event_id, None):
                at = event.event_time.ToDatetime(tzinfo=UTC)
                sent.append(SentRequest(request, at, accepted=True))
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
            failed = event.activity_task_failed_event_attributes
            if failed.failure.application_failure_info.type in set(Outcome) - {Outcome.UNKNOWN}:
                open_.pop(failed.scheduled_event_id, None)
    ended_at = run.close_time or datetime.now(UTC)
    return sent + [SentRequest(request, ended_at, accepted=False) for request in open_.values()]


async def _history(temporal: Client, run: WorkflowExecution) -> AsyncIterator[HistoryEvent]:
    """The events of a run; none if it was deleted since it was listed."""
    handle = temporal.get_workflow_handle(run.id, run_id=run.run_id)
    try:
        async for event in handle.fetch_history_events():
            yield event
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
