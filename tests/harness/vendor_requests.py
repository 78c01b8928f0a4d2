"""Requests for the client, with all their fields set, and a response that fits every call."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import telegent as t
from tests.harness.fake_vendor import FakeVendor, json_response

Call = Callable[[t.Telegent], Awaitable[object]]

N = "+18015550100"
ICCID = "8901240397190195850"
STREET = t.Address(
    street1="1 Main St", street2="2", city="Lehi", state="Utah", zip="8", country="U"
)
ADDRESS = {"Street1", "Street2", "City", "State", "Zip", "Country"}

IDS = """
AccountId SubscriberId MessageRouteId CallRouteId ProductId PackageId PackageItemId SubscriptionId
OrderId Number FilterId WebhookId ParentSubscriberId ChildSubscriberId
"""
ROWS = """
Subscribers PhoneNumbers Subscriptions AllowedNumbers BlockedNumbers AllowedContacts BlockedContacts
"""
# An answer that any of the calls can use.
ANYTHING: dict[str, object] = {
    "Eligible": True,
    **dict.fromkeys(IDS.split(), "x"),
    **{name: [] for name in ROWS.split()},
}

ROUTE = {
    "message_route_enabled": True,
    "message_authentication_type": "Basic",
    "message_username": "u",
    "message_password_token": "p",
    "callback_message_url": "https://x.example/st",
    "callback_message_url_method": "POST",
    "callback_message_authentication_type": "Bearer",
    "callback_message_username": "u",
    "callback_message_password_token": "p",
    "inbound_bypass": False,
    "outbound_bypass": False,
    "intelligent_route_enabled": True,
    "account_id": "AID-1",
}
VOICE = {
    "voice_url": "https://x.example/v",
    "voice_url_method": "POST",
    "voice_authentication_type": "Basic",
    "voice_username": "u",
    "voice_password_token": "p",
    "callback_voice_url": "https://x.example/c",
    "callback_voice_url_method": "GET",
    "trunk_ip1": "192.0.2.1",
    "trunk_ip2": "192.0.2.2",
    "trunk_port1": "5061",
    "trunk_port2": "5061",
    "trunk_transport1": "UDP",
    "trunk_transport2": "TLS",
    "trunk_uri1": "sip:a",
    "trunk_uri2": "sip:b",
    "trunk_enabled1": True,
    "trunk_enabled2": False,
    "trunk1_priority": 1,
    "trunk2_priority": 2,
    "trunk1_weight": 1,
    "trunk2_weight": 2,
    "header_manipulation": "HMI1",
    "enable_sip_refer": True,
    "symmetric_rtp": True,
    "enable_trp_secure_trunk": True,
    "enable_pstn_transfer": True,
    "cnam_lookup": True,
    "enable_call_streaming": True,
    "transfer_caller_id": "Transferee",
    "ip_whitelist": [{"ip_address": "192.0.2.1"}],
    "termination_uri_subdomain": "client",
    "wss_uri": "wss://x.example",
    "route_enabled": True,
    "intelligent_route_enabled": True,
    "account_id": "AID-1",
    "route_name": "r",
    "route_type": "Trunk",
}
PORT = {
    "current_carrier_name": "C",
    "current_account_number": "1",
    "current_account_password": "2",
    "current_billing_address": {
        "street1": "1",
        "street2": "2",
        "city": "L",
        "state": "UT",
        "zip": "84043",
    },
    "iccid": ICCID,
    "kind": "wireless",
    "subscriber_name": "J",
    "port_in_date": date(2026, 6, 1),
}
CALL_FILTER = {
    "subscriber_id": "S",
    "phone": N,
    "filter_mode": "WHITELIST",
    "allowed_numbers": [N],
    "blocked_numbers": [N],
    "enable_transcription": True,
    "keyword_filter": {
        "custom_keywords": ["a"],
        "system_keywords": {},
        "severity_map": {"a": "HIGH"},
    },
    "transcription_action": "WARNING",
    "warning_message": "w",
    "notification_phones": [N],
    "apply_to_outbound": True,
    "apply_to_inbound": True,
    "block_unknown_numbers": True,
    "block_international": True,
    "record_flagged_calls": True,
}
MESSAGE_FILTER = {
    "subscriber_id": "S",
    "phone": N,
    "filter_mode": "ACTIVE",
    "allowed_contacts": [N],
    "blocked_contacts": [N],
    "keyword_filter": {"custom_keywords": ["a"]},
    "notification_phones": [N],
    "apply_to_outbound": True,
    "apply_to_inbound": True,
    "block_unknown_numbers": True,
    "block_links": True,
    "block_media": True,
}
WEBHOOK = {
    "account_id": "AID-1",
    "webhook_url": "https://x.example/h",
    "method": "POST",
    "data_format": "json",
    "authentication_type": "Basic",
    "authentication_username": "u",
    "authentication_password": "p",
    "authentication_token": "t",
    "subscribed_events": ["Order_Update", "New_Sms"],
}
ENTRIES = t.FilterEntries(subscriber_id="S", filter_id="F", entries=[N])


def of(model: type[t.RequestModel], *parts: dict[str, Any], **more: Any) -> Any:
    """A request from shared parts; they are dicts, since create and update share them."""
    values: dict[str, Any] = {}
    for part in (*parts, more):
        values |= part
    return model.model_validate(values)


async def sent(call: Call) -> FakeVendor:
    vendor = FakeVendor(lambda request: json_response(ANYTHING))
    async with vendor.client() as api:
        await call(api)
    assert len(vendor.requests) == 1
    return vendor
