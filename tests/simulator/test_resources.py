"""Reads, changes, lists and their published odd spellings, resource by resource."""

from typing import Literal

import pytest

from simulator import ManualClock, SimulatorOptions
from tests.simulator.client import Json, SimulatorClient, Start
from tests.simulator.steps import create_account, create_prerequisites, create_subscriber


@pytest.mark.parametrize("envelope", ["array", "results", "object"])
async def test_accounts_are_listed_in_chosen_envelope(
    start: Start, envelope: Literal["array", "results", "object"]
) -> None:
    caller = await start(SimulatorOptions(accounts_envelope=envelope))
    created = await caller.post("/account/create", AccountName="Acme", BillingAddress={"Zip": ""})
    updated = await caller.post("/account/update", BillingAddress={"City": "Lehi"})
    assert updated["BillingAddress"]["City"] == "Lehi"
    assert await caller.get("/account", AccountId=created["AccountId"]) == updated
    listed = await caller.get("/distributor/accounts")
    shapes = {"array": [updated], "results": {"Results": [updated]}, "object": updated}
    assert listed == shapes[envelope]


async def test_subscribers_can_be_paged_updated_and_transferred(caller: SimulatorClient) -> None:
    first, second = await create_account(caller, "First"), await create_account(caller, "Second")
    ids = [await create_subscriber(caller, first, f"s{n}@example.com") for n in range(11)]
    page = await caller.get("/distributor/subscribers")
    assert (page["TotalSubscribers"], len(page["Subscribers"])) == (11, 10)
    assert page["Subscribers"][0]["Account"] is None
    last = await caller.get("/distributor/subscribers", PageNumber=3, TotalPerPage=5)
    assert [s["SubscriberId"] for s in last["Subscribers"]] == ids[10:]

    await caller.post("/subscribers/update", SubscriberId=ids[0], Role="Manager")
    transfer: Json = {"SubscriberId": ids[0], "FromAccountId": first, "ToAccountId": second}
    transferred = await caller.post("/subscribers/transfer", **transfer)
    assert (transferred["Role"], transferred["Account"]["CompanyName"]) == ("Manager", "Second")
    assert await caller.post_rejected("/subscribers/transfer", **transfer) == "Invalid AccountId"


async def test_routes_can_be_read_updated_listed_and_deleted(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    changed = await caller.post(
        "/message/routes/update",
        MessageRouteId=base.message_route,
        MessageAuthenticationType="Bearer",
        MessagePasswordToken="shh",
    )
    assert "MessagePasswordToken" not in changed
    text = await caller.post_rejected(
        "/message/routes/update", MessageRouteId=base.message_route, MessageUrl=None
    )
    assert text == "MessageUrl is required"
    assert changed["MessageUrl"] == "https://mvno.example/in"
    assert await caller.get("/message/routes", MessageRouteID=base.message_route) == changed
    listed = await caller.get("/account/message/routes", AccountId=base.account)
    assert (listed["AccountID"], listed["TotalRoutes"]) == (base.account, 1)
    assert listed["Results"][0]["AccountID"] == base.account

    await caller.post("/voice/routes/update", CallRouteId=base.voice_route, Trunk1Weight=5)
    voice = await caller.get("/voice/routes", CallRouteID=base.voice_route)
    assert (voice["Trunk1Priortiy"], voice["Trunk1Weight"]) == (10, 5)
    assert voice["IpWhiteList"] == []
    row = (await caller.get("/account/voice/routes"))["Results"][0]
    assert row["IpWhitelist"] == [{"IpAddress": "192.0.2.1"}]
    assert "VoiceUrl" not in row

    deleted = await caller.post("/message/routes/delete", MessageRouteId=base.message_route)
    assert deleted == {"MessageRouteStatus": "Deleted", "MRID": base.message_route}
    deleted = await caller.post("/voice/routes/delete", CallRouteId=base.voice_route)
    assert deleted["CallRouteStatus"] == "Deleted"
    await caller.get_rejected("/voice/routes", 404, CallRouteID=base.voice_route)


async def test_route_can_be_reported_disabled(start: Start) -> None:
    caller = await start(SimulatorOptions(report_routes_disabled=True))
    await create_account(caller)
    route = {"RouteName": "r", "MessageUrl": "https://x.example/", "MessageUrlMethod": "POST"}
    created = await caller.post("/message/routes", **route, MessageRouteEnabled=True)
    assert created["MessageRouteEnabled"] is False


async def test_names_and_skus_can_repeat_and_be_updated(
    caller: SimulatorClient,
) -> None:
    product = {
        "SKU": "S",
        "Description": "D",
        "Type": "data",
        "Cost": 1,
        "BillingFrequency": "MRC",
    }
    first = await caller.post("/products", **product)
    second = await caller.post("/products", **product)
    assert first["ProductId"] != second["ProductId"]
    changed = await caller.post("/products/update", ProductId=first["ProductId"], Cost=2.5)
    assert (changed["Cost"], changed["SKU"]) == (2.5, "S")
    assert "Active" not in changed
    listed = await caller.get("/account/products", Filter="All")
    assert (listed["TotalProducts"], len(listed["Results"])) == (2, 2)
    assert (await caller.get("/distributor/products", Filter="Inactive"))["Results"] == []
    assert (await caller.get("/products", ProductId=first["ProductId"]))["Cost"] == 2.5

    package = {"PackageName": "P", "Type": "esim", "Price": 1, "Monthly": True}
    one = await caller.post("/packages", **package)
    two = await caller.post("/packages", **package)
    assert one["PackageId"] != two["PackageId"]
    await caller.post("/packages/update", PackageId=one["PackageId"], Price=3, Description="x")
    assert (await caller.get("/packages", PackageId=one["PackageId"]))["Price"] == 3
    assert (await caller.get("/account/packages"))["TotalPackages"] == 2
    ids = {"PackageId": one["PackageId"], "ProductId": first["ProductId"]}
    items = [await caller.post("/packages/items/add", **ids) for _ in range(2)]
    key = {"PackageId": one["PackageId"], "PackageItemId": items[0]["PackageItemId"]}
    assert (await caller.post("/packages/items/update", **key, Price="2.5"))["Price"] == 2.5
    assert (await caller.post("/packages/items/update", **key, Price=None))["Price"] == 2.5
    await caller.post("/packages/items/delete", **key)
    assert len(await caller.get("/packages/items", PackageId=one["PackageId"])) == 1


async def test_plan_can_change_and_number_can_be_subscribed_twice(
    caller: SimulatorClient,
) -> None:
    base = await create_prerequisites(caller)
    number = await caller.post("/numbers/provision", **base.provision())
    packages = [
        await caller.post("/packages", PackageName=name, Type="esim", Price=1, Monthly=True)
        for name in ("A", "B")
    ]
    body = {
        "SubscriberId": base.subscriber,
        "PackageId": packages[0]["PackageId"],
        "Type": "mvno",
        "TNID": number["PhoneNumberId"],
    }
    first = await caller.post("/subscriptions", **body)
    await caller.post("/subscriptions", **body)
    assert caller.sim.ledger.count("subscription.created") == 2
    plan = packages[1]["PackageId"]
    key = {"SubscriptionId": first["SubscriptionId"]}
    await caller.post("/subscriptions/update", **key, PackageId=plan)
    assert (await caller.get("/subscriptions", **key))["PackageId"] == plan


async def test_number_passes_all_statuses(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    bought = await caller.post("/numbers/provision", **base.provision())
    number = bought["PhoneNumberAssigned"]

    async def change(what: str, **item: str) -> dict[str, object]:
        response: dict[str, object] = await caller.post(
            "/numbers/status",
            StatusChange=what,
            EffectiveDate="5/13/2026",
            PhoneNumbers=[{"Number": number, **item}],
        )
        assert response["EffectiveDate"] == "2026-05-13T00:00:00"
        return response

    await change("park")
    assert (await caller.get("/numbers/inventory", Filter="Inactive"))["TotalResults"] == 1
    assert (await change("activate"))["Numbers"] == [{"Number": number, "QrCode": bought["QRCode"]}]
    await change("swap-sim", ICCID="8901240397190195850")
    assert (await caller.get("/numbers", Number=number))["Iccid"] == "8901240397190195850"
    swapped = await change("swap")
    rows = swapped["Numbers"]
    assert isinstance(rows, list)
    number = rows[0]["NewNumber"]
    await change("cancel")
    clock = caller.sim.clock
    assert isinstance(clock, ManualClock)
    clock.advance(30 * 86400)
    again = await caller.post("/numbers/reactivate", PhoneNumber=number)
    assert again["Status"] == "Active"
    await change("cancel")
    clock.advance(30 * 86400 + 1)
    text = await caller.post_rejected("/numbers/reactivate", PhoneNumber=number)
    assert "more than 30 days" in text


async def test_port_out_pin_is_in_inventory(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    bought = await caller.post("/numbers/provision", **base.provision())
    ids = {"PortOutNumber": bought["PhoneNumberAssigned"]}
    await caller.post("/numbers/portout", **ids, PortOutPIN="1111")
    await caller.post("/numbers/portout", **ids, PortOutPIN="2222")
    row = (await caller.get("/numbers/inventory"))["PhoneNumbers"][0]
    assert row["PortOutPin"] == "2222"
    assert "2222" not in str(caller.sim.ledger.rows)


async def test_webhooks_can_be_created_updated_listed_and_deleted(caller: SimulatorClient) -> None:
    account_id = await create_account(caller)
    body = {"WebhookUrl": "https://x.example/", "SubscribedEvents": "Order_Update,New_Sms"}
    hooks = [await caller.post("/webhook/create", **body) for _ in range(2)]
    key = {"WebhookId": hooks[0]["WebhookId"]}
    await caller.post("/webhook/update", **key, AuthenticationType="Bearer")
    assert (await caller.get("/webhook", **key))["AuthenticationType"] == "Bearer"
    assert len(await caller.get("/account/webhooks", AccountId=account_id)) == 2
    deleted = await caller.post("/webhook/delete", **key)
    assert deleted == {**key, "WebhookStatus": "Deleted"}
    await caller.get_rejected("/webhook", 404, **key)
