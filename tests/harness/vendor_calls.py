"""One call of every operation of the client, with all its fields."""

from decimal import Decimal

import telegent as t
from tests.harness.vendor_number_calls import NUMBER_CALLS
from tests.harness.vendor_requests import ICCID, ROUTE, STREET, VOICE, WEBHOOK, Call, N, of

ACCOUNT_CALLS: list[Call] = [
    lambda api: api.accounts.create(
        t.AccountCreate(
            account_name="A",
            account_admin="a@x.example",
            billing_address=STREET,
            mailing_address=STREET,
        )
    ),
    lambda api: api.accounts.update(
        t.AccountUpdate(account_name="A", billing_address=STREET, mailing_address=STREET)
    ),
    lambda api: api.subscribers.create(
        t.SubscriberCreate(
            name="J", email="j@x.example", role="Manager", password="p", account_id="AID-1"
        )
    ),
    lambda api: api.subscribers.update(
        t.SubscriberUpdate(
            subscriber_id="S", name="J", phone_numbers=[N], role="Account Admin", password="p"
        )
    ),
    lambda api: api.subscribers.transfer(
        t.SubscriberTransfer(subscriber_id="S", from_account_id="A", to_account_id="B")
    ),
    lambda api: api.message_routes.create(
        of(
            t.MessageRouteCreate,
            ROUTE,
            route_name="r",
            message_url="https://x.example",
            message_url_method="POST",
        )
    ),
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
    lambda api: api.message_routes.update(
        t.MessageRouteUpdate(message_route_id="M", callback_message_url=None)
    ),
    lambda api: api.message_routes.delete("M"),
    lambda api: api.voice_routes.create(of(t.VoiceRouteCreate, VOICE)),
    lambda api: api.voice_routes.update(of(t.VoiceRouteUpdate, VOICE, call_route_id="C")),
    lambda api: api.voice_routes.delete("C"),
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
    lambda api: api.products.delete("P"),
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
    lambda api: api.packages.delete("G"),
    lambda api: api.packages.add_item(
        t.PackageItemAdd(package_id="G", product_id="P", price="1.12", monthly=True, type="x")
    ),
    lambda api: api.packages.update_item(
        t.PackageItemUpdate(
            package_id="G", package_item_id="I", price="1.12", monthly=True, type="x"
        )
    ),
    lambda api: api.packages.delete_item("G", "I"),
    lambda api: api.subscriptions.create(
        t.SubscriptionCreate(
            subscriber_id="S", package_id="G", type="mvno", tnid="NID-1", iccid=ICCID
        )
    ),
    lambda api: api.subscriptions.update(
        t.SubscriptionUpdate(
            subscription_id="U",
            subscriber_id="S",
            package_id="G",
            type="iot",
            tnid="NID-1",
            iccid=ICCID,
            active=True,
        )
    ),
    lambda api: api.subscriptions.delete("U"),
    lambda api: api.webhooks.create(of(t.WebhookCreate, WEBHOOK)),
    lambda api: api.webhooks.update(of(t.WebhookUpdate, WEBHOOK, webhook_id="W")),
    lambda api: api.webhooks.delete("W", "AID-1"),
    lambda api: api.accounts.get("A"),
    lambda api: api.accounts.list(),
    lambda api: api.subscribers.get("S"),
    lambda api: api.subscribers.page(2, 50),
    lambda api: api.message_routes.get("M"),
    lambda api: api.message_routes.list("A"),
    lambda api: api.voice_routes.get("C"),
    lambda api: api.voice_routes.list("A"),
    lambda api: api.products.get("P"),
    lambda api: api.products.list(),
    lambda api: api.packages.get("G"),
    lambda api: api.packages.list("Inactive"),
    lambda api: api.packages.items("G"),
    lambda api: api.packages.subscriptions("G"),
    lambda api: api.subscriptions.get("U"),
    lambda api: api.subscriptions.list(),
    lambda api: api.webhooks.get("W", "A"),
    lambda api: api.webhooks.list("A"),
]

CALLS = [*ACCOUNT_CALLS, *NUMBER_CALLS]
