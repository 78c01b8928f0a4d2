"""What one line has of its own: its number, and AI Guardian's filters of it."""

from temporalio import workflow

from activities.onboarding.guardian import CreateCallFilter, CreateMessageFilter, GuardianActivities
from activities.onboarding.number_records import BuyNumber, NumberRecord
from activities.onboarding.numbers import NumberActivities
from telegent_orchestrator.lines import CallFilter, LineInput, MessageFilter, NewNumber
from telegent_orchestrator.names import line_id
from workflows.support.activity_calls import execute_read
from workflows.support.exactly_once import ResourceCreator

NUMBER_STEP = "Number"
CALL_FILTER_STEP, MESSAGE_FILTER_STEP = "Call filter", "Message filter"


async def buy_number(
    creator: ResourceCreator, wanted: LineInput, number: NewNumber
) -> NumberRecord:
    """Ensures the line's number, and returns it when it is in service."""
    line = wanted.line
    previous_runs = creator.previous_runs
    bought_after = (
        previous_runs.started_at if previous_runs else workflow.info().workflow_start_time
    )
    known_numbers = list(wanted.other_lines_numbers)
    had_no_number = wanted.subscriber_created and wanted.sole_new_number
    if not (had_no_number or previous_runs):
        # In a second run this would show nothing: the first may have bought this line's number.
        known_numbers += await execute_read(
            NumberActivities.list_subscriber_numbers,
            "List the subscriber's numbers before the purchase",
            wanted.subscriber_id,
        )
    purchase = BuyNumber(
        account_id=wanted.account_id,
        subscriber_id=wanted.subscriber_id,
        product_type=line.product_type,
        message_type=line.message_type,
        message_route_id=wanted.message_route_id,
        voice_route_id=wanted.voice_route_id,
        area_code=number.area_code,
        zip_code=number.zip_code,
        iccid=number.iccid,
        recorded_number=wanted.recorded_number,
        known_numbers=known_numbers,
        unambiguous=wanted.sole_new_number or not previous_runs,
        own_line_id_prefix=line_id(wanted.reference, ""),
        bought_after=bought_after,
    )
    return await creator.ensure(NumberActivities.buy_number, purchase)


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
