"""Events for other systems: published without waiting, each delivered by its own workflow."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

from activities.events import EventActivities
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.events import EVENT_DELIVERY_WORKFLOW, Event, EventData, EventType
from telegent_orchestrator.usage import ThresholdReached
from workflows.support.activity_calls import execute_internal
from workflows.support.metrics import count_event

DELIVERY_ATTEMPT_TIMEOUT = timedelta(seconds=30)
"""For one attempt: longer than the timeout of its HTTP call, so that the call names the reason."""
DELIVERY_TIMEOUT = timedelta(hours=24)
"""How long a receiver may be unavailable before the delivery fails."""
DELIVERY_RETRY_POLICY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(hours=1),
)
"""About 35 attempts in a day: fast after a restart of the receiver, rare in a long outage."""


class EventDeliveryInput(WireModel):
    """One event for one receiver."""

    target: str
    event: Event


@workflow.defn(name=EVENT_DELIVERY_WORKFLOW)
class EventDeliveryWorkflow:
    """Delivers one event to one receiver; a failed workflow is an undelivered event.

    List undelivered events with `WorkflowType = "EventDeliveryWorkflow" AND ExecutionStatus =
    "Failed"`. Resetting such a workflow to its start delivers the event with the same id.
    """

    @workflow.run
    async def run(self, delivery: EventDeliveryInput) -> None:
        """Posts the event until the receiver accepts it, rejects it, or the timeout passes."""
        try:
            await workflow.execute_activity_method(
                EventActivities.deliver_event,
                args=[delivery.target, delivery.event],
                summary=f"Deliver {delivery.event.type}",
                start_to_close_timeout=DELIVERY_ATTEMPT_TIMEOUT,
                schedule_to_close_timeout=DELIVERY_TIMEOUT,
                retry_policy=DELIVERY_RETRY_POLICY,
            )
        except ActivityError as error:
            if not is_cancelled_exception(error):
                count_event(delivery.event.type, delivered=False)
            raise
        count_event(delivery.event.type, delivered=True)


class EventPublisher:
    """Publishes the events of one workflow. No receiver can delay the workflow or fail it.

    A receiver that is configured later gets the events of workflows that start from then on.

    Attributes:
        receivers: Ids of the receivers; None: they are read with the first event.
    """

    def __init__(
        self,
        reference: str | None = None,
        line_key: str | None = None,
        *,
        receivers: list[str] | None = None,
        published: int = 0,
    ) -> None:
        """Creates the publisher; `published`: how many events earlier runs have published."""
        self.receivers = receivers
        self._reference = reference
        self._line_key = line_key
        self._published = published
        self._lock = asyncio.Lock()

    async def publish(
        self,
        event_type: EventType,
        state: str,
        *,
        change: str | None = None,
        step: str | None = None,
        reason: str | None = None,
        remedy: str | None = None,
        fields_to_correct: Sequence[str] = (),
        deadline: datetime | None = None,
        phone_number: str | None = None,
        new_phone_number: str | None = None,
        findings: dict[str, int] | None = None,
        usage: ThresholdReached | None = None,
    ) -> None:
        """Starts the delivery of an event, without waiting for it.

        Only the phone numbers may be personal data; a setting decides whether they are sent.

        Raises:
            CancelledError: The workflow was cancelled. The event is delivered all the same.
        """
        info = workflow.info()
        data = EventData(
            workflow_id=info.workflow_id,
            parent_workflow_id=info.parent.workflow_id if info.parent else None,
            reference=self._reference,
            line_key=self._line_key,
            state=state,
            change=change,
            step=step,
            reason=reason,
            remedy=remedy,
            fields_to_correct=list(fields_to_correct),
            deadline=deadline,
            phone_number=phone_number,
            new_phone_number=new_phone_number,
            findings=findings,
            usage=usage,
        )
        self._published += 1
        event = self._to_event(event_type, data)
        await asyncio.shield(asyncio.create_task(self._deliver(event)))

    def _to_event(self, event_type: EventType, data: EventData) -> Event:
        info = workflow.info()
        return Event(
            # From the seed in the history, so the same in every replay. A run id changes when the
            # workflow is reset, and would then differ from the ids in its history.
            id=f"event-{workflow.uuid4()}",
            source=f"/telegent-orchestrator/{info.namespace}",
            type=event_type.value,
            subject=info.workflow_id,
            time=workflow.now(),
            sequence=f"{self._published:08}",
            data=data,
        )

    async def read_receivers(self) -> None:
        """Reads the receivers from the worker's settings."""
        self.receivers = await execute_internal(
            EventActivities.list_event_receivers, "List event receivers"
        )

    async def _deliver(self, event: Event) -> None:
        async with self._lock:  # so that one workflow's deliveries start in order
            try:
                if self.receivers is None:
                    await self.read_receivers()
                for target in self.receivers or ():
                    delivery = await workflow.start_child_workflow(
                        EventDeliveryWorkflow.run,
                        EventDeliveryInput(target=target, event=event),
                        id=f"{event.id}-{target}",
                        parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                        cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                        static_summary=f"{event.type} of {event.subject}",
                    )
                    # It fails on its own; asyncio would log an exception that was not retrieved.
                    delivery.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            except FailureError as error:
                # Losing an event is better than stopping a port-in.
                workflow.logger.error("event %s was not published: %s", event.type, error)
