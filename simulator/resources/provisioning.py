"""Buying a number: what is in stock, and the purchase itself."""

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
    """Areas with stock, never single numbers."""
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
    """Buys a number, another one each time. The platform chooses it.

    The purchase is in the ledger at once. With asynchronous provisioning the answer names no
    number: it appears in the order and the inventory when the order completes.
    """
    account_id = _check_provision(state, body)
    now = state.clock.now()
    order = Order(state.new_id("JNUOID"), "Provision", now, None)
    number = Number(
        number=state.new_number(body.AreaCode),
        id=state.new_id("NID"),
        order_id=order.id,
        account_id=account_id,
        classification="MVNO" if body.NumberType == "mvno" else "IoT",
        purchased=now,
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
    state.orders[order.id] = order
    state.commit(
        "number.provisioned",
        {
            "number": number.number,
            "number_id": number.id,
            "order_id": order.id,
            "account_id": account_id,
            "subscriber_id": body.AssignedSubscriberId,
            "iccid": number.iccid,
        },
    )

    def complete(_: datetime) -> None:
        order.status = "Complete"
        order.number = number.number
        state.numbers[number.number] = number

    delay = state.options.async_provisioning
    if delay is None:
        complete(now)
    else:
        order.status = "Pending"
        state.schedule(now + timedelta(seconds=delay), complete)
    return _provision_response(order, number, body)


def has_data(product_type: str) -> bool:
    """Whether a line of this ProductType can use data."""
    return "Data" in product_type


def _check_provision(state: SimulatorState, body: Provision) -> str:
    account_id = state.resolve_account(body.AccountId)
    if not body.MessageRouteId:
        raise missing("MessageRouteId")
    if body.VoiceEnabled and not body.VoiceRouteId:
        raise missing("VoiceRouteId")
    if body.NumberType == "iot" and body.MessageType == "a2p":
        raise invalid("MessageType", "NumberType / MessageType mismatch")
    state.check_route(state.message_routes, body.MessageRouteId, account_id)
    if body.VoiceRouteId:
        state.check_route(state.voice_routes, body.VoiceRouteId, account_id)
    if body.AssignedSubscriberId:
        subscriber = state.find(state.subscribers, body.AssignedSubscriberId, "SubscriberId")
        if subscriber.account_id != account_id:
            raise invalid("AssignedSubscriberId", "This subscriber belongs to another account")
    return account_id


def _provision_response(order: Order, number: Number, body: Provision) -> Json:
    done = order.status == "Complete"
    response: Json = {
        "OrderDate": order.date.isoformat(),
        "OrderId": order.id,
        "OrderStatus": order.status,
        "PhoneNumberAssigned": number.number if done else None,
        "PhoneNumberId": number.id if done else None,
        "ICCID": number.iccid if done else body.ICCID,
        "ErrorMessage": None,
        "SubscriberId": number.subscriber_id,
    }
    if not body.ICCID:
        # A physical SIM's answer has neither key in the published samples.
        response["QRCode"] = number.qr_code if done else None
        response["ZipCode"] = body.ZipCode or "84603"
    return response
