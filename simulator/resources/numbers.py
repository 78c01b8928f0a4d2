"""Numbers: orders, inventory, details and updates."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid, missing, not_found
from simulator.engine.fields import (
    E164,
    Body,
    IccidText,
    Json,
    ListFilter,
    MessageKind,
    ProductKind,
    Query,
    ResponseBody,
)
from simulator.engine.state import Number, Order, SimulatorState, changed_fields
from simulator.resources.provisioning import has_data

MISSING = "missing"
"""Value of the option `cancelled_status`."""


class OrderQuery(Query):
    """GET numbers/order."""

    OrderId: str | None = None


class InventoryQuery(Query):
    """GET numbers/inventory. The vendor's default page size is unknown; this one is 10."""

    PageNumber: int = Field(default=1, ge=1)
    Filter: ListFilter = "All"
    TotalNumbersRequested: int = Field(default=10, ge=1)


class NumberQuery(Query):
    """GET numbers, by number in two spellings or by ICCID."""

    Number: E164 | None = None
    PhoneNumber: E164 | None = None
    ICCID: IccidText | None = None


class UpdateNumber(Body):
    """POST numbers/update."""

    Number: E164
    MessageEnabled: bool | None = None
    VoiceEnabled: bool | None = None
    MessageType: MessageKind | None = None
    Classification: Literal["MVNO", "IoT"] | None = None
    MessageRouteId: str | None = None
    VoiceRouteId: str | None = None
    AssignedSubscriberId: str | None = None
    Iccid: IccidText | None = None
    CnamFirstName: str | None = None
    CnamLastName: str | None = None
    ProductType: ProductKind | None = None


def get_order(state: SimulatorState, query: OrderQuery) -> ResponseBody:
    """Return an order, with the status in the chosen vocabulary."""
    order = state.find(state.orders, query.OrderId, "OrderId")
    order.polls += 1
    status, message = order.status, order.message
    if order.phase:
        phase, message = state.carrier.shown_phase(order.number or "", order.phase, order.polls)
        status, message = state.carrier.order_status(phase), message or order.message
    response: Json = {
        "OrderDate": order.date.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-4],
        "OrderId": order.id,
        "OrderStatus": status,
        "OrderType": order.type,
        "PhoneNumbersOrdered": [{"Number": order.number}] if order.number else [],
    }
    if message:
        response["OrderStatusMessage"] = message
    return response


def inventory(state: SimulatorState, query: InventoryQuery) -> ResponseBody:
    """Return one page of the numbers, oldest first."""
    shown = {"All": (True, False), "Active": (True,), "Inactive": (False,)}[query.Filter]
    held = [
        n for n in state.numbers.values() if (n.status == "Active") in shown and n.status != MISSING
    ]
    if state.options.repeat_rows:
        held += held[:1]
    start = (query.PageNumber - 1) * query.TotalNumbersRequested
    page = held[start : start + query.TotalNumbersRequested]
    return {
        "AccountId": next(iter(state.accounts), None),
        "TotalResults": len(held),
        "PageNumber": query.PageNumber,
        "Filter": query.Filter,
        "PhoneNumbers": [_row(number, start + index) for index, number in enumerate(page)],
    }


def number_details(state: SimulatorState, query: NumberQuery) -> ResponseBody:
    """Return a number, by E.164 number or by ICCID; if several have it, the newest."""
    e164 = query.Number or query.PhoneNumber
    if e164:
        number = state.find(state.numbers, e164, "Number")
        if number.status == MISSING:
            raise not_found("Number")
        return _details(number)
    if not query.ICCID:
        raise missing("PhoneNumber")
    for number in reversed(state.numbers.values()):
        if number.iccid == query.ICCID:
            return _details(number)
    raise not_found("ICCID")


def update_number(state: SimulatorState, body: UpdateNumber) -> ResponseBody:
    """Update a number at once; binds routes, subscriber or SIM."""
    number = state.active_number(body.Number)
    _check_update(state, number, body)
    if body.AssignedSubscriberId:
        state.assign(number, body.AssignedSubscriberId)
    sent = body.non_null_fields()
    for name, field in _UPDATABLE.items():
        if name in sent:
            setattr(number, field, sent[name])
    if body.ProductType:
        number.data_enabled = has_data(body.ProductType)
    if body.CnamFirstName or body.CnamLastName:
        number.cnam = f"{body.CnamFirstName or ''} {body.CnamLastName or ''}".strip()
    order = Order(state.new_id("JNUOID"), "Update", state.clock.now(), number.number)
    state.orders[order.id] = order
    state.commit(
        "number.updated",
        {
            "number": number.number,
            "number_id": number.id,
            "classification": number.classification,
            "subscriber_id": number.subscriber_id,
            "message_route_id": number.message_route_id,
            "voice_route_id": number.voice_route_id,
            "iccid": number.iccid,
            "fields": changed_fields(body.sent_fields(), "Number"),
        },
    )
    return {
        "Number": number.number,
        "Tnid": None,
        "UpdateOrderId": order.id,
        "UpdateOrderDate": order.date.isoformat(),
        "UpdateOrderStatus": "Complete",
        "MessageType": number.message_type,
        "MessageEnabled": number.message_enabled,
        "Classification": number.classification,
        "VoiceEnabled": number.voice_enabled,
        "MessageRouteId": number.message_route_id,
        "VoiceRouteId": number.voice_route_id,
        "Iccid": number.iccid,
        "CnamFirstName": body.CnamFirstName,
        "CnamLastName": body.CnamLastName,
        "ProductType": number.product_type,
    }


_UPDATABLE = {
    "MessageEnabled": "message_enabled",
    "VoiceEnabled": "voice_enabled",
    "MessageType": "message_type",
    "Classification": "classification",
    "MessageRouteId": "message_route_id",
    "VoiceRouteId": "voice_route_id",
    "Iccid": "iccid",
    "ProductType": "product_type",
}


def _check_update(state: SimulatorState, number: Number, body: UpdateNumber) -> None:
    account_id = number.account_id
    if body.AssignedSubscriberId:
        subscriber = state.find(state.subscribers, body.AssignedSubscriberId, "SubscriberId")
        account_id = account_id or subscriber.account_id
    if body.MessageRouteId:
        state.check_route(state.message_routes, body.MessageRouteId, account_id)
    if body.VoiceRouteId:
        state.check_route(state.voice_routes, body.VoiceRouteId, account_id)
    if body.MessageEnabled and not (body.MessageRouteId or number.message_route_id):
        raise missing("MessageRouteId")
    if body.VoiceEnabled and not (body.VoiceRouteId or number.voice_route_id):
        raise missing("VoiceRouteId")
    kind = body.Classification or number.classification
    if kind == "IoT" and (body.MessageType or number.message_type) == "a2p":
        raise invalid("MessageType", "NumberType / MessageType mismatch")
    if kind == "IoT" and body.VoiceEnabled:
        raise invalid("VoiceEnabled", "IoT numbers have no voice")


def _shared(number: Number) -> Json:
    return {
        "Number": number.number,
        "OrderId": number.order_id,
        "Classification": number.classification,
        "MessageRouteId": number.message_route_id,
        "VoiceRouteId": number.voice_route_id,
        "Status": number.status,
        "AssignedSubscriberId": number.subscriber_id,
        "Iccid": number.iccid,
        "Cnam": number.cnam,
        "QrActivationLink": number.qr_code,
        "SwapsRemaining": number.swaps_remaining,
        "NextSwapResetDate": (number.purchased + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%S"),
    }


def _row(number: Number, index: int) -> Json:
    # The published sample mixes true and "true" in one list; here every second row has strings.
    flags: dict[str, bool] = {"Message": number.message_enabled, "Voice": number.voice_enabled}
    as_text = index % 2 == 1
    return {
        **_shared(number),
        **{f"{k}Enabled": str(v).lower() if as_text else v for k, v in flags.items()},
        "Tnid": number.id,
        "NumberType": "mobile",
        "MessageType": number.message_type,
        "OriginalDatePurchased": number.purchased.strftime("%m/%d/%Y"),
        "ProductType": number.product_type,
        "PortOutPin": number.port_out_pin,
    }


def _details(number: Number) -> Json:
    return {
        **_shared(number),
        "TNID": number.id,
        "NumberType": "Mobile",
        "MessageEnabled": number.message_enabled,
        "VoiceEnabled": number.voice_enabled,
        "MessageType": number.message_type.upper() if number.message_type else None,
        "OriginalDatePurchased": None,
    }
