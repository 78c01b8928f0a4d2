"""The vendor's requests for the parts of an onboarding, worded as the product's activities do."""

from collections.abc import Mapping
from dataclasses import dataclass

import telegent
from telegent_orchestrator.lines import (
    CallFilter,
    DataLimits,
    LineRequest,
    MessageFilter,
    NewNumber,
    Renewal,
)
from telegent_orchestrator.onboarding import (
    NewAccount,
    NewMessageRoute,
    NewPackage,
    NewProduct,
    NewSubscriber,
    NewVoiceRoute,
)
from telegent_orchestrator.port_in import PortInDetails


@dataclass(frozen=True)
class Owner:
    """The resources that a line refers to."""

    account_id: str
    subscriber_id: str
    package_id: str
    message_route_id: str | None
    voice_route_id: str | None


@dataclass(frozen=True)
class PurchasedNumber:
    """A number in the inventory."""

    phone_number: str
    number_id: str | None
    iccid: str | None


def account(requested: NewAccount, reference: str) -> telegent.AccountCreate:
    """The account, named after the reference."""
    return telegent.AccountCreate(
        account_name=_marked(requested.name, reference),
        account_admin=requested.admin_email,
        billing_address=telegent.Address(**requested.billing_address.model_dump()),
    )


def message_route(
    requested: NewMessageRoute, reference: str, account_id: str
) -> telegent.MessageRouteCreate:
    """A message route without credentials."""
    return telegent.MessageRouteCreate(
        route_name=_marked(requested.name, reference),
        message_url=requested.url,
        message_url_method="POST",
        message_route_enabled=True,
        message_authentication_type="None",
        inbound_bypass=False,
        outbound_bypass=False,
        intelligent_route_enabled=requested.intelligent,
        account_id=account_id,
    )


def voice_route(
    requested: NewVoiceRoute, reference: str, account_id: str
) -> telegent.VoiceRouteCreate:
    """A voice route to a URL, without credentials."""
    return telegent.VoiceRouteCreate(
        route_name=_marked(requested.name, reference),
        route_type=requested.type,
        voice_url=requested.url,
        voice_url_method="POST",
        voice_authentication_type="None",
        intelligent_route_enabled=requested.intelligent,
        route_enabled=True,
        account_id=account_id,
    )


def subscriber(requested: NewSubscriber, account_id: str) -> telegent.SubscriberCreate:
    """A subscriber without numbers."""
    return telegent.SubscriberCreate(
        name=requested.name,
        email=requested.email,
        phone_numbers=[],
        role=requested.role,
        password=requested.password,
        account_id=account_id,
    )


def guardian_features(subscriber_id: str) -> telegent.GuardianFeatures:
    """AI Guardian for calls and messages."""
    return telegent.GuardianFeatures(
        subscriber_id=subscriber_id,
        enable_intelligent_guardian_calls=True,
        enable_intelligent_guardian_messages=True,
    )


def product(requested: NewProduct) -> telegent.ProductCreate:
    """A product."""
    return telegent.ProductCreate(
        sku=requested.sku,
        description=requested.description,
        type=requested.type,
        sub_type=requested.sub_type,
        cost=requested.cost,
        billing_frequency=requested.billing_frequency,
    )


def package(requested: NewPackage, product_ids: Mapping[str, str]) -> telegent.PackageCreate:
    """A package with its items."""
    items = [
        telegent.PackageItemNew(
            product_id=product_ids[item.product],
            price=f"{item.price:.2f}",
            monthly=item.monthly,
            type=item.type,
        )
        for item in requested.items
    ]
    return telegent.PackageCreate(
        package_name=requested.name,
        description=requested.description,
        type=requested.type,
        price=requested.price,
        monthly=requested.monthly,
        package_items=items,
    )


def purchase(line: LineRequest, requested: NewNumber, owner: Owner) -> telegent.NumberProvision:
    """The purchase of a line's number."""
    kind = line.product_type
    return telegent.NumberProvision(
        number_type="mvno",
        message_type=line.message_type,
        message_enabled=kind.messages,
        voice_enabled=kind.voice,
        data_enabled=kind.data,
        product_type=kind.value,
        message_route_id=owner.message_route_id,
        voice_route_id=owner.voice_route_id if kind.voice else None,
        area_code=requested.area_code,
        assigned_subscriber_id=owner.subscriber_id,
        account_id=owner.account_id,
    )


def purchased_number(bought: telegent.ProvisionedNumber) -> PurchasedNumber:
    """The number of a purchase that is complete at once."""
    assert bought.phone_number
    return PurchasedNumber(bought.phone_number, bought.number_id, bought.iccid)


def binding(number: str, line: LineRequest, owner: Owner) -> telegent.NumberUpdate:
    """What a ported number is bound to."""
    kind = line.product_type
    return telegent.NumberUpdate(
        number=number,
        message_enabled=kind.messages,
        voice_enabled=kind.voice,
        message_type=line.message_type,
        message_route_id=owner.message_route_id,
        voice_route_id=owner.voice_route_id if kind.voice else None,
        assigned_subscriber_id=owner.subscriber_id,
        product_type=kind.value,
    )


def subscription(number: PurchasedNumber, owner: Owner) -> telegent.SubscriptionCreate:
    """The subscription of a number to the line's package."""
    return telegent.SubscriptionCreate(
        subscriber_id=owner.subscriber_id,
        package_id=owner.package_id,
        type="mvno",
        tnid=number.number_id,
        iccid=number.iccid,
    )


def data_limits(limits: DataLimits, number: str) -> telegent.DataUsageLimits:
    """A number's data limits."""
    return telegent.DataUsageLimits(
        value_unit="MB",
        limit_value=limits.limit_mb,
        notify_value=limits.notify_mb,
        throttle_value=limits.throttle_mb,
        throttle_speed=limits.throttle_speed,
        phone_numbers=[number],
    )


def renewal(requested: Renewal, number: str) -> telegent.DataRenewal:
    """When a number's used data is reset."""
    return telegent.DataRenewal(
        phone_numbers=[number],
        auto_renew=True,
        period_type="M" if requested.every == "month" else "W",
        renewal_day=requested.day,
        reset_usage=requested.reset_now,
        period_value=1,
    )


def call_filter(settings: CallFilter, number: str, owner: Owner) -> telegent.CallFilterCreate:
    """A number's call filter."""
    return telegent.CallFilterCreate(
        subscriber_id=owner.subscriber_id,
        phone=number,
        filter_mode=settings.mode,
        allowed_numbers=settings.allowed_numbers,
        blocked_numbers=settings.blocked_numbers,
        block_unknown_numbers=settings.block_unknown_numbers,
        block_international=settings.block_international,
        notification_phones=settings.notification_phones,
        apply_to_inbound=True,
        apply_to_outbound=True,
    )


def message_filter(
    settings: MessageFilter, number: str, owner: Owner
) -> telegent.MessageFilterCreate:
    """A number's message filter, without keywords."""
    return telegent.MessageFilterCreate(
        subscriber_id=owner.subscriber_id,
        phone=number,
        filter_mode=settings.mode,
        allowed_contacts=settings.allowed_contacts,
        blocked_contacts=settings.blocked_contacts,
        block_unknown_numbers=settings.block_unknown_numbers,
        block_links=settings.block_links,
        block_media=settings.block_media,
        notification_phones=settings.notification_phones,
        apply_to_inbound=True,
        apply_to_outbound=True,
    )


def port_in(details: PortInDetails) -> telegent.PortIn:
    """The submit of a port-in."""
    return telegent.PortIn(
        port_in_number=details.phone_number,
        kind="wireless",
        current_carrier_name=details.losing_carrier or "",
        current_account_number=details.account_number or "",
        current_account_password=details.account_pin,
        current_billing_address=_losing_carrier_address(details),
        iccid=details.iccid,
        subscriber_name=details.subscriber_name,
    )


def port_in_update(order_id: str, details: PortInDetails) -> telegent.PortInUpdate:
    """A correction with all details."""
    return telegent.PortInUpdate(
        order_id=order_id,
        kind="wireless",
        current_carrier_name=details.losing_carrier,
        current_account_number=details.account_number,
        current_account_password=details.account_pin,
        current_billing_address=_losing_carrier_address(details),
        iccid=details.iccid,
        subscriber_name=details.subscriber_name,
    )


def _losing_carrier_address(details: PortInDetails) -> telegent.PortBillingAddress:
    address = details.billing_address
    return telegent.PortBillingAddress(**(address.model_dump() if address else {}))


def _marked(name: str, reference: str) -> str:
    return f"{name} ({reference})"
