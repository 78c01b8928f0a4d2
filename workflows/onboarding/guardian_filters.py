"""AI Guardian's filters of a number."""

from activities.onboarding.guardian import CreateCallFilter, CreateMessageFilter, GuardianActivities
from telegent_orchestrator.lines import CallFilter, MessageFilter
from workflows.support.activity_calls import execute_idempotent_write
from workflows.support.exactly_once import ResourceCreator

CALL_FILTER_STEP, MESSAGE_FILTER_STEP = "Call filter", "Message filter"


async def ensure_call_filter(
    creator: ResourceCreator, subscriber_id: str, number: str, wanted: CallFilter
) -> str:
    """The call filter's id."""
    async with creator.progress.step(CALL_FILTER_STEP):
        return await creator.ensure_id(
            CALL_FILTER_STEP,
            "the call filter",
            GuardianActivities.create_call_filter,
            GuardianActivities.find_call_filter,
            CreateCallFilter(subscriber_id=subscriber_id, phone_number=number, filter=wanted),
            compensate=lambda filter_id: execute_idempotent_write(
                GuardianActivities.delete_call_filter,
                "Delete the call filter",
                subscriber_id,
                filter_id,
            ),
        )


async def ensure_message_filter(
    creator: ResourceCreator, subscriber_id: str, number: str, wanted: MessageFilter
) -> str:
    """The message filter's id."""
    async with creator.progress.step(MESSAGE_FILTER_STEP):
        return await creator.ensure_id(
            MESSAGE_FILTER_STEP,
            "the message filter",
            GuardianActivities.create_message_filter,
            GuardianActivities.find_message_filter,
            CreateMessageFilter(subscriber_id=subscriber_id, phone_number=number, filter=wanted),
            compensate=lambda filter_id: execute_idempotent_write(
                GuardianActivities.delete_message_filter,
                "Delete the message filter",
                subscriber_id,
                filter_id,
            ),
        )
