"""Buying a number, so that a lost answer never buys a second one."""

from temporalio import workflow

from activities.onboarding.numbers import BuyNumber, NumberActivities, NumberAtHand
from telegent_orchestrator.lines import LineInput, NewNumber
from telegent_orchestrator.names import line_id
from workflows.support.activity_calls import put, read, requesting
from workflows.support.activity_options import POLL
from workflows.support.exactly_once import Maker
from workflows.support.progress import Board

NUMBER = "Number"


async def buy_number(maker: Maker, wanted: LineInput, number: NewNumber) -> NumberAtHand:
    """The line's number, complete."""
    line = wanted.line
    begun = wanted.earlier.begun if wanted.earlier else workflow.info().workflow_start_time
    accounted_for = list(wanted.numbers_elsewhere)
    had_none = wanted.new_subscriber and wanted.only_number
    if not (had_none or wanted.earlier):
        # In a second run it would tell nothing: the first may have bought this line's number.
        accounted_for += await read(
            NumberActivities.numbers_of,
            "Which numbers the subscriber has before we buy one",
            wanted.subscriber_id,
        )
    to_buy = BuyNumber(
        account_id=wanted.account_id,
        subscriber_id=wanted.subscriber_id,
        product_type=line.product_type,
        message_type=line.message_type,
        message_route_id=wanted.message_route_id,
        voice_route_id=wanted.voice_route_id,
        area_code=number.area_code,
        zip_code=number.zip_code,
        iccid=number.iccid,
        accounted_for=accounted_for,
        sure=wanted.only_number or not wanted.earlier,
        lines=line_id(wanted.reference, ""),
        begun=begun,
    )

    async def named(phone_number: str) -> NumberAtHand:
        summary = "Read the number that a person named"
        return await read(NumberActivities.read_named_number, summary, to_buy.look(), phone_number)

    bought = await maker.ensure(
        NUMBER,
        "the number",
        NumberActivities.buy_number,
        NumberActivities.find_number,
        to_buy,
        adopt=named,
        name=lambda at_hand: at_hand.phone_number or f"of order {at_hand.order_id}",
        take_back=_give_up,
    )
    return bought if bought.number_id else await _complete(maker.board, bought)


async def _complete(board: Board, ordered: NumberAtHand) -> NumberAtHand:
    """Waits for an order that the vendor works on after its answer."""
    if ordered.phone_number is None:
        board.note(NUMBER, f"order {ordered.order_id} is in work at Telegent")
    return await read(
        NumberActivities.await_number, "Read the number's details", await _number_of(ordered)
    )


async def _give_up(bought: NumberAtHand) -> None:
    phone_number = await _number_of(bought)
    await put(NumberActivities.release_number, f"Give up {phone_number}", phone_number)


async def _number_of(ordered: NumberAtHand) -> str:
    if ordered.phone_number:
        return ordered.phone_number
    wait = requesting(
        POLL,
        NumberActivities.await_number_order,
        "Wait for the number order",
        ordered.order_id or "",
    )
    return await wait()
