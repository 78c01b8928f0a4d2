"""Port-ins, which losing carriers decide on, and port-out PINs."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from simulator.engine.errors import ApiError, invalid, missing
from simulator.engine.fields import E164, Body, IccidText, Json, ResponseBody, Text
from simulator.engine.state import Number, Order, SimulatorState, changed_fields


class BillingAddress(Body):
    """The billing address on record at the losing carrier."""

    Street1: Text
    City: Text
    State: Text
    Zip: Text
    Street2: str | None = None


class BillingAddressUpdate(Body):
    """A billing address in a correction, where no field is required."""

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
    CurrentAccountPassword: Text | None
    CurrentBillingAddress: BillingAddress
    ICCID: IccidText | None = None
    TargetPortinClassification: Literal["mvno", "iot"] | None = None
    SubscriberName: str | None = None
    PortInDate: str | None = Field(
        default=None, pattern=r"^(\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4})$"
    )


class UpdatePortIn(Body):
    """POST numbers/portin/update, where TargetPortinClassification is free text."""

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
    """POST numbers/portin/cancel, by order and not by number."""

    OrderId: Text


class PortOut(Body):
    """POST numbers/portout."""

    PortOutNumber: E164
    PortOutPIN: Text


def check_eligibility(state: SimulatorState, body: Eligibility) -> ResponseBody:
    """Return whether a number can be ported in, and its current carrier."""
    accepted = _CLASSIFICATIONS[state.options.target_classification]
    if accepted and body.TargetClassification not in accepted:
        raise invalid(
            "TargetClassification", f"TargetClassification must be one of {', '.join(accepted)}"
        )
    record = state.carrier.get_record(body.PhoneNumber)
    text = "Number is eligible for port-in"
    if not record.eligible:
        text = "Number is not eligible for port-in"
    elif _is_in_inventory(state, body.PhoneNumber):
        text = "Number is already in your inventory"
    elif _find_open_order(state, body.PhoneNumber):
        text = "A port-in for this number is already active"
    return {
        "PhoneNumber": body.PhoneNumber,
        "Eligible": text == "Number is eligible for port-in",
        "CurrentCarrier": record.carrier,
        "NumberType": "mobile",
        "Message": text,
    }


def submit(state: SimulatorState, body: PortIn) -> ResponseBody:
    """Send a port-in to the losing carrier, unless the number has an active one."""
    number = body.PortInNumber
    _check_date(state, body.PortInDate)
    if state.options.port_in_pin == "required" and not body.CurrentAccountPassword:
        raise missing("CurrentAccountPassword")
    if body.TargetPortinClassification == "iot" and not body.ICCID:
        raise missing("ICCID")
    if _find_open_order(state, number):
        raise invalid("PortInNumber", f"An active port-in request already exists for {number}")
    if _is_in_inventory(state, number):
        raise invalid("PortInNumber", "Phone number already in use")
    order = Order(
        id=state.new_id("JNUOID"),
        type="portin",
        date=state.clock.now(),
        number=number,
        phase="submitted",
        request=body.sent_fields(),
    )
    state.orders[order.id] = order
    state.commit("portin.submitted", _ledger_data(order))
    _send_to_carrier(state, order)
    return {
        "OrderId": order.id,
        "OrderDate": order.date.isoformat(),
        "Status": "Pending",
        "PhoneNumber": number,
        "ICCID": body.ICCID,
    }


def update(state: SimulatorState, body: UpdatePortIn) -> ResponseBody:
    """Correct an open port-in, and send it to the carrier again."""
    order = _get_open_order(state, body.OrderId)
    _check_date(state, body.PortInDate)
    sent = body.non_null_fields()
    address = sent.pop("CurrentBillingAddress", {})
    order.request["CurrentBillingAddress"].update(address)
    order.request.update(sent)
    state.commit(
        "portin.updated",
        {**_ledger_data(order), "fields": changed_fields(body.sent_fields(), "OrderId")},
    )
    _send_to_carrier(state, order)
    return {
        "OrderId": order.id,
        "Status": "Updated",
        "Message": "Port-in order updated successfully",
    }


def cancel(state: SimulatorState, body: CancelPortIn) -> ResponseBody:
    """Cancel an open port-in, unless the carrier completes it at that moment."""
    order = _get_open_order(state, body.OrderId)
    if state.carrier.get_record(order.number or "").script == "complete_during_cancel":
        _complete(state, order, state.clock.now())
        raise _no_open_port_in()
    order.phase = "cancelled"
    order.message = None
    state.commit("portin.cancelled", _ledger_data(order))
    return {"OrderId": order.id, "Status": "Cancelled"}


def port_out(state: SimulatorState, body: PortOut) -> ResponseBody:
    """Store the PIN that a gaining carrier must quote; a repeat replaces it."""
    number = state.active_number(body.PortOutNumber)
    number.port_out_pin = body.PortOutPIN
    order = Order(state.new_id("JNUOID"), "portout", state.clock.now(), number.number, "Pending")
    state.orders[order.id] = order
    state.commit("portout.set", {"number": number.number, "order_id": order.id})
    return {
        "OrderId": order.id,
        "OrderDate": order.date.isoformat(),
        "Status": "Pending",
        "PhoneNumber": number.number,
    }


_CLASSIFICATIONS = {
    "any": (),
    "oas": ("Mobile", "Landline", "iot"),
    "bp": ("mvno", "iot"),
}


def _check_date(state: SimulatorState, text: str | None) -> None:
    accepted = state.options.port_in_date_format
    if text and accepted != "any" and ("/" in text) != (accepted == "us"):
        form = "MM/DD/YYYY" if accepted == "us" else "YYYY-MM-DD"
        raise invalid("PortInDate", f"PortInDate must have the format {form}")


def _is_in_inventory(state: SimulatorState, number: str) -> bool:
    held = state.numbers.get(number)
    return held is not None and held.status == "Active"


def _is_open(order: Order) -> bool:
    return order.phase not in (None, "complete", "cancelled")


def _find_open_order(state: SimulatorState, number: str) -> Order | None:
    return next((o for o in state.orders.values() if o.number == number and _is_open(o)), None)


def _no_open_port_in() -> ApiError:
    # The code and text are the vendor's; which status carries them is not published.
    return ApiError(400, "GENS-0041 No Port-In request found")


def _get_open_order(state: SimulatorState, order_id: str) -> Order:
    order = state.find(state.orders, order_id, "OrderId")
    if not _is_open(order):
        raise _no_open_port_in()
    return order


def _send_to_carrier(state: SimulatorState, order: Order) -> None:
    """Schedule the carrier's steps. A later correction invalidates them."""
    number = order.number or ""
    order.phase = "submitted"
    order.message = None
    order.submissions += 1
    submission = order.submissions
    start = state.clock.now()
    if state.carrier.get_record(number).script == "silent":
        return

    def current() -> bool:
        return _is_open(order) and order.submissions == submission

    def acknowledge(_: datetime) -> None:
        if current():
            order.phase = "acknowledged"

    def decide(due: datetime) -> None:
        if not current():
            return
        order.message = state.carrier.next_rejection(number, order.request)
        order.phase = "rejected" if order.message else "scheduled"
        if order.message:
            state.commit(
                "portin.rejected", {**_ledger_data(order), "reason": order.message}, at=due
            )

    def complete(due: datetime) -> None:
        if current() and order.phase == "scheduled":
            _complete(state, order, due)

    state.schedule(state.carrier.due_at(number, start, "acknowledge"), acknowledge)
    state.schedule(state.carrier.due_at(number, start, "decide"), decide)
    state.schedule(state.carrier.due_at(number, start, "complete"), complete)
    state.process_due_events()


def _complete(state: SimulatorState, order: Order, when: datetime) -> None:
    """Add the number to the inventory, without subscriber, account and routes."""
    order.phase = "complete"
    order.message = None
    number = Number(
        number=order.number or "",
        id=state.new_id("NID"),
        order_id=order.id,
        account_id=None,
        classification=(
            "IoT" if order.request.get("TargetPortinClassification") == "iot" else "MVNO"
        ),
        purchased=when,
        iccid=order.request.get("ICCID"),
    )
    if not number.iccid:
        number.iccid, number.qr_code = state.new_esim()
    # A cancelled number that is ported back is a new entry, at the end of the inventory.
    state.numbers.pop(number.number, None)
    state.numbers[number.number] = number
    state.commit("portin.completed", {**_ledger_data(order), "number_id": number.id}, at=when)


def _ledger_data(order: Order) -> Json:
    return {
        "order_id": order.id,
        "number": order.number,
        "iccid": order.request.get("ICCID"),
    }
