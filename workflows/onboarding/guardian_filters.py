"""AI Guardian's filters of a number."""

from activities.onboarding.guardian import CreateCallFilter, CreateMessageFilter, GuardianActivities
from telegent_orchestrator.lines import CallFilter, MessageFilter
from workflows.support.exactly_once import ResourceCreator

CALL_FILTER_STEP, MESSAGE_FILTER_STEP = "Call filter", "Message filter"


async def ensure_call_filter(
    creator: ResourceCreator, subscriber_id: str, number: str, wanted: CallFilter
) -> str:
    """Ensures the number's call filter, and returns its id."""
    async with creator.progress.step(CALL_FILTER_STEP):
        return await creator.ensure(
            GuardianActivities.create_call_filter,
            CreateCallFilter(subscriber_id=subscriber_id, phone_number=number, filter=wanted),
        )


async def ensure_message_filter(
    creator: ResourceCreator, subscriber_id: str, number: str, wanted: MessageFilter
) -> str:
    """Ensures the number's message filter, and returns its id."""
    async with creator.progress.step(MESSAGE_FILTER_STEP):
        return await creator.ensure(
            GuardianActivities.create_message_filter,
            CreateMessageFilter(subscriber_id=subscriber_id, phone_number=number, filter=wanted),
        )
