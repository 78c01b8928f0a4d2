"""The vendor's documented answers, and the odd ones it may send."""

from decimal import Decimal
from typing import Any

import pytest

import telegent as t
from tests.harness.fake_vendor import FakeVendor, json_response

QR = (
    "https://quickchart.io/qr?text=LPA:1$T-MOBILE.IDEMIA.IO$LX9G1-Q12VI-CIIWA-WAQIN"
    "&centerImageUrl=x&ecLevel=H&format=png&centerImageSizeRatio=.3"
)
ADDRESS = {"Street1": "100 Main St", "Street2": None, "City": "Lehi", "Zip": "", "Country": None}
ACCOUNT = {
    "AccountId": "AID-1",
    "AccountName": "Acme MVNO",
    "TotalSubscribers": 0,
    "BillingAddress": ADDRESS,
    "MailingAddress": {"Street1": None},
}
SUBSCRIBER = {
    "SubscriberId": "TSUID-1",
    "Name": "Jane Doe",
    "Email": "jane@example.com",
    "PhoneNumbers": ["+18015551234"],
    "Role": "Subscriber",
    "Account": {"AccountId": "AID-1", "CompanyName": "Acme MVNO"},
}
PRODUCT = {
    "ProductId": "PRID-1",
    "SKU": "VAS035",
    "Description": "Fraud Detection + Blocking",
    "AggregatorId": "DID-1",
    "DistributorId": None,
    "Type": "VAS",
    "SubType": "AI Operator",
    "Cost": 1,
    "BillingFrequency": "MRC",
    "Active": True,
}
PACKAGE = {
    "PackageId": "PID-1",
    "PackageName": "eSim 3",
    "DistributorId": "DID-1",
    "AggregatorId": "AGID-1",
    "SubscriberId": "456789",
    "Type": "Type 2",
    "Price": 34.56,
    "Monthly": False,
    "Active": True,
}
ITEM = {
    "PackageItemId": "PIID-1",
    "PackageId": "PID-1",
    "ProductId": "PRID-1",
    "Type": "Type 3",
    "Price": 1.12,
    "Monthly": False,
    "Active": True,
}
SUBSCRIPTION = {
    "SubscriptionId": "SUB-1",
    "SubscriberId": "TSUID-1",
    "TNID": "NID-1",
    "ICCID": "8901240397190002080",
    "PackageId": "PID-1",
    "Type": "mvno",
    "Active": False,
}
PROVISIONED = {
    "OrderDate": "2025-10-29T12:36:19.338438+00:00",
    "OrderId": "JNUOID-1",
    "OrderStatus": "Complete",
    "PhoneNumberAssigned": "+18016025346",
    "PhoneNumberId": "NID-1",
    "QRCode": QR,
    "ZipCode": "84603",
    "ICCID": "12345678900987654321",
    "ErrorMessage": None,
    "SubscriberId": "TSUID-1",
}
IN_INVENTORY = {
    "Number": "+18015555555",
    "Tnid": "TNID-1",
    "OrderId": "TNOID-1",
    "NumberType": "mobile",
    "MessageEnabled": "true",
    "MessageType": "p2p",
    "Classification": "MVNO",
    "VoiceEnabled": True,
    "MessageRouteId": "MRID-1",
    "VoiceRouteId": "CRID-1",
    "Status": "Active",
    "OriginalDatePurchased": "02/05/2023",
    "AssignedSubscriberId": "TSUID-1",
    "Iccid": "8901240397190556232",
    "Cnam": "ABC Corp",
    "QrActivationLink": "https://api.telegent.com/qr-activation-link",
    "SwapsRemaining": 1,
    "NextSwapResetDate": "2025-12-04T22:09:41.56",
    "ProductType": "Sms+Data+Voice",
    "PortOutPin": "1234",
}
IN_DETAILS = {
    "Number": "+18018018011",
    "TNID": "TNID-1",
    "NumberType": "Mobile",
    "MessageEnabled": True,
    "VoiceEnabled": "false",
    "MessageType": "A2P",
    "Status": "Active",
    "OriginalDatePurchased": None,
    "AssignedSubscriberId": None,
    "Iccid": "8901240397190557414F",
}
CALL_FILTER = {
    "FilterId": "CFID-1",
    "SubscriberId": "TSUID-1",
    "Phone": "+1234567890",
    "FilterMode": "WHITELIST",
    "AllowedNumbers": ["+1111111111"],
    "KeywordFilter": '{"CustomKeywords":["a"],"SeverityMap":{"a":"HIGH"}}',
    "TimeRestrictions": None,
}
USAGE = {"Number": "+17064491796", "Status": "Success", "StatusMessage": ""}
# Model, the vendor's sample, what is read from it.
SAMPLES: list[tuple[type[t.ResponseModel], dict[str, Any], dict[str, Any]]] = [
    (t.Account, ACCOUNT, {"account_id": "AID-1", "account_name": "Acme MVNO"}),
    (t.Account, {"AccountID": "AID-1"}, {"account_id": "AID-1"}),
    (t.Subscriber, SUBSCRIBER, {"subscriber_id": "TSUID-1", "account_id": "AID-1"}),
    (t.Subscriber, SUBSCRIBER | {"Account": None, "Subscriptions": []}, {"account_id": None}),
    (
        t.MessageRoute,
        {"MessageRouteId": "MRID-1", "AccountID": "AID-1", "RouteName": "Main", "MessageUrl": "u"},
        {"message_route_id": "MRID-1", "account_id": "AID-1", "message_url": "u"},
    ),
    (
        t.VoiceRoute,
        {
            "CallRouteID": "CRID-1",
            "RouteName": "Trunk",
            "IpWhiteList": [],
            "VocieAuthenticationType": "Basic",
        },
        {"call_route_id": "CRID-1", "voice_authentication_type": "Basic"},
    ),
    (t.Product, PRODUCT, {"product_id": "PRID-1", "sku": "VAS035", "cost": Decimal(1)}),
    (t.Package, PACKAGE, {"package_id": "PID-1", "price": Decimal("34.56"), "active": True}),
    (t.PackageItem, ITEM | {"Price": "1.12"}, {"price": Decimal("1.12"), "product_id": "PRID-1"}),
    (
        t.Subscription,
        SUBSCRIPTION,
        {"tnid": "NID-1", "iccid": "8901240397190002080", "active": False},
    ),
    (
        t.Availability,
        {
            "RequestId": "T-04139",
            "AreaCode": "201",
            "PageNumber": 1,
            "ResultsTotal": 7700,
            "AvailableNumberAreas": [{"NGP": "SAG", "AreaCode": 993, "Zipcode": "00601"}],
        },
        {
            "results_total": 7700,
            "available_number_areas": [
                t.AvailableArea(ngp="SAG", area_code="993", zipcode="00601")
            ],
        },
    ),
    (
        t.ProvisionedNumber,
        PROVISIONED,
        {
            "order_id": "JNUOID-1",
            "phone_number": "+18016025346",
            "number_id": "NID-1",
            "qr_code": QR,
            "iccid": "12345678900987654321",
            "subscriber_id": "TSUID-1",
            "error_message": None,
        },
    ),
    (
        t.Order,
        {
            "OrderDate": "2025-12-08T00:12:08.89",
            "OrderId": "JNUOID-1",
            "OrderStatus": "Error",
            "OrderStatusMessage": "8A-ACCOUNT_NUM_REQ_OR_INCORRECT",
            "OrderType": "portin",
            "PhoneNumbersOrdered": [{"Number": "+12815703894", "Status": "Not Available"}],
        },
        {
            "order_status": "Error",
            "order_status_message": "8A-ACCOUNT_NUM_REQ_OR_INCORRECT",
            "numbers": ["+12815703894"],
        },
    ),
    (
        t.Number,
        IN_INVENTORY,
        {
            "number_id": "TNID-1",
            "message_enabled": True,
            "voice_enabled": True,
            "iccid": "8901240397190556232",
            "qr_code": "https://api.telegent.com/qr-activation-link",
            "port_out_pin": "1234",
        },
    ),
    (
        t.Number,
        IN_DETAILS,
        {"number_id": "TNID-1", "voice_enabled": False, "iccid": "8901240397190557414F"},
    ),
    (
        t.NumberUpdateResponse,
        {
            "Number": "+18018018011",
            "Tnid": None,
            "UpdateOrderId": "J",
            "UpdateOrderStatus": "Complete",
        },
        {"update_order_id": "J", "update_order_status": "Complete"},
    ),
    (
        t.StatusChangeResponse,
        {
            "OrderId": "JNUOID-1",
            "OrderStatus": "Complete",
            "ChangeType": "activate",
            "Numbers": [{"Number": "+12016093801", "QrCode": "https://qrcodeimage.com"}],
        },
        {"numbers": [t.ChangedNumber(number="+12016093801", qr_code="https://qrcodeimage.com")]},
    ),
    (
        t.StatusChangeResponse,
        {
            "OrderId": "J",
            "NumbersChange": [{"OriginalNumber": "+1", "NewNumber": "+2", "ChargeFee": 0}],
        },
        {"numbers": [t.ChangedNumber(number="+1", new_number="+2", charge_fee=Decimal(0))]},
    ),
    (
        t.StatusChangeResponse,
        {"OrderId": "J", "NumbersChanged": [{"Number": "+1", "ChangeFee": 1.00}]},
        {"numbers": [t.ChangedNumber(number="+1", charge_fee=Decimal(1))]},
    ),
    (
        t.NumberReactivateResponse,
        {"PhoneNumber": "+1", "AccountId": None, "Status": "?"},
        {"status": "?"},
    ),
    (
        t.PortEligibility,
        {"PhoneNumber": "+1", "Eligible": "true", "CurrentCarrier": "Verizon", "Message": "ok"},
        {"eligible": True, "current_carrier": "Verizon", "message": "ok"},
    ),
    (
        t.PortInOrder,
        {"OrderId": "JNUOID-1", "Status": "Pending", "PhoneNumber": "+1", "ICCID": "8"},
        {"order_id": "JNUOID-1", "status": "Pending", "iccid": "8"},
    ),
    (
        t.PortInUpdateResponse,
        {"OrderId": "J", "Status": "Updated", "Message": "m"},
        {"message": "m"},
    ),
    (t.PortInCancelResponse, {"OrderId": "J", "Status": "Cancelled"}, {"status": "Cancelled"}),
    (t.PortOutOrder, {"OrderId": "J", "Status": "Pending"}, {"order_id": "J"}),
    (
        t.DataUsageResult,
        {
            "Status": "Complete",
            "ValueUnit": "MB",
            "NotifyValue": 10,
            "ThrottleValue": 15,
            "LimitValue": 20,
            "PhoneNumbers": [{"Number": "+12016093801"}],
        },
        {"status": "Complete", "limit_value": 20, "notify_value": 10},
    ),
    (
        t.GuardianFeatureFlags,
        {"SubscriberId": "S", "EnableIntelligentGuardianCalls": True},
        {"enable_intelligent_guardian_calls": True},
    ),
    (
        t.Relation,
        {"ParentSubscriberId": "P", "ChildSubscriberId": "C", "Relation": "Parent"},
        {"parent_subscriber_id": "P", "child_subscriber_id": "C", "relation": "Parent"},
    ),
    (
        t.CallFilter,
        CALL_FILTER,
        {
            "filter_id": "CFID-1",
            "phone": "+1234567890",
            "keyword_filter": t.KeywordFilterResponse(
                custom_keywords=["a"], severity_map={"a": "HIGH"}
            ),
        },
    ),
    (t.CallFilter, {"CallFilterId": "CFID-1"}, {"filter_id": "CFID-1"}),
    (
        t.MessageFilter,
        {"FilterId": "MFID-1", "KeywordFilter": '"CustomKeywords":["a"]'},
        {"filter_id": "MFID-1", "keyword_filter": t.KeywordFilterResponse(custom_keywords=["a"])},
    ),
    (t.MessageFilter, {"FilterId": "MFID-1", "KeywordFilter": "?"}, {"keyword_filter": None}),
    (
        t.Webhook,
        {"WebhookId": "WHID-1", "SubscribedEvents": "Order_Update, New_SMS", "Active": None},
        {"webhook_id": "WHID-1", "subscribed_events": "Order_Update, New_SMS", "active": None},
    ),
]


@pytest.mark.parametrize(("model", "sample", "wanted"), SAMPLES)
def test_documented_response_is_parsed(
    model: type[t.ResponseModel], sample: dict[str, Any], wanted: dict[str, Any]
) -> None:
    parsed = model.model_validate(sample)
    assert {name: getattr(parsed, name) for name in wanted} == wanted


def test_unknown_fields_of_response_are_kept() -> None:
    parsed = t.Account.model_validate(ACCOUNT | {"Status": {"Since": 2024}})
    assert parsed.model_extra == {"Status": {"Since": 2024}}


def test_invalid_optional_field_reads_as_missing() -> None:
    parsed = t.ProvisionedNumber.model_validate(PROVISIONED | {"QRCode": {"Url": "x"}, "ICCID": []})
    assert (parsed.order_id, parsed.qr_code, parsed.iccid) == ("JNUOID-1", None, None)
    assert parsed.phone_number == "+18016025346"


def test_spelling_with_a_value_wins() -> None:
    parsed = t.Number.model_validate({"Number": "+1", "Tnid": None, "PhoneNumberId": "NID-1"})
    assert parsed.number_id == "NID-1"


async def test_data_usage_rows_are_parsed() -> None:
    settings = USAGE | {"ThrottleSpeed": "thr1024kbps", "LimitValue": 20}
    usage = USAGE | {"Used": "0 B", "Remaining": "20 MB", "CurrentBehavior": "Active"}
    body = {"PhoneNumbers": [settings | usage], "Status": "Complete"}
    async with FakeVendor(lambda request: json_response(body)).client() as api:
        (row,) = await api.data_usage.settings(["+17064491796"])
        assert (row.throttle_speed, row.limit_value) == ("thr1024kbps", 20)
        (row,) = await api.data_usage.info(["+17064491796"])
        assert (row.number, row.remaining) == ("+17064491796", "20 MB")


@pytest.mark.parametrize(
    ("shown", "size"),
    [
        ("0 B", 0),
        ("20 MB", 20 * 1024**2),
        ("1.5 GB", 1536 * 1024**2),
        (" 512kb ", 512 * 1024),
        ("0.5 TB", 512 * 1024**3),
        ("-3 MB", -3 * 1024**2),
        ("1,024 MB", None),
        ("20", None),
        (20, None),
        ("unlimited", None),
        ("20 \N{KELVIN SIGN}B", None),
        ("", None),
        (None, None),
    ],
)
def test_amount_of_data_is_read_in_every_documented_unit(shown: object, size: int | None) -> None:
    row = t.DataUsageNumber.model_validate(USAGE | {"Used": shown, "Remaining": shown})
    assert (row.used_bytes, row.remaining_bytes) == (size, size)


async def test_package_items_and_subscriptions_are_parsed() -> None:
    vendor = FakeVendor(lambda request: json_response([ITEM, ITEM]))
    async with vendor.client() as api:
        assert [item.package_item_id for item in await api.packages.items("PID-1")] == [
            "PIID-1"
        ] * 2
        vendor.respond = lambda request: json_response(PACKAGE | {"Subscriptions": [SUBSCRIPTION]})
        (found,) = await api.packages.subscriptions("PID-1")
        assert found.subscription_id == "SUB-1"
