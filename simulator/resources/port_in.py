"""Port-ins (and the port-out PIN): requests to a losing carrier that takes its time."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from simulator.engine.errors import Refusal, invalid
from simulator.engine.fields import E164, Answer, Body, IccidText, Json, Text
from simulator.engine.state import Number, Order, World, changed


class BillingAddress(Body):
    """The address on the account at the losing carrier."""

    Street1: Text
    City: Text
    State: Text
    Zip: Text
    Street2: str | None = None


class BillingAddressUpdate(Body):
    """The same on an update, where the schema marks nothing as required."""

    Street1: Text | None = None
    Street2: str | None = None
    City: Text | None = None
    State: Text | None = None
    Zip: Text | None = None


class Eligibility(Body):
    """POST numbers/portin/eligibility."""

    PhoneNumber: E164
    TargetClassification: Text


class PortIn(Body):
    """POST numbers/portin."""

    PortInNumber: E164
    CurrentCarrierName: Text
    CurrentAccountNumber: Text
    CurrentAccountPassword: Text
    CurrentBillingAddress: BillingAddress
    ICCID: IccidText | None = None
    TargetPortinClassification: Literal["mvno", "iot"] | None = None
    SubscriberName: str | None = None
    PortInDate: str | None = Field(
        default=None, pattern=r"^(\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4})$"
    )


class UpdatePortIn(Body):
    """POST numbers/portin/update; TargetPortinClassification is free text here."""

    OrderId: Text
    CurrentCarrierName: Text | None = None
    CurrentAccountNumber: Text | None = None
    CurrentAccountPassword: Text | None = None
    CurrentBillingAddress: BillingAddressUpdate | None = None
    ICCID: IccidText | None = None
    TargetPortinClassification: str | None = None
    SubscriberName: str | None = None
    PortInDate: str | None = Field(
        default=None, pattern=r"^(\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4})$"
    )


class CancelPortIn(Body):
    """POST numbers/portin/cancel; keyed on the order, never on the number."""

    OrderId: Text


class PortOut(Body):
    """POST numbers/portout."""

    PortOutNumber: E164
    PortOutPIN: Text


def check_eligibility(world: World, body: Eligibility) -> Answer:
    """Whether a number can be ported, and who has it now."""
    record = world.carrier.record(body.PhoneNumber)
    text = "Number is eligible for port-in"
    if not record.eligible:
        text = "Number is not eligible for port-in"
    elif _held(world, body.PhoneNumber):
        text = "Number is already in your inventory"
    elif _open_order(world, body.PhoneNumber):
        text = "A port-in for this number is already active"
    return {
        "PhoneNumber": body.PhoneNumber,
        "Eligible": text == "Number is eligible for port-in",
        "CurrentCarrier": record.carrier,
        "NumberType": "mobile",
        "Message": text,
    }


def submit(world: World, body: PortIn) -> Answer:
    """Sends a port-in to the losing carrier. Refused while one for the number is active."""
    number = body.PortInNumber
    if _open_order(world, number):
        raise invalid("PortInNumber", f"An active port-in request already exists for {number}")
    if _held(world, number):
        raise invalid("PortInNumber", "Phone number already in use")
    order = Order(
        id=world.new_id("JNUOID"),
        type="portin",
        date=world.clock.now(),
        number=number,
        phase="submitted",
        request=body.sent(),
    )
    world.orders[order.id] = order
    world.commit("portin.submitted", _facts(order))
    _send_to_carrier(world, order)
    return {
        "OrderId": order.id,
        "OrderDate": order.date.isoformat(),
        "Status": "Pending",
        "PhoneNumber": number,
        "ICCID": body.ICCID,
    }


def update(world: World, body: UpdatePortIn) -> Answer:
    """Corrects an open port-in and sends it to the carrier again."""
    order = _open(world, body.OrderId)
    sent = body.given()
    address = sent.pop("CurrentBillingAddress", {})
    order.request["CurrentBillingAddress"].update(address)
    order.request.update(sent)
    world.commit("portin.updated", {**_facts(order), "fields": changed(body.sent(), "OrderId")})
    _send_to_carrier(world, order)
    return {
        "OrderId": order.id,
        "Status": "Updated",
        "Message": "Port-in order updated successfully",
    }


def cancel(world: World, body: CancelPortIn) -> Answer:
    """Ends an open port-in for good, unless the carrier completes it at that very moment."""
    order = _open(world, body.OrderId)
    if world.carrier.record(order.number or "").script == "complete_during_cancel":
        _complete(world, order, world.clock.now())
        raise _no_open_port()
    order.phase = "cancelled"
    order.message = None
    world.commit("portin.cancelled", _facts(order))
    return {"OrderId": order.id, "Status": "Cancelled"}


def port_out(world: World, body: PortOut) -> Answer:
    """Stores the PIN that a gaining carrier will have to quote; a repeat overwrites it."""
    number = world.active_number(body.PortOutNumber)
    number.port_out_pin = body.PortOutPIN
    order = Order(world.new_id("JNUOID"), "portout", world.clock.now(), number.number, "Pending")
    world.orders[order.id] = order
    world.commit("portout.set", {"number": number.number, "order_id": order.id})
    return {
        "OrderId": order.id,
        "OrderDate": order.date.isoformat(),
        "Status": "Pending",
        "PhoneNumber": number.number,
    }


def _held(world: World, number: str) -> bool:
    held = world.numbers.get(number)
    return held is not None and held.status == "Active"


def _is_open(order: Order) -> bool:
    return order.phase not in (None, "complete", "cancelled")


def _open_order(world: World, number: str) -> Order | None:
    return next((o for o in world.orders.values() if o.number == number and _is_open(o)), None)


def _no_open_port() -> Refusal:
    # The code and text are the vendor's; which status carries them is not published.
    return Refusal(400, "GENS-0041 No Port-In request found")


def _open(world: World, order_id: str) -> Order:
    order = world.find(world.orders, order_id, "OrderId")
    if not _is_open(order):
        raise _no_open_port()
    return order


def _send_to_carrier(world: World, order: Order) -> None:
    """Plans the carrier's steps. A later update makes the steps of this round void."""
    number = order.number or ""
    order.phase = "submitted"
    order.message = None
    order.submissions += 1
    this_round = order.submissions
    start = world.clock.now()
    if world.carrier.record(number).script == "silent":
        return

    def current() -> bool:
        return _is_open(order) and order.submissions == this_round

    def acknowledge(_: datetime) -> None:
        if current():
            order.phase = "acknowledged"

    def decide(due: datetime) -> None:
        if not current():
            return
        order.message = world.carrier.verdict(number, order.request)
        order.phase = "rejected" if order.message else "scheduled"
        if order.message:
            world.commit("portin.rejected", {**_facts(order), "reason": order.message}, at=due)

    def complete(due: datetime) -> None:
        if current() and order.phase == "scheduled":
            _complete(world, order, due)

    world.at(world.carrier.due(start, "acknowledge"), acknowledge)
    world.at(world.carrier.due(start, "decide"), decide)
    world.at(world.carrier.due(start, "complete"), complete)
    world.settle()


def _complete(world: World, order: Order, when: datetime) -> None:
    """The number is ours: in the inventory, without subscriber, account or routes."""
    order.phase = "complete"
    order.message = None
    number = Number(
        number=order.number or "",
        id=world.new_id("NID"),
        order_id=order.id,
        account_id=None,
        classification=(
            "IoT" if order.request.get("TargetPortinClassification") == "iot" else "MVNO"
        ),
        purchased=when,
        iccid=order.request.get("ICCID"),
    )
    # A cancelled number of ours that comes back is a new entry, at the end of the inventory.
    world.numbers.pop(number.number, None)
    world.numbers[number.number] = number
    world.commit("portin.completed", {**_facts(order), "number_id": number.id}, at=when)


def _facts(order: Order) -> Json:
    return {
        "order_id": order.id,
        "number": order.number,
        "iccid": order.request.get("ICCID"),
    }
