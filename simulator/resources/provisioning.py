"""Buying a number: what is in stock, and the purchase itself."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid, missing
from simulator.engine.fields import (
    Answer,
    AreaCodeText,
    Body,
    IccidText,
    Json,
    MessageKind,
    ProductKind,
    ZipCodeText,
)
from simulator.engine.state import Number, Order, World


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


def search_availability(world: World, body: Availability) -> Answer:
    """Areas with stock, never single numbers."""
    area = body.AreaCode or "385"
    row = {"NGP": "SAG", "AreaCode": int(area), "Zipcode": body.ZipCode or "84043"}
    return {
        "RequestId": world.new_id("T"),
        "RequestDate": world.clock.now().isoformat(),
        "NumberType": body.NumberType,
        "VoiceEnabled": body.VoiceEnabled,
        "MessageEnabled": body.MessageEnabled,
        "AreaCode": body.AreaCode or "",
        "ZipCode": body.ZipCode or "",
        "PageNumber": body.PageNumber,
        "ResultsTotal": 1,
        "AvailableNumberAreas": [row] if body.PageNumber == 1 else [],
    }


def provision(world: World, body: Provision) -> Answer:
    """Buys a number, another one each time. The platform chooses it.

    The purchase is in the ledger at once. With asynchronous provisioning the answer names no
    number: it appears in the order and the inventory when the order completes.
    """
    account_id = _check_provision(world, body)
    now = world.clock.now()
    order = Order(world.new_id("JNUOID"), "Provision", now, None)
    number = Number(
        number=world.new_number(body.AreaCode),
        id=world.new_id("NID"),
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
        number.iccid, number.qr_code = world.new_esim()
    world.orders[order.id] = order
    world.commit(
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
        world.numbers[number.number] = number

    delay = world.options.async_provisioning
    if delay is None:
        complete(now)
    else:
        order.status = "Pending"
        world.at(now + timedelta(seconds=delay), complete)
    return _provisioned(order, number, body)


def has_data(product_type: str) -> bool:
    """Whether a line of this ProductType can use data."""
    return "Data" in product_type


def _check_provision(world: World, body: Provision) -> str:
    account_id = world.account_for(body.AccountId)
    if not body.MessageRouteId:
        raise missing("MessageRouteId")
    if body.VoiceEnabled and not body.VoiceRouteId:
        raise missing("VoiceRouteId")
    if body.NumberType == "iot" and body.MessageType == "a2p":
        raise invalid("MessageType", "NumberType / MessageType mismatch")
    world.route_for(world.message_routes, body.MessageRouteId, account_id)
    if body.VoiceRouteId:
        world.route_for(world.voice_routes, body.VoiceRouteId, account_id)
    if body.AssignedSubscriberId:
        subscriber = world.find(world.subscribers, body.AssignedSubscriberId, "SubscriberId")
        if subscriber.account_id != account_id:
            raise invalid("AssignedSubscriberId", "This subscriber belongs to another account")
    return account_id


def _provisioned(order: Order, number: Number, body: Provision) -> Json:
    done = order.status == "Complete"
    shown: Json = {
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
        shown["QRCode"] = number.qr_code if done else None
        shown["ZipCode"] = body.ZipCode or "84603"
    return shown
