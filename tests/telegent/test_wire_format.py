"""Every call: verb, path and the exact keys sent."""

import inspect
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

import telegent as t
from telegent._requester import Resource
from tests.harness.fake_vendor import FakeVendor
from tests.harness.vendor_calls import CALLS
from tests.harness.vendor_requests import (
    ADDRESS,
    CALL_FILTER,
    ICCID,
    PORT,
    STREET,
    VOICE,
    WEBHOOK,
    Call,
    N,
    of,
    sent,
)


@pytest.mark.parametrize("call", CALLS)
async def test_request_is_a_get_with_parameters_or_a_post_with_a_body(call: Call) -> None:
    request = (await sent(call)).requests[0]
    if request.method == "GET":
        assert b"+" not in request.url.query  # a bare plus reads as a space
        assert request.content == b""
    else:
        assert request.method == "POST"
        assert not request.url.query


def test_every_public_operation_is_tested() -> None:
    api = FakeVendor().client()
    resources: dict[str, Resource] = {}
    for name, value in (*vars(api).items(), *vars(api.guardian).items()):
        if isinstance(value, Resource):
            resources[name] = value
    calls = {
        f"{resource}.{name}"
        for resource, value in resources.items()
        for name in dir(value)
        if not name.startswith("_") and inspect.ismethod(getattr(value, name))
    }
    iterators = {"subscribers.all", "numbers.inventory"}
    # Three rows more than calls: a route update with a null, details by number and by SIM, and a
    # change of the status with a SIM.
    assert len(calls - iterators) == len(CALLS) - 3


@pytest.mark.parametrize(
    ("request_", "key", "value"),
    [
        (of(t.AccountCreate, account_name="A", billing_address=STREET), "BillingAddress", ADDRESS),
        (of(t.PortIn, PORT, port_in_number=N), "CurrentBillingAddress", ADDRESS - {"Country"}),
    ],
)
def test_addresses_have_the_documented_fields(
    request_: t.RequestModel, key: str, value: set[str]
) -> None:
    body: Any = request_.body()[key]
    assert set(body) == value


@pytest.mark.parametrize(
    ("request_", "key", "value"),
    [
        (of(t.PortIn, PORT, port_in_number=N), "PortInDate", "2026-06-01"),
        (of(t.WebhookCreate, WEBHOOK), "SubscribedEvents", "Order_Update,New_Sms"),
        (of(t.VoiceRouteCreate, VOICE), "IpWhitelist", [{"IpAddress": "192.0.2.1"}]),
        (
            of(t.DataUsageLimits, value_unit="MB", limit_value=1, phone_numbers=[N]),
            "PhoneNumbers",
            [{"Number": N}],
        ),
        (
            of(
                t.StatusChange,
                status_change="swap-sim",
                effective_date=date(2026, 5, 3),
                phone_numbers=[{"number": N, "iccid": ICCID}],
            ),
            "PhoneNumbers",
            [{"Number": N, "ICCID": ICCID}],
        ),
        (
            of(
                t.StatusChange,
                status_change="park",
                effective_date=date(2026, 5, 3),
                phone_numbers=[{"number": N}],
            ),
            "EffectiveDate",
            "05/03/2026",
        ),
        (of(t.ProductUpdate, product_id="P", cost=Decimal("34.56")), "Cost", 34.56),
        (
            of(t.MessageRouteUpdate, message_route_id="M", message_username=None),
            "MessageUsername",
            None,
        ),
    ],
)
def test_values_have_the_documented_format(
    request_: t.RequestModel, key: str, value: object
) -> None:
    assert json.loads(json.dumps(request_.body()))[key] == value


def test_keywords_are_sent_as_json_inside_text() -> None:
    body = of(t.CallFilterCreate, CALL_FILTER).body()
    assert isinstance(body["KeywordFilter"], str)
    assert json.loads(body["KeywordFilter"]) == {
        "CustomKeywords": ["a"],
        "SystemKeywords": {},
        "SeverityMap": {"a": "HIGH"},
    }


def test_create_omits_fields_that_are_none() -> None:
    request = t.SubscriptionCreate(subscriber_id="S", package_id="G", type="mvno", iccid=None)
    assert set(request.body()) == {"SubscriberId", "PackageId", "Type"}


PROVISION = {
    "number_type": "mvno",
    "message_type": "p2p",
    "message_enabled": True,
    "voice_enabled": False,
    "product_type": "Sms-Only",
    "message_route_id": "M",
}
LIMITS = {"value_unit": "MB", "limit_value": 20, "phone_numbers": [N]}
RENEWAL = {"phone_numbers": [N], "auto_renew": True, "period_type": "W", "renewal_day": 7}
STATUS = {"status_change": "park", "effective_date": "2026-05-13", "phone_numbers": [{"number": N}]}


@pytest.mark.parametrize(
    ("model", "good", "bad", "complaint"),
    [
        (t.NumberProvision, PROVISION, {"number_type": "iot", "message_type": "a2p"}, "p2p only"),
        (t.NumberProvision, PROVISION, {"number_type": "voip"}, "number_type"),
        (t.NumberProvision, PROVISION, {"product_type": "sms-only"}, "product_type"),
        (t.NumberProvision, PROVISION, {"message_route_id": None}, "needs message_route_id"),
        (t.NumberProvision, PROVISION, {"voice_enabled": True}, "needs voice_route_id"),
        (t.NumberProvision, PROVISION, {"zip_code": "8404"}, "zip_code"),
        (t.NumberProvision, PROVISION, {"area_code": "20"}, "area_code"),
        (t.NumberProvision, PROVISION, {"iccid": "890"}, "iccid"),
        (t.NumberProvision, PROVISION, {"ngp": "SAG"}, "not permitted"),
        (t.NumberUpdate, {"number": N}, {"number": "8015550100"}, "number"),
        (t.NumberUpdate, {"number": N}, {"number": N + "\n"}, "number"),
        (t.NumberUpdate, {"number": N}, {"classification": "IoT", "message_type": "a2p"}, "p2p"),
        (t.NumberUpdate, {"number": N}, {"classification": "IoT", "voice_enabled": True}, "voice"),
        (t.DataUsageLimits, LIMITS, {"notify_value": 20}, "must be less than limit_value"),
        (t.DataUsageLimits, LIMITS, {"throttle_value": 20}, "must be less than limit_value"),
        (
            t.DataUsageLimits,
            LIMITS,
            {"notify_value": 15, "throttle_value": 15},
            "must be less than throttle_value",
        ),
        (t.DataUsageLimits, LIMITS, {"limit_value": 0}, "limit_value"),
        (t.DataUsageLimits, LIMITS, {"phone_numbers": []}, "phone_numbers"),
        (t.DataRenewal, RENEWAL, {"renewal_day": 8}, "1 to 7"),
        (t.StatusChange, STATUS, {"area_code": "201"}, "swap and replace"),
        (t.StatusChange, STATUS, {"phone_numbers": [{"number": N, "iccid": ICCID}]}, "swap-sim"),
        (t.VoiceRouteCreate, VOICE, {"route_type": "URL", "voice_url": None}, "needs voice_url"),
        (t.WebhookCreate, WEBHOOK, {"webhook_url": "http://x.example"}, "https://"),
        (t.WebhookCreate, WEBHOOK, {"subscribed_events": ["Order"]}, "subscribed_events"),
        (
            t.PortIn,
            PORT | {"port_in_number": N},
            {"current_account_password": ""},
            "current_account_password",
        ),
        (t.AccountCreate, {"account_name": "A"}, {"account_admin": "a b"}, "account_admin"),
    ],
)
def test_request_that_breaks_a_documented_rule_is_rejected(
    model: type[t.RequestModel], good: dict[str, Any], bad: dict[str, Any], complaint: str
) -> None:
    of(model, good)
    with pytest.raises(ValidationError, match=complaint):
        of(model, good, bad)


def test_validation_error_names_all_invalid_fields() -> None:
    with pytest.raises(ValidationError) as caught:
        of(t.NumberProvision, PROVISION, area_code="x", zip_code="x", iccid="x")
    assert caught.value.error_count() == 3


async def test_details_without_number_or_iccid_are_rejected() -> None:
    vendor = FakeVendor()
    async with vendor.client() as api:
        with pytest.raises(ValueError, match="either"):
            await api.numbers.details()
        with pytest.raises(ValueError, match="either"):
            await api.numbers.details(phone_number="+18015550100", iccid="8901240397190195850")
        assert api.request_counts == t.RequestCounts(0, 0)
