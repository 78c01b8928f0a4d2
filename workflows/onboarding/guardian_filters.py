"""AI Guardian's filters of a number."""

from activities.onboarding.guardian import CreateCallFilter, CreateMessageFilter, GuardianActivities
from telegent_orchestrator.lines import CallFilter, MessageFilter
from workflows.support.activity_calls import put
from workflows.support.exactly_once import Maker

CALLS, MESSAGES = "Call filter", "Message filter"


async def filter_calls(maker: Maker, subscriber_id: str, number: str, wish: CallFilter) -> str:
    """The call filter's id."""
    async with maker.board.step(CALLS):
        return await maker.ensure_id(
            CALLS,
            "the call filter",
            GuardianActivities.create_call_filter,
            GuardianActivities.find_call_filter,
            CreateCallFilter(subscriber_id=subscriber_id, phone_number=number, filter=wish),
            take_back=lambda filter_id: put(
                GuardianActivities.delete_call_filter,
                "Delete the call filter",
                subscriber_id,
                filter_id,
            ),
        )


async def filter_messages(
    maker: Maker, subscriber_id: str, number: str, wish: MessageFilter
) -> str:
    """The message filter's id."""
    async with maker.board.step(MESSAGES):
        return await maker.ensure_id(
            MESSAGES,
            "the message filter",
            GuardianActivities.create_message_filter,
            GuardianActivities.find_message_filter,
            CreateMessageFilter(subscriber_id=subscriber_id, phone_number=number, filter=wish),
            take_back=lambda filter_id: put(
                GuardianActivities.delete_message_filter,
                "Delete the message filter",
                subscriber_id,
                filter_id,
            ),
        )
