"""AI Guardian's filters of a number."""

from activities.guardian import FindFilter, GuardianActivities
from telegent_orchestrator.lines import CallFilter, MessageFilter
from workflows.calls import creating, read
from workflows.ensure import Maker

CALLS, MESSAGES = "Call filter", "Message filter"


async def filter_calls(maker: Maker, subscriber_id: str, number: str, wish: CallFilter) -> str:
    """The call filter's id."""
    async with maker.board.step(CALLS):
        return await maker.ensure_id(
            CALLS,
            creating(
                GuardianActivities.create_call_filter,
                "Create the call filter",
                subscriber_id,
                number,
                wish,
            ),
            lambda settle: read(
                GuardianActivities.find_call_filter,
                "Look for the call filter",
                FindFilter(subscriber_id=subscriber_id, phone_number=number, settle=settle),
            ),
            unique=True,
        )


async def filter_messages(
    maker: Maker, subscriber_id: str, number: str, wish: MessageFilter
) -> str:
    """The message filter's id."""
    async with maker.board.step(MESSAGES):
        return await maker.ensure_id(
            MESSAGES,
            creating(
                GuardianActivities.create_message_filter,
                "Create the message filter",
                subscriber_id,
                number,
                wish,
            ),
            lambda settle: read(
                GuardianActivities.find_message_filter,
                "Look for the message filter",
                FindFilter(subscriber_id=subscriber_id, phone_number=number, settle=settle),
            ),
            unique=True,
        )
