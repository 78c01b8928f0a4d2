"""Every operation of the client, with the keys of its request."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
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
ROUTE_KEYS = (
    "MessageRouteEnabled MessageAuthenticationType MessageUsername MessagePasswordToken "
    "CallbackMessageUrl CallbackMessageUrlMethod CallbackMessageAuthenticationType "
    "CallbackMessageUsername CallbackMessagePasswordToken InboundBypass OutboundBypass "
    "IntelligentRouteEnabled AccountId RouteName MessageUrl MessageUrlMethod"
)
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
VOICE_KEYS = (
    "VoiceUrl VoiceUrlMethod VoiceAuthenticationType VoiceUsername VoicePasswordToken "
    "CallbackVoiceUrl CallbackVoiceUrlMethod TrunkIp1 TrunkIp2 TrunkPort1 TrunkPort2 "
    "TrunkTransport1 TrunkTransport2 TrunkUri1 TrunkUri2 TrunkEnabled1 TrunkEnabled2 "
    "Trunk1Priortiy Trunk2Priortiy Trunk1Weight Trunk2Weight HeaderManipulation EnableSipRefer "
    "SymmetricRtp EnableTrpSecureTrunk EnablePstnTransfer CnamLookup EnableCallStreaming "
    "TransferCallerId IpWhitelist TerminationUriSubdomain WssUri RouteEnabled "
    "IntelligentRouteEnabled AccountId RouteName RouteType"
)
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
PORT_KEYS = (
    "CurrentCarrierName CurrentAccountNumber CurrentAccountPassword CurrentBillingAddress ICCID "
    "TargetPortinClassification SubscriberName PortInDate"
)
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
CALL_FILTER_KEYS = (
    "SubscriberId Phone FilterMode AllowedNumbers BlockedNumbers EnableTranscription KeywordFilter "
    "TranscriptionAction WarningMessage NotificationPhones ApplyToOutbound ApplyToInbound "
    "BlockUnknownNumbers BlockInternational RecordFlaggedCalls"
)
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
MESSAGE_FILTER_KEYS = (
    "SubscriberId Phone FilterMode AllowedContacts BlockedContacts KeywordFilter "
    "NotificationPhones ApplyToOutbound ApplyToInbound BlockUnknownNumbers BlockLinks BlockMedia"
)
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
WEBHOOK_KEYS = (
    "AccountId WebhookUrl Method DataFormat AuthenticationType AuthenticationUsername "
    "AuthenticationPassword AuthenticationToken SubscribedEvents"
)
ENTRIES = t.FilterEntries(subscriber_id="S", filter_id="F", entries=[N])


def of(model: type[t.RequestModel], *parts: dict[str, Any], **more: Any) -> Any:
    """A request from shared parts; they are dicts, since create and update share them."""
    values: dict[str, Any] = {}
    for part in (*parts, more):
        values |= part
    return model.model_validate(values)


POSTS: list[tuple[Call, str, str]] = [
    (
        lambda api: api.accounts.create(
            t.AccountCreate(
                account_name="A",
                account_admin="a@x.example",
                billing_address=STREET,
                mailing_address=STREET,
            )
        ),
        "account/create",
        "AccountName AccountAdmin BillingAddress MailingAddress",
    ),
    (
        lambda api: api.accounts.update(
            t.AccountUpdate(account_name="A", billing_address=STREET, mailing_address=STREET)
        ),
        "account/update",
        "AccountName BillingAddress MailingAddress",
    ),
    (
        lambda api: api.subscribers.create(
            t.SubscriberCreate(
                name="J", email="j@x.example", role="Manager", password="p", account_id="AID-1"
            )
        ),
        "subscribers/create",
        "Name Email PhoneNumbers Role Password AccountId",
    ),
    (
        lambda api: api.subscribers.update(
            t.SubscriberUpdate(
                subscriber_id="S", name="J", phone_numbers=[N], role="Account Admin", password="p"
            )
        ),
        "subscribers/update",
        "SubscriberId Name PhoneNumbers Role Password",
    ),
    (
        lambda api: api.subscribers.transfer(
            t.SubscriberTransfer(subscriber_id="S", from_account_id="A", to_account_id="B")
        ),
        "subscribers/transfer",
        "SubscriberId FromAccountId ToAccountId",
    ),
    (
        lambda api: api.message_routes.create(
            of(
                t.MessageRouteCreate,
                ROUTE,
                route_name="r",
                message_url="https://x.example",
                message_url_method="POST",
            )
        ),
        "message/routes",
        ROUTE_KEYS,
    ),
    (
        lambda api: api.message_routes.update(
            of(
                t.MessageRouteUpdate,
                ROUTE,
                message_route_id="M",
                route_name="r",
                message_url="https://x.example",
                message_url_method="POST",
            )
        ),
        "message/routes/update",
        ROUTE_KEYS + " MessageRouteId",
    ),
    (
        lambda api: api.message_routes.update(
            t.MessageRouteUpdate(message_route_id="M", callback_message_url=None)
        ),
        "message/routes/update",
        "MessageRouteId CallbackMessageUrl",
    ),
    (lambda api: api.message_routes.delete("M"), "message/routes/delete", "MessageRouteId"),
    (
        lambda api: api.voice_routes.create(of(t.VoiceRouteCreate, VOICE)),
        "voice/routes",
        VOICE_KEYS,
    ),
    (
        lambda api: api.voice_routes.update(of(t.VoiceRouteUpdate, VOICE, call_route_id="C")),
        "voice/routes/update",
        VOICE_KEYS + " CallRouteId",
    ),
    (lambda api: api.voice_routes.delete("C"), "voice/routes/delete", "CallRouteId"),
    (
        lambda api: api.products.create(
            t.ProductCreate(
                sku="K",
                description="d",
                type="esim",
                cost=Decimal("1.5"),
                billing_frequency="MRC",
                sub_type="s",
            )
        ),
        "products",
        "SKU Description Type Cost BillingFrequency SubType",
    ),
    (
        lambda api: api.products.update(
            t.ProductUpdate(
                product_id="P",
                sku="K",
                description="d",
                type="esim",
                cost=Decimal(1),
                billing_frequency="NRC",
                sub_type="s",
            )
        ),
        "products/update",
        "ProductId SKU Description Type Cost BillingFrequency SubType",
    ),
    (lambda api: api.products.delete("P"), "products/delete", "ProductId"),
    (
        lambda api: api.packages.create(
            t.PackageCreate(
                package_name="n",
                type="esim",
                price=Decimal(10),
                monthly=True,
                description="d",
                subscriber_id="S",
                package_items=[
                    t.PackageItemNew(product_id="P", price="0.00", monthly=False, type="esim")
                ],
            )
        ),
        "packages",
        "PackageName Type Price Monthly Description SubscriberId PackageItems",
    ),
    (
        lambda api: api.packages.update(
            t.PackageUpdate(
                package_id="G",
                package_name="n",
                type="esim",
                price=Decimal(10),
                monthly=True,
                description="d",
                subscriber_id="S",
            )
        ),
        "packages/update",
        "PackageId PackageName Type Price Monthly Description SubscriberId",
    ),
    (lambda api: api.packages.delete("G"), "packages/delete", "PackageId"),
    (
        lambda api: api.packages.add_item(
            t.PackageItemAdd(package_id="G", product_id="P", price="1.12", monthly=True, type="x")
        ),
        "packages/items/add",
        "PackageId ProductId Price Monthly Type",
    ),
    (
        lambda api: api.packages.update_item(
            t.PackageItemUpdate(
                package_id="G", package_item_id="I", price="1.12", monthly=True, type="x"
            )
        ),
        "packages/items/update",
        "PackageId PackageItemId Price Monthly Type",
    ),
    (
        lambda api: api.packages.delete_item("G", "I"),
        "packages/items/delete",
        "PackageId PackageItemId",
    ),
    (
        lambda api: api.subscriptions.create(
            t.SubscriptionCreate(
                subscriber_id="S", package_id="G", type="mvno", tnid="NID-1", iccid=ICCID
            )
        ),
        "subscriptions",
        "SubscriberId PackageId Type TNID ICCID",
    ),
    (
        lambda api: api.subscriptions.update(
            t.SubscriptionUpdate(
                subscription_id="U",
                subscriber_id="S",
                package_id="G",
                type="iot",
                tnid="NID-1",
                iccid=ICCID,
            )
        ),
        "subscriptions/update",
        "SubscriptionId SubscriberId PackageId Type TNID ICCID",
    ),
    (lambda api: api.subscriptions.delete("U"), "subscriptions/delete", "SubscriptionId"),
    (
        lambda api: api.numbers.availability(
            t.AvailabilitySearch(
                message_type="p2p",
                message_enabled=True,
                voice_enabled=True,
                area_code="201",
                zip_code="84043",
            )
        ),
        "numbers/availability",
        "NumberType MessageType MessageEnabled VoiceEnabled PageNumber AreaCode ZipCode",
    ),
    (
        lambda api: api.numbers.provision(
            t.NumberProvision(
                number_type="mvno",
                message_type="p2p",
                message_enabled=True,
                voice_enabled=True,
                product_type="Sms+Data+Voice",
                data_enabled=True,
                message_route_id="M",
                voice_route_id="C",
                area_code="201",
                zip_code="84043",
                iccid=ICCID,
                assigned_subscriber_id="S",
                account_id="AID-1",
            )
        ),
        "numbers/provision",
        "NumberType MessageType MessageEnabled VoiceEnabled ProductType DataEnabled MessageRouteId "
        "VoiceRouteId AreaCode ZipCode ICCID AssignedSubscriberId AccountId",
    ),
    (
        lambda api: api.numbers.update(
            t.NumberUpdate(
                number=N,
                message_enabled=True,
                voice_enabled=True,
                message_type="p2p",
                classification="IoT",
                message_route_id="M",
                voice_route_id="C",
                assigned_subscriber_id="S",
                iccid=ICCID,
                cnam_first_name="J",
                cnam_last_name="D",
                product_type="Data-Only",
            )
        ),
        "numbers/update",
        "Number MessageEnabled VoiceEnabled MessageType Classification MessageRouteId VoiceRouteId "
        "AssignedSubscriberId Iccid CnamFirstName CnamLastName ProductType",
    ),
    (
        lambda api: api.numbers.change_status(
            t.StatusChange(
                status_change="swap",
                effective_date=date(2026, 5, 13),
                phone_numbers=[t.StatusChangeNumber(number=N)],
                area_code="201",
                zip_code="84043",
            )
        ),
        "numbers/status",
        "StatusChange EffectiveDate PhoneNumbers AreaCode ZipCode",
    ),
    (
        lambda api: api.numbers.reactivate(t.NumberReactivate(phone_number=N, account_id="AID-1")),
        "numbers/reactivate",
        "PhoneNumber AccountId",
    ),
    (
        lambda api: api.ports.eligibility(t.PortEligibilityQuery(phone_number=N, kind="wireless")),
        "numbers/portin/eligibility",
        "PhoneNumber TargetClassification",
    ),
    (
        lambda api: api.ports.submit(of(t.PortIn, PORT, port_in_number=N)),
        "numbers/portin",
        PORT_KEYS + " PortInNumber",
    ),
    (
        lambda api: api.ports.update(of(t.PortInUpdate, PORT, order_id="J")),
        "numbers/portin/update",
        PORT_KEYS + " OrderId",
    ),
    (lambda api: api.ports.cancel("J"), "numbers/portin/cancel", "OrderId"),
    (
        lambda api: api.ports.port_out(t.PortOut(port_out_number=N, port_out_pin="1234")),
        "numbers/portout",
        "PortOutNumber PortOutPIN",
    ),
    (
        lambda api: api.data_usage.set_limits(
            t.DataUsageLimits(
                value_unit="MB",
                limit_value=20,
                notify_value=10,
                throttle_value=15,
                throttle_speed="1-mbps",
                phone_numbers=[N],
            )
        ),
        "numbers/data-usage",
        "ValueUnit LimitValue NotifyValue ThrottleValue ThrottleSpeed PhoneNumbers",
    ),
    (lambda api: api.data_usage.settings([N]), "numbers/data-usage/settings", "PhoneNumbers"),
    (lambda api: api.data_usage.info([N]), "numbers/data-usage/info", "PhoneNumbers"),
    (
        lambda api: api.data_usage.set_renewal(
            t.DataRenewal(
                phone_numbers=[N],
                auto_renew=True,
                period_type="M",
                renewal_day=31,
                reset_usage=False,
                period_value=1,
            )
        ),
        "numbers/data-usage/update-renewal-info",
        "PhoneNumbers AutoRenew PeriodType RenewalDay ResetUsage PeriodValue",
    ),
    (
        lambda api: api.guardian.set_features(
            t.GuardianFeatures(
                subscriber_id="S",
                enable_intelligent_guardian_calls=True,
                enable_intelligent_guardian_messages=True,
            )
        ),
        "subscribers/guardian-features",
        "SubscriberId EnableIntelligentGuardianCalls EnableIntelligentGuardianMessages",
    ),
    (
        lambda api: api.guardian.create_relation(
            t.GuardianRelation(
                parent_subscriber_id="P", child_subscriber_id="C", relation="Guardian"
            )
        ),
        "subscribers/guardians/relation",
        "ParentSubscriberId ChildSubscriberId Relation",
    ),
    (
        lambda api: api.guardian.delete_relation("P", "C"),
        "subscribers/guardians/relation/delete",
        "ParentSubscriberId ChildSubscriberId",
    ),
    (
        lambda api: api.guardian.call_filters.create(of(t.CallFilterCreate, CALL_FILTER)),
        "subscribers/call-filter",
        CALL_FILTER_KEYS,
    ),
    (
        lambda api: api.guardian.call_filters.update(
            of(t.CallFilterUpdate, CALL_FILTER, filter_id="F")
        ),
        "subscribers/call-filter/update",
        CALL_FILTER_KEYS + " FilterId",
    ),
    (
        lambda api: api.guardian.message_filters.create(of(t.MessageFilterCreate, MESSAGE_FILTER)),
        "subscribers/message-filter",
        MESSAGE_FILTER_KEYS,
    ),
    (
        lambda api: api.guardian.message_filters.update(
            of(t.MessageFilterUpdate, MESSAGE_FILTER, filter_id="F")
        ),
        "subscribers/message-filter/update",
        MESSAGE_FILTER_KEYS + " FilterId",
    ),
    (
        lambda api: api.guardian.call_filters.delete("F"),
        "subscribers/call-filter/delete",
        "CallFilterId",
    ),
    (
        lambda api: api.guardian.message_filters.delete("F"),
        "subscribers/message-filter/delete",
        "MessageFilterId",
    ),
    (
        lambda api: api.guardian.call_filters.add_allowed(ENTRIES),
        "subscribers/call-filter/allowed-numbers/add",
        "SubscriberId CallFilterId Numbers",
    ),
    (
        lambda api: api.guardian.call_filters.remove_allowed(ENTRIES),
        "subscribers/call-filter/allowed-numbers/remove",
        "SubscriberId CallFilterId Numbers",
    ),
    (
        lambda api: api.guardian.call_filters.add_blocked(ENTRIES),
        "subscribers/call-filter/blocked-numbers/add",
        "SubscriberId CallFilterId Numbers",
    ),
    (
        lambda api: api.guardian.call_filters.remove_blocked(ENTRIES),
        "subscribers/call-filter/blocked-numbers/remove",
        "SubscriberId CallFilterId Numbers",
    ),
    (
        lambda api: api.guardian.message_filters.add_allowed(ENTRIES),
        "subscribers/message-filter/allowed-contacts/add",
        "SubscriberId MessageFilterId Contacts",
    ),
    (
        lambda api: api.guardian.message_filters.remove_allowed(ENTRIES),
        "subscribers/message-filter/allowed-contacts/remove",
        "SubscriberId MessageFilterId Contacts",
    ),
    (
        lambda api: api.guardian.message_filters.add_blocked(ENTRIES),
        "subscribers/message-filter/blocked-contacts/add",
        "SubscriberId MessageFilterId Contacts",
    ),
    (
        lambda api: api.guardian.message_filters.remove_blocked(ENTRIES),
        "subscribers/message-filter/blocked-contacts/remove",
        "SubscriberId MessageFilterId Contacts",
    ),
    (
        lambda api: api.numbers.set_e911_address(
            t.E911AddressUpdate(
                phone_number=N,
                street1="1 Main St",
                street2="2",
                city="Lehi",
                state="UT",
                zip="84043",
                account_id="AID-1",
            )
        ),
        "numbers/e911address/update",
        "PhoneNumber Street1 Street2 City State Zip AccountId",
    ),
    (lambda api: api.webhooks.create(of(t.WebhookCreate, WEBHOOK)), "webhook/create", WEBHOOK_KEYS),
    (
        lambda api: api.webhooks.update(of(t.WebhookUpdate, WEBHOOK, webhook_id="W")),
        "webhook/update",
        WEBHOOK_KEYS + " WebhookId",
    ),
    (lambda api: api.webhooks.delete("W", "AID-1"), "webhook/delete", "WebhookId AccountId"),
]

GETS: list[tuple[Call, str, dict[str, str]]] = [
    (lambda api: api.accounts.get("A"), "account", {"AccountId": "A"}),
    (lambda api: api.accounts.list(), "distributor/accounts", {}),
    (
        lambda api: api.numbers.e911_address(N, "AID-1"),
        "numbers/e911address",
        {"PhoneNumber": N, "AccountId": "AID-1"},
    ),
    (lambda api: api.subscribers.get("S"), "subscribers/get", {"SubscriberId": "S"}),
    (
        lambda api: api.subscribers.page(2, 50),
        "distributor/subscribers",
        {"PageNumber": "2", "TotalPerPage": "50"},
    ),
    (lambda api: api.message_routes.get("M"), "message/routes", {"MessageRouteId": "M"}),
    (lambda api: api.message_routes.list("A"), "account/message/routes", {"AccountId": "A"}),
    (lambda api: api.voice_routes.get("C"), "voice/routes", {"CallRouteID": "C"}),
    (lambda api: api.voice_routes.list("A"), "account/voice/routes", {"AccountId": "A"}),
    (lambda api: api.products.get("P"), "products", {"ProductId": "P"}),
    (lambda api: api.products.list(), "account/products", {"Filter": "All"}),
    (lambda api: api.packages.get("G"), "packages", {"PackageId": "G"}),
    (lambda api: api.packages.list("Inactive"), "account/packages", {"Filter": "Inactive"}),
    (lambda api: api.packages.items("G"), "packages/items", {"PackageId": "G"}),
    (lambda api: api.packages.subscriptions("G"), "packages/subscriptions", {"PackageId": "G"}),
    (lambda api: api.subscriptions.get("U"), "subscriptions", {"SubscriptionId": "U"}),
    (lambda api: api.subscriptions.list(), "account/subscriptions", {"Filter": "Active"}),
    (lambda api: api.numbers.order("J"), "numbers/order", {"OrderId": "J"}),
    (
        lambda api: api.numbers.inventory_page(3, 10, "Active"),
        "numbers/inventory",
        {"PageNumber": "3", "TotalNumbersRequested": "10", "Filter": "Active"},
    ),
    (lambda api: api.numbers.details(phone_number=N), "numbers", {"PhoneNumber": N}),
    (lambda api: api.numbers.details(iccid=ICCID), "numbers", {"ICCID": ICCID}),
    (
        lambda api: api.guardian.features("S", "A"),
        "subscribers/guardian-features",
        {"SubscriberId": "S", "AccountId": "A"},
    ),
    (
        lambda api: api.guardian.children("P"),
        "subscribers/guardians/relation/parent",
        {"ParentSubscriberId": "P"},
    ),
    (
        lambda api: api.guardian.parents("C"),
        "subscribers/guardians/relation/child",
        {"ChildSubscriberId": "C"},
    ),
    (
        lambda api: api.guardian.call_filters.list("S", N, "A"),
        "subscribers/call-filter",
        {"SubscriberId": "S", "Phone": N, "AccountId": "A"},
    ),
    (
        lambda api: api.guardian.message_filters.list("S", N, "A"),
        "subscribers/message-filter",
        {"SubscriberId": "S", "Phone": N, "AccountId": "A"},
    ),
    *(
        (call, f"subscribers/call-filter/{path}", {"SubscriberId": "S", "CallFilterId": "F"})
        for call, path in (
            (lambda api: api.guardian.call_filters.keywords("S", "F"), "keywords"),
            (lambda api: api.guardian.call_filters.allowed("S", "F"), "allowed-numbers"),
            (lambda api: api.guardian.call_filters.blocked("S", "F"), "blocked-numbers"),
        )
    ),
    *(
        (call, f"subscribers/message-filter/{path}", {"SubscriberId": "S", "MessageFilterId": "F"})
        for call, path in (
            (lambda api: api.guardian.message_filters.keywords("S", "F"), "keywords"),
            (lambda api: api.guardian.message_filters.allowed("S", "F"), "allowed-contacts"),
            (lambda api: api.guardian.message_filters.blocked("S", "F"), "blocked-contacts"),
        )
    ),
    (lambda api: api.webhooks.get("W", "A"), "webhook", {"WebhookId": "W", "AccountId": "A"}),
    (lambda api: api.webhooks.list("A"), "account/webhooks", {"AccountId": "A"}),
]


async def sent(call: Call) -> FakeVendor:
    vendor = FakeVendor(lambda request: json_response(ANYTHING))
    async with vendor.client() as api:
        await call(api)
    assert len(vendor.requests) == 1
    return vendor
