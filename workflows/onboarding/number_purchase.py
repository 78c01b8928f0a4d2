"""Buying a number, so that a lost answer never buys a second one."""

from temporalio import workflow

from activities.onboarding.numbers import BuyNumber, NumberActivities, NumberRecord
from telegent_orchestrator.lines import LineInput, NewNumber
from telegent_orchestrator.names import line_id
from workflows.support.activity_calls import execute_idempotent_write, execute_read, prepare_call
from workflows.support.activity_options import POLL_OPTIONS
from workflows.support.exactly_once import ResourceCreator
from workflows.support.progress import ProgressTracker

NUMBER_STEP = "Number"


async def buy_number(
    creator: ResourceCreator, wanted: LineInput, number: NewNumber
) -> NumberRecord:
    """The line's number, complete."""
    line = wanted.line
    bought_after = (
        wanted.previous_runs.started_at
        if wanted.previous_runs
        else workflow.info().workflow_start_time
    )
    known_numbers = list(wanted.other_lines_numbers)
    had_no_number = wanted.subscriber_created and wanted.sole_new_number
    if not (had_no_number or wanted.previous_runs):
        # In a second run it would tell nothing: the first may have bought this line's number.
        known_numbers += await execute_read(
            NumberActivities.list_subscriber_numbers,
            "Which numbers the subscriber has before we buy one",
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
        unambiguous=wanted.sole_new_number or not wanted.previous_runs,
        own_line_id_prefix=line_id(wanted.reference, ""),
        bought_after=bought_after,
    )

    async def adopt_named_number(phone_number: str) -> NumberRecord:
        summary = "Read the number that a person named"
        return await execute_read(
            NumberActivities.verify_named_number, summary, purchase.lookup(), phone_number
        )

    bought = await creator.ensure(
        NUMBER_STEP,
        "the number",
        NumberActivities.buy_number,
        NumberActivities.find_number,
        purchase,
        adopt=adopt_named_number,
        describe=lambda record: record.phone_number or f"of order {record.order_id}",
        compensate=_release,
    )
    return bought if bought.number_id else await _complete(creator.progress, bought)


async def _complete(progress: ProgressTracker, ordered: NumberRecord) -> NumberRecord:
    """Waits for an order that the vendor works on after its answer."""
    if ordered.phone_number is None:
        progress.set_detail(NUMBER_STEP, f"order {ordered.order_id} is in work at Telegent")
    return await execute_read(
        NumberActivities.await_number, "Read the number's details", await _phone_number_of(ordered)
    )


async def _release(bought: NumberRecord) -> None:
    phone_number = await _phone_number_of(bought)
    await execute_idempotent_write(
        NumberActivities.release_number, f"Give up {phone_number}", phone_number
    )


async def _phone_number_of(ordered: NumberRecord) -> str:
    if ordered.phone_number:
        return ordered.phone_number
    wait = prepare_call(
        POLL_OPTIONS,
        NumberActivities.await_number_order,
        "Wait for the number order",
        ordered.order_id or "",
    )
    return await wait()
