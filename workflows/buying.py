"""Buying a number, so that a lost answer never buys a second one."""

from activities.numbers import (
    BuyNumber,
    FindNumber,
    FindNumberOnSim,
    NumberActivities,
    NumberAtHand,
)
from telegent_orchestrator.lines import LineInput, NewNumber
from workflows.calls import creating, read, requesting
from workflows.ensure import Maker
from workflows.policies import POLL

NUMBER = "Number"


async def buy_number(maker: Maker, wanted: LineInput, number: NewNumber) -> NumberAtHand:
    """The line's number, complete."""
    line = wanted.line
    order = BuyNumber(
        account_id=wanted.account_id,
        subscriber_id=wanted.subscriber_id,
        product_type=line.product_type,
        message_type=line.message_type,
        message_route_id=wanted.message_route_id,
        voice_route_id=wanted.voice_route_id,
        area_code=number.area_code,
        zip_code=number.zip_code,
        iccid=number.iccid,
    )
    elsewhere = list(wanted.numbers_elsewhere)
    if not (number.iccid or wanted.only_number or wanted.look_first):
        elsewhere += await read(
            NumberActivities.numbers_of,
            "Which numbers the subscriber has before we buy one",
            wanted.subscriber_id,
        )

    async def find(settle: bool) -> NumberAtHand | None:
        if number.iccid:
            return await read(
                NumberActivities.find_number_on_sim,
                "Look whether a number is on the SIM",
                FindNumberOnSim(
                    iccid=number.iccid, subscriber_id=wanted.subscriber_id, settle=settle
                ),
            )
        return await read(
            NumberActivities.find_number,
            "Look whether the number was bought",
            FindNumber(
                subscriber_id=wanted.subscriber_id,
                accounted_for=elsewhere,
                sure=wanted.only_number or not wanted.look_first,
                settle=settle,
            ),
        )

    bought = await maker.ensure(
        NUMBER,
        creating(NumberActivities.buy_number, "Buy a number", order),
        find,
        adopt=number_details,
    )
    return bought if bought.number_id else await _complete(maker, bought)


async def number_details(phone_number: str) -> NumberAtHand:
    """What the vendor has on a number of ours, once it shows it."""
    return await read(NumberActivities.await_number, "Read the number's details", phone_number)


async def _complete(maker: Maker, ordered: NumberAtHand) -> NumberAtHand:
    """Waits for an order that the vendor works on after its answer."""
    phone_number = ordered.phone_number
    if phone_number is None:
        maker.board.note(NUMBER, f"order {ordered.order_id} is in work at Telegent")
        wait = requesting(
            POLL,
            NumberActivities.await_number_order,
            "Wait for the number order",
            ordered.order_id or "",
        )
        phone_number = await wait()
    return await number_details(phone_number)
