"""Status changes of numbers: park, activate, cancel, swap, replace, swap SIM, reactivate."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid
from simulator.engine.fields import (
    E164,
    AreaCodeText,
    Body,
    IccidText,
    Json,
    ResponseBody,
    ZipCodeText,
)
from simulator.engine.state import Number, Order, SimulatorState

# How long a cancelled number can be reactivated; later it must be provisioned again.
REACTIVATION_WINDOW = timedelta(days=30)


class StatusItem(Body):
    """A number that changes; ICCID only for swap-sim."""

    Number: E164
    ICCID: IccidText | None = None


class ChangeStatus(Body):
    """POST numbers/status."""

    StatusChange: Literal["activate", "cancel", "swap", "swap-sim", "replace", "park"]
    EffectiveDate: str = Field(pattern=r"^\d{1,2}/\d{1,2}/\d{4}$")
    PhoneNumbers: list[StatusItem] = Field(min_length=1)
    AreaCode: AreaCodeText | None = None
    ZipCode: ZipCodeText | None = None


class Reactivate(Body):
    """POST numbers/reactivate."""

    PhoneNumber: E164
    AccountId: str | None = None


def change_status(state: SimulatorState, body: ChangeStatus) -> ResponseBody:
    """Apply one change to all numbers or to none, at once or after `status_change_delay`."""
    numbers = [state.find(state.numbers, item.Number, "Number") for item in body.PhoneNumbers]
    for item, number in zip(body.PhoneNumbers, numbers, strict=True):
        _check(body, item, number)
    order = Order(state.new_id("JNUOID"), body.StatusChange, state.clock.now(), numbers[0].number)
    state.orders[order.id] = order
    pairs = list(zip(body.PhoneNumbers, numbers, strict=True))
    delay = state.options.status_change_delay
    if delay is None:
        rows = [_apply(state, body, item, number) for item, number in pairs]
    else:
        rows = [{"Number": number.number} for number in numbers]
        order.status = "Pending"

        def take_effect(_: datetime) -> None:
            order.status = "Complete"
            for item, number in pairs:
                _apply(state, body, item, number)

        state.schedule(state.clock.now() + timedelta(seconds=delay), take_effect)
    month, day, year = (int(part) for part in body.EffectiveDate.split("/"))
    return {
        "OrderId": order.id,
        "OrderDate": order.date.isoformat(),
        "OrderStatus": order.status,
        "ChangeType": body.StatusChange,
        "EffectiveDate": f"{year:04d}-{month:02d}-{day:02d}T00:00:00",
        "Numbers": rows,
    }


def reactivate(state: SimulatorState, body: Reactivate) -> ResponseBody:
    """Reactivate a number within 30 days of its cancellation, with the same SIM."""
    number = state.find(state.numbers, body.PhoneNumber, "PhoneNumber")
    if body.AccountId and state.resolve_account(body.AccountId) != number.account_id:
        raise invalid("PhoneNumber", "Phone number does not belong to account")
    if number.cancelled_at is None:
        raise invalid("PhoneNumber", f"{number.number} is not cancelled")
    if state.clock.now() - number.cancelled_at > REACTIVATION_WINDOW:
        raise invalid("PhoneNumber", f"{number.number} was cancelled more than 30 days ago")
    number.status = "Active"
    number.cancelled_at = None
    state.commit("number.reactivated", {"number": number.number, "number_id": number.id})
    return {
        "PhoneNumber": number.number,
        "AccountId": number.account_id,
        "Status": "Active",
        "StatusMessage": "",
    }


def _check(body: ChangeStatus, item: StatusItem, number: Number) -> None:
    if number.cancelled_at is not None:
        raise invalid("PhoneNumbers", f"{number.number} is cancelled; use numbers/reactivate")
    if item.ICCID and body.StatusChange != "swap-sim":
        raise invalid("PhoneNumbers", "ICCID can only be sent with swap-sim")
    if body.StatusChange in ("swap", "replace", "swap-sim") and number.swaps_remaining == 0:
        raise invalid("StatusChange", "Number-swap is currently unavailable")


def _follow(state: SimulatorState, before: str, number: Number) -> None:
    """What follows a number to its successor, which no document specifies."""
    if state.options.number_swap == "follows":
        for stored in state.filters.values():
            if stored["Phone"] == before:
                stored["Phone"] = number.number
    elif state.options.number_swap == "new":
        number.id, number.subscriber_id = state.new_id("NID"), None


def _apply(state: SimulatorState, body: ChangeStatus, item: StatusItem, number: Number) -> Json:
    before = number.number
    response: Json = {"Number": before}
    if body.StatusChange == "activate":
        number.status = "Active"
        response["QrCode"] = number.qr_code
    elif body.StatusChange == "park":
        number.status = state.options.parked_status
    elif body.StatusChange == "cancel":
        number.status = state.options.cancelled_status
        number.cancelled_at = state.clock.now()
    elif body.StatusChange == "swap-sim":
        if item.ICCID:
            number.iccid, number.qr_code = item.ICCID, None
        else:
            number.iccid, number.qr_code = state.new_esim()
        number.swaps_remaining -= 1
        response["QrCode"] = number.qr_code
    else:
        area = before[2:5] if body.StatusChange == "swap" else body.AreaCode
        number.number = state.new_number(area)
        number.swaps_remaining -= 1
        state.numbers[number.number] = state.numbers.pop(before)
        _follow(state, before, number)
        response = {"OriginalNumber": before, "NewNumber": number.number}
    state.commit(
        "number.status_changed",
        {
            "change": body.StatusChange,
            "number": number.number,
            "number_before": before,
            "number_id": number.id,
            "iccid": number.iccid,
        },
    )
    return response
