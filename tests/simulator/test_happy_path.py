from typing import Any

from tests.simulator.client import Json, SimulatorClient
from tests.simulator.steps import PORT_IN, Prerequisites, create_prerequisites


async def test_purchased_number_can_be_configured_completely(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    package_id = await create_package(caller)
    bought = await purchase(caller, base)
    number = bought["PhoneNumberAssigned"]
    await subscribe(caller, base, package_id, bought)
    await set_data_usage(caller, number)
    features = await caller.post(
        "/subscribers/guardian-features",
        SubscriberId=base.subscriber,
        EnableIntelligentGuardianCalls=True,
        EnableIntelligentGuardianMessages=True,
    )
    query = {"SubscriberId": base.subscriber}
    assert await caller.get("/subscribers/guardian-features", **query) == features

    ledger = caller.sim.ledger
    assert [row.kind for row in ledger.rows] == [
        "account.created",
        "message_route.created",
        "voice_route.created",
        "subscriber.created",
        "product.created",
        "package.created",
        "package_item.created",
        "package_item.created",
        "number.provisioned",
        "subscription.created",
        "data_limits.set",
        "renewal.set",
        "guardian.features_set",
    ]
    assert [row.seq for row in ledger.rows] == list(range(1, 14))
    assert ledger.by_kind("number.provisioned")[0].data["number"] == number
    assert caller.sim.api_calls == caller.sim.token_calls


async def create_package(caller: SimulatorClient) -> str:
    product = await caller.post(
        "/products",
        SKU="DATA-5",
        Description="5 GB",
        Type="data",
        Cost=5,
        BillingFrequency="MRC",
    )
    assert product["ProductId"].startswith("PRID-")
    package = await caller.post(
        "/packages",
        PackageName="Basic",
        Type="esim",
        Price=10.5,
        Monthly=True,
        PackageItems=[{"ProductId": product["ProductId"], "Price": "0.00"}],
    )
    assert "PackageItems" not in package
    item = await caller.post(
        "/packages/items/add",
        PackageId=package["PackageId"],
        ProductId=product["ProductId"],
        Price="1.12",
    )
    assert item["Price"] == 1.12
    items = await caller.get("/packages/items", PackageId=package["PackageId"])
    assert [i["Price"] for i in items] == [0.0, 1.12]
    package_id: str = package["PackageId"]
    return package_id


async def purchase(caller: SimulatorClient, base: Prerequisites) -> Json:
    areas = await caller.post(
        "/numbers/availability",
        NumberType="mobile",
        MessageEnabled=True,
        VoiceEnabled=True,
        AreaCode="201",
    )
    assert areas["AvailableNumberAreas"][0]["AreaCode"] == 201
    bought: Json = await caller.post("/numbers/provision", **base.provision(AreaCode="201"))
    assert bought["OrderStatus"] == "Complete"
    assert bought["PhoneNumberAssigned"].startswith("+1201")
    assert "text=LPA:1$" in bought["QRCode"]
    assert bought["SubscriberId"] == base.subscriber

    number = bought["PhoneNumberAssigned"]
    details = await caller.get("/numbers", PhoneNumber=number)
    assert details["TNID"] == bought["PhoneNumberId"]
    assert (details["NumberType"], details["MessageType"]) == ("Mobile", "P2P")
    assert await caller.get("/numbers", ICCID=bought["ICCID"]) == details
    inventory = await caller.get("/numbers/inventory")
    assert inventory["PhoneNumbers"][0]["Tnid"] == bought["PhoneNumberId"]
    order = await caller.get("/numbers/order", OrderId=bought["OrderId"])
    assert (order["OrderStatus"], order["OrderType"]) == ("Complete", "Provision")
    assert order["PhoneNumbersOrdered"] == [{"Number": number}]
    subscriber = await caller.get("/subscribers/get", SubscriberId=base.subscriber)
    assert subscriber["PhoneNumbers"] == [number]
    assert subscriber["Account"] == {"AccountId": base.account, "CompanyName": "Acme"}
    return bought


async def subscribe(
    caller: SimulatorClient, base: Prerequisites, package_id: str, bought: Json
) -> None:
    subscription = await caller.post(
        "/subscriptions",
        SubscriberId=base.subscriber,
        PackageId=package_id,
        Type="mvno",
        TNID=bought["PhoneNumberId"],
        ICCID=bought["ICCID"],
    )
    of_package = await caller.get("/packages/subscriptions", PackageId=package_id)
    assert of_package["Subscriptions"] == [subscription]
    listed = await caller.get("/account/subscriptions", Filter="Active")
    assert listed["Results"] == [subscription]


async def set_data_usage(caller: SimulatorClient, number: str) -> None:
    await caller.post(
        "/numbers/data-usage",
        ValueUnit="MB",
        NotifyValue=10,
        ThrottleValue=15,
        ThrottleSpeed="1-mbps",
        LimitValue=20,
        PhoneNumbers=[{"Number": number}],
    )
    settings = await caller.post("/numbers/data-usage/settings", PhoneNumbers=[{"Number": number}])
    assert settings["PhoneNumbers"][0]["ThrottleSpeed"] == "thr1024kbps"
    usage = await caller.post("/numbers/data-usage/info", PhoneNumbers=[{"Number": number}])
    assert usage["PhoneNumbers"][0]["Remaining"] == "20 MB"
    await caller.post(
        "/numbers/data-usage/update-renewal-info",
        PhoneNumbers=[{"Number": number}],
        AutoRenew=True,
        PeriodType="M",
        RenewalDay=1,
    )


async def test_ported_number_has_no_settings_and_can_be_assigned(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    number = PORT_IN["PortInNumber"]
    eligible = await caller.post(
        "/numbers/portin/eligibility", PhoneNumber=number, TargetClassification="Mobile"
    )
    assert eligible["Eligible"] is True
    order = await caller.post("/numbers/portin", **PORT_IN, ICCID="8901240397190195850")
    assert order["Status"] == "Pending"
    assert await status(caller, order) == "Pending"
    await caller.control("POST", "clock/advance", {"seconds": 3})
    assert await status(caller, order) == "Complete"

    details = await caller.get("/numbers", PhoneNumber=number)
    assert details["OrderId"] == order["OrderId"]
    assert details["Iccid"] == "8901240397190195850"
    for empty in ("AssignedSubscriberId", "MessageRouteId", "VoiceRouteId"):
        assert details[empty] is None

    updated = await caller.post(
        "/numbers/update",
        Number=number,
        AssignedSubscriberId=base.subscriber,
        MessageRouteId=base.message_route,
        VoiceRouteId=base.voice_route,
        MessageEnabled=True,
        VoiceEnabled=True,
        ProductType="Sms+Data+Voice",
    )
    assert updated["Tnid"] is None
    after = await caller.get("/numbers", PhoneNumber=number)
    assert after["AssignedSubscriberId"] == base.subscriber
    await caller.post(
        "/numbers/data-usage", ValueUnit="MB", LimitValue=50, PhoneNumbers=[{"Number": number}]
    )
    assert caller.sim.ledger.count("portin.completed") == 1


async def status(caller: SimulatorClient, order: dict[str, Any]) -> str:
    shown = await caller.get("/numbers/order", OrderId=order["OrderId"])
    order_status: str = shown["OrderStatus"]
    return order_status
