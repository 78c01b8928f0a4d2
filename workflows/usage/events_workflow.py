"""Sends the events of one reading of usage."""

from temporalio import workflow

from activities.usage.thresholds import UsageEvent
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.events import EventType
from telegent_orchestrator.usage import USAGE_EVENTS_WORKFLOW
from workflows.events.delivery_workflow import EventPublisher
from workflows.support.cancellation import shield

THRESHOLD_REACHED = "threshold reached"
"""State of the event."""


class UsageEventsInput(WireModel):
    """Some events of a reading."""

    events: list[UsageEvent]


@workflow.defn(name=USAGE_EVENTS_WORKFLOW)
class UsageEventsWorkflow:
    """Is started by a `UsageWorkflow`, whose result says that these events are sent."""

    @workflow.run
    async def run(self, given: UsageEventsInput) -> None:
        """Starts the delivery of each event, without waiting for it."""
        await shield(_publish(given.events))


async def _publish(events: list[UsageEvent]) -> None:
    first = EventPublisher()
    await first.read_receivers()
    for published, event in enumerate(events):
        reference, _, line_key = event.line.partition(":")
        publisher = EventPublisher(
            reference or None, line_key or None, receivers=first.receivers, published=published
        )
        await publisher.publish(
            EventType.USAGE_THRESHOLD_REACHED,
            THRESHOLD_REACHED,
            phone_number=event.phone_number,
            usage=event.reached,
        )
