"""Search for and purchase of numbers."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid, missing
from simulator.engine.fields import (
    AreaCodeText,
    Body,
    IccidText,
    Json,
    MessageKind,
    ProductKind,
    ResponseBody,
    ZipCodeText,
)
from simulator.engine.state import Number, Order, SimulatorState
from simulator.options import PurchaseOutcome


class Availability(Body):
    """POST numbers/availability."""

    NumberType: Literal["mobile"]
    MessageEnabled: bool
    VoiceEnabled: bool
    MessageType: MessageKind | None = None
    PageNumber: int = Field(default=1, ge=1)
    AreaCode: AreaCodeText | None = None
    ZipCode: ZipCodeText | None = None


class Provision(Body):
    """POST numbers/provision."""

    NumberType: Literal["mvno", "iot"]
    MessageType: MessageKind
    MessageEnabled: bool
    VoiceEnabled: bool
    ProductType: ProductKind
    DataEnabled: bool | None = None
    MessageRouteId: str | None = None
    VoiceRouteId: str | None = None
    AreaCode: AreaCodeText | None = None
    ZipCode: ZipCodeText | None = None
    ICCID: IccidText | None = None
    AssignedSubscriberId: str | None = None
    AccountId: str | None = None


def search_availability(state: SimulatorState, body: Availability) -> ResponseBody:
    """Return areas with available numbers, not the numbers."""
    area = body.AreaCode or "385"
    row = {"NGP": "SAG", "AreaCode": int(area), "Zipcode": body.ZipCode or "84043"}
    return {
        "RequestId": state.new_id("T"),
        "RequestDate": state.clock.now().isoformat(),
        "NumberType": body.NumberType,
        "VoiceEnabled": body.VoiceEnabled,
        "MessageEnabled": body.MessageEnabled,
        "AreaCode": body.AreaCode or "",
        "ZipCode": body.ZipCode or "",
        "PageNumber": body.PageNumber,
        "ResultsTotal": 1,
        "AvailableNumberAreas": [row] if body.PageNumber == 1 else [],
    }


def provision(state: SimulatorState, body: Provision) -> ResponseBody:
    """Buy a number, which the platform chooses; each request buys another one.

    A purchase that completes is in the ledger at once. The number is in the order and in the
    inventory when the order completes.
    """
    account_id = _check_provision(state, body)
    scripted = state.purchase_outcomes
    outcome = scripted.pop(0) if scripted else state.options.purchase_outcome
    order = Order(state.new_id("JNUOID"), "Provision", state.clock.now(), None)
    state.orders[order.id] = order
    number = _new_number(state, body, order, account_id)
    named = number.number
    if outcome == "other_number":
        number.number = state.new_number(body.AreaCode)
    if outcome not in _ENDED_WITHOUT_NUMBER:
        state.commit("number.provisioned", _ledger_data(number))
    _schedule_end(state, order, number, outcome)
    names_number = (
        state.options.early_number or outcome == "other_number" or order.number is not None
    )
    return _provision_response(order, number, body, named if names_number else None)


def _new_number(state: SimulatorState, body: Provision, order: Order, account_id: str) -> Number:
    number = Number(
        number=state.new_number(body.AreaCode),
        id=state.new_id("NID"),
        order_id=order.id,
        account_id=account_id,
        classification="MVNO" if body.NumberType == "mvno" else "IoT",
        purchased=order.date,
        message_type=body.MessageType,
        message_enabled=body.MessageEnabled,
        voice_enabled=body.VoiceEnabled,
        data_enabled=has_data(body.ProductType) if body.DataEnabled is None else body.DataEnabled,
        product_type=body.ProductType,
        message_route_id=body.MessageRouteId,
        voice_route_id=body.VoiceRouteId,
        subscriber_id=body.AssignedSubscriberId,
        zip_code=body.ZipCode,
        iccid=body.ICCID,
    )
    if not body.ICCID:
        number.iccid, number.qr_code = state.new_esim()
    return number


def _ledger_data(number: Number) -> Json:
    return {
        "number": number.number,
        "number_id": number.id,
        "order_id": number.order_id,
        "account_id": number.account_id,
        "classification": number.classification,
        "subscriber_id": number.subscriber_id,
        "iccid": number.iccid,
    }


def _schedule_end(
    state: SimulatorState, order: Order, number: Number, outcome: PurchaseOutcome
) -> None:
    """Let the order end now, or after the time that the options choose."""
    pending, completed = _STATUSES[state.options.purchase_statuses]

    def end(due: datetime) -> None:
        if outcome in _ENDED_WITHOUT_NUMBER:
            order.status = _ENDED_WITHOUT_NUMBER[outcome]
            order.message = "No number was assigned"
            return
        order.status = completed
        order.number = None if outcome == "no_number" else number.number
        state.numbers[number.number] = number
        state.show_later(due)

    delay = state.options.async_provisioning
    order.status = pending
    if delay is None:
        end(order.date)
    else:
        state.schedule(order.date + timedelta(seconds=delay), end)


_ENDED_WITHOUT_NUMBER = {"failed": "Failed", "cancelled": "Cancelled"}
_STATUSES = {"kb": ("Pending", "Complete"), "pm": ("Submitted", "Completed")}


def has_data(product_type: str) -> bool:
    """Whether a ProductType includes data."""
    return "Data" in product_type


def _check_provision(state: SimulatorState, body: Provision) -> str:
    account_id = state.resolve_account(body.AccountId)
    if not body.MessageRouteId:
        raise missing("MessageRouteId")
    if body.VoiceEnabled and not body.VoiceRouteId:
        raise missing("VoiceRouteId")
    if body.NumberType == "iot":
        _check_iot(body)
    state.check_route(state.message_routes, body.MessageRouteId, account_id)
    if body.VoiceRouteId:
        state.check_route(state.voice_routes, body.VoiceRouteId, account_id)
    if body.AssignedSubscriberId:
        subscriber = state.find(state.subscribers, body.AssignedSubscriberId, "SubscriberId")
        if subscriber.account_id != account_id:
            raise invalid("AssignedSubscriberId", "This subscriber belongs to another account")
    return account_id


def _check_iot(body: Provision) -> None:
    if body.MessageType == "a2p":
        raise invalid("MessageType", "NumberType / MessageType mismatch")
    if body.VoiceEnabled:
        raise invalid("VoiceEnabled", "IoT numbers have no voice")
    if not body.ICCID:
        raise missing("ICCID")


def _provision_response(
    order: Order, number: Number, body: Provision, phone_number: str | None
) -> Json:
    done = phone_number is not None
    response: Json = {
        "OrderDate": order.date.isoformat(),
        "OrderId": order.id,
        "OrderStatus": order.status,
        "PhoneNumberAssigned": phone_number,
        "PhoneNumberId": number.id if done else None,
        "ICCID": number.iccid if done else body.ICCID,
        "ErrorMessage": None,
        "SubscriberId": number.subscriber_id,
    }
    if not body.ICCID:
        # In the published samples the response for a physical SIM has neither key.
        response["QRCode"] = number.qr_code if done else None
        response["ZipCode"] = body.ZipCode or "84603"
    return response
