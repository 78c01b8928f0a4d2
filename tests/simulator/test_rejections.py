"""Every documented rule, refused: ordering, required fields, types, enums, uniqueness."""

import pytest

from simulator import ManualClock, SimulatorOptions
from tests.simulator.client import Json, SimulatorClient, Start
from tests.simulator.steps import (
    PORT_IN,
    PROVISION,
    Prerequisites,
    create_account,
    create_prerequisites,
    create_subscriber,
)


async def bought(caller: SimulatorClient, base: Prerequisites, **changes: object) -> Json:
    response: Json = await caller.post("/numbers/provision", **base.provision(**changes))
    return response


async def test_rejection_names_all_invalid_fields(caller: SimulatorClient) -> None:
    text = await caller.post_rejected(
        "/products", SKU=5, Cost="1", BillingFrequency="daily", Colour=1
    )
    for part in (
        "SKU: ",
        "The Description field is required.",
        "The Type field is required.",
        "Cost: ",
        "BillingFrequency: ",
        "Colour is not a field of this operation.",
    ):
        assert part in text


async def test_rejection_contains_no_values(caller: SimulatorClient) -> None:
    text = await caller.post_rejected(
        "/subscribers/create", Password=["hunter2"], PhoneNumbers=["hunter3"], Email="hunter4"
    )
    assert "hunter" not in text


async def test_older_error_body_can_be_chosen(start: Start) -> None:
    caller = await start(SimulatorOptions(error_body="rfc7807"))
    response = await caller.request("POST", "/account/create", {})
    body = response.json()
    assert (response.status_code, body["Status"]) == (400, 400)
    assert body["Errors"] == {"$.AccountName": ["The AccountName field is required."]}
    assert body["TraceId"].startswith("00-")
    unknown = await caller.request("GET", "/account", query={"AccountId": "AID-no"})
    assert "Detail" in unknown.json()


async def test_invalid_json_and_unknown_parameters_are_rejected(caller: SimulatorClient) -> None:
    headers = {"Authorization": f"Bearer {await caller.token('/products')}"}
    response = await caller.http.post(
        f"{caller.url}/v1.0/products", content=b'{"SKU": ', headers=headers
    )
    assert response.status_code == 400
    assert "Colour" in await caller.get_rejected("/products", ProductId="PRID-1", Colour="red")


async def test_unencoded_plus_is_rejected(caller: SimulatorClient) -> None:
    headers = {"Authorization": f"Bearer {await caller.token('/numbers')}"}
    response = await caller.http.get(
        f"{caller.url}/v1.0/numbers?PhoneNumber=+13855550100", headers=headers
    )
    assert response.status_code == 400


async def test_email_is_unique_in_any_case_and_account(caller: SimulatorClient) -> None:
    first, second = await create_account(caller), await create_account(caller)
    await create_subscriber(caller, first, "jane@example.com")
    text = await caller.post_rejected(
        "/subscribers/create",
        Name="J",
        Email="JANE@example.com",
        PhoneNumbers=[],
        Role="Manager",
        Password="x",
        AccountId=second,
    )
    assert text == "Email already exists"
    assert caller.sim.ledger.count("subscriber.created") == 1


async def test_subscriber_needs_known_account_role_and_number(caller: SimulatorClient) -> None:
    good: Json = {
        "Name": "J",
        "Email": "j@example.com",
        "PhoneNumbers": [],
        "Role": "Account Admin",
        "Password": "x",
        "AccountId": await create_account(caller),
    }
    assert (
        await caller.post_rejected("/subscribers/create", **{**good, "AccountId": "AID-no"})
        == "Invalid AccountId"
    )
    await caller.post_rejected("/subscribers/create", **{**good, "Role": "AccountAdmin"})
    assert (
        await caller.post_rejected(
            "/subscribers/create", **{**good, "PhoneNumbers": ["+13855550100"]}
        )
        == "Phone number does not belong to account"
    )
    await caller.post("/subscribers/create", **good)


async def test_account_is_required_if_there_are_two(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    without: Json = base.provision()
    del without["AccountId"]
    await caller.post("/numbers/provision", **without)
    await create_account(caller, "Second")
    assert await caller.post_rejected("/numbers/provision", **without) == "AccountId is required"
    route: Json = {"RouteName": "r", "MessageUrl": "https://x.example/", "MessageUrlMethod": "POST"}
    assert await caller.post_rejected("/message/routes", **route) == "AccountId is required"


async def test_purchase_needs_routes(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    send = caller.post_rejected
    path = "/numbers/provision"
    assert await send(path, **base.provision(MessageRouteId=None)) == "MessageRouteId is required"
    assert await send(path, **base.provision(VoiceRouteId=None)) == "VoiceRouteId is required"
    await send(path, 404, **base.provision(MessageRouteId="MRID-no"))
    await send(path, 404, **base.provision(VoiceRouteId="CRID-no"))
    await send(path, 404, **base.provision(AssignedSubscriberId="TSUID-no"))
    other = await create_account(caller, "Other")
    await send(path, 404, **base.provision(AccountId=other))
    mismatch = await send(path, **base.provision(NumberType="iot", MessageType="a2p"))
    assert mismatch == "NumberType / MessageType mismatch"
    await send(path, **base.provision(ProductType="sms+data+voice"))
    await send(path, **base.provision(ZipCode="no"))
    await send(path, **{k: v for k, v in PROVISION.items() if k != "MessageEnabled"})
    assert caller.sim.ledger.count("number.provisioned") == 0
    await bought(caller, base, VoiceEnabled=False, VoiceRouteId=None)


async def test_route_needs_fields_of_its_kind_and_cannot_be_deleted_in_use(
    caller: SimulatorClient,
) -> None:
    base = await create_prerequisites(caller)
    await bought(caller, base)
    basic: Json = {"RouteName": "r", "MessageUrl": "https://x.example/", "MessageUrlMethod": "POST"}
    text = await caller.post_rejected("/message/routes", **basic, MessageAuthenticationType="Basic")
    assert text == "MessageUsername is required"
    await caller.post_rejected("/message/routes", **{**basic, "MessageUrl": "nowhere"})
    text = await caller.post_rejected("/voice/routes", RouteName="v", RouteType="URL")
    assert text == "VoiceUrl is required"
    await caller.post_rejected("/voice/routes", RouteName="v", RouteType="Trunk")
    await caller.post_rejected("/voice/routes", RouteName="v", RouteType="Webhook")
    await caller.post_rejected("/message/routes/delete", MessageRouteId=base.message_route)
    await caller.post_rejected("/voice/routes/delete", CallRouteId=base.voice_route)
    await caller.get_rejected("/message/routes", 404, MessageRouteId="MRID-no")
    await caller.get_rejected("/voice/routes", CallRouteId="")


async def test_subscription_needs_subscriber_package_and_number(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    number = await bought(caller, base)
    package = await caller.post("/packages", PackageName="P", Type="esim", Price=1, Monthly=True)
    good: Json = {
        "SubscriberId": base.subscriber,
        "PackageId": package["PackageId"],
        "Type": "Mvno",
        "TNID": number["PhoneNumberId"],
    }
    path = "/subscriptions"
    await caller.post_rejected(path, 404, **{**good, "SubscriberId": "TSUID-no"})
    await caller.post_rejected(path, 404, **{**good, "PackageId": "PID-no"})
    await caller.post_rejected(path, 404, **{**good, "TNID": "NID-no"})
    assert await caller.post_rejected(path, **{**good, "TNID": None}) == "TNID is required"
    await caller.post_rejected(path, **{**good, "Type": "iot"})
    await caller.post_rejected(path, **good, ICCID="8901240397190195850")
    other = await create_subscriber(caller, base.account, "other@example.com")
    await caller.post_rejected(path, **{**good, "SubscriberId": other})
    await caller.post(
        "/numbers/status",
        StatusChange="park",
        EffectiveDate="5/13/2026",
        PhoneNumbers=[{"Number": number["PhoneNumberAssigned"]}],
    )
    assert "is not active" in await caller.post_rejected(path, **good)
    assert caller.sim.ledger.count("subscription.created") == 0


async def test_resource_in_use_cannot_be_deleted(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    number = await bought(caller, base)
    product = await caller.post(
        "/products", SKU="S", Description="D", Type="data", Cost=1, BillingFrequency="MRC"
    )
    ids = {"ProductId": product["ProductId"]}
    package = await caller.post(
        "/packages", PackageName="P", Type="esim", Price=1, Monthly=True, PackageItems=[ids]
    )
    subscription = await caller.post(
        "/subscriptions",
        SubscriberId=base.subscriber,
        PackageId=package["PackageId"],
        Type="mvno",
        TNID=number["PhoneNumberId"],
    )
    await caller.post_rejected("/products/delete", **ids)
    await caller.post_rejected("/packages/delete", PackageId=package["PackageId"])
    await caller.post("/subscriptions/delete", SubscriptionId=subscription["SubscriptionId"])
    await caller.post("/packages/delete", PackageId=package["PackageId"])
    deleted = await caller.post("/products/delete", **ids)
    assert deleted["ProductStatus"] == "Deleted"


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"NotifyValue": 15, "ThrottleValue": 15}, "NotifyValue must be less than ThrottleValue"),
        ({"ThrottleValue": 20}, "ThrottleValue must be less than LimitValue"),
        ({"NotifyValue": 30}, "NotifyValue must be less than LimitValue"),
    ],
)
async def test_data_limits_must_increase(
    caller: SimulatorClient, limits: dict[str, int], text: str
) -> None:
    number = [
        {
            "Number": (await bought(caller, await create_prerequisites(caller)))[
                "PhoneNumberAssigned"
            ]
        }
    ]
    body: Json = {"ValueUnit": "MB", "LimitValue": 20, "PhoneNumbers": number, **limits}
    assert await caller.post_rejected("/numbers/data-usage", **body) == text


async def test_data_usage_needs_active_number_with_data(caller: SimulatorClient) -> None:
    base = await create_prerequisites(caller)
    response = await bought(caller, base, ProductType="Sms-Only", DataEnabled=False)
    numbers = [{"Number": response["PhoneNumberAssigned"]}]
    body: Json = {"ValueUnit": "MB", "LimitValue": 20, "PhoneNumbers": numbers}
    assert "does not have data" in await caller.post_rejected("/numbers/data-usage", **body)
    await caller.post_rejected("/numbers/data-usage", **{**body, "ValueUnit": "GB"})
    unknown = [{"Number": "+13855550100"}]
    await caller.post_rejected("/numbers/data-usage/info", 404, PhoneNumbers=unknown)
    renewal: Json = {"AutoRenew": True, "PeriodType": "W", "RenewalDay": 8, "PhoneNumbers": numbers}
    path = "/numbers/data-usage/update-renewal-info"
    assert await caller.post_rejected(path, **renewal) == "RenewalDay must be from 1 to 7"


async def test_port_in_needs_its_fields_and_number_of_another_carrier(
    caller: SimulatorClient,
) -> None:
    for field in ("CurrentAccountNumber", "CurrentAccountPassword", "CurrentBillingAddress"):
        left: Json = {key: value for key, value in PORT_IN.items() if key != field}
        text = await caller.post_rejected("/numbers/portin", **left)
        assert text == f"The {field} field is required."
    await caller.post_rejected("/numbers/portin", **{**PORT_IN, "PortInDate": "soon"})
    await caller.post("/numbers/portin", **PORT_IN)
    assert "active port-in" in await caller.post_rejected("/numbers/portin", **PORT_IN)
    path = "/numbers/portin/eligibility"
    query = {"PhoneNumber": PORT_IN["PortInNumber"], "TargetClassification": "mvno"}
    assert (await caller.post(path, **query))["Eligible"] is False
    clock = caller.sim.clock
    assert isinstance(clock, ManualClock)
    clock.advance(3)
    assert await caller.post_rejected("/numbers/portin", **PORT_IN) == "Phone number already in use"
    assert (await caller.post(path, **query))["Eligible"] is False
    assert caller.sim.ledger.count("portin.submitted") == 1


async def test_traffic_cannot_be_enabled_without_route(
    caller: SimulatorClient,
) -> None:
    await caller.post("/numbers/portin", **PORT_IN)
    clock = caller.sim.clock
    assert isinstance(clock, ManualClock)
    clock.advance(3)
    number = PORT_IN["PortInNumber"]
    send = caller.post_rejected
    assert "MessageRouteId" in await send("/numbers/update", Number=number, MessageEnabled=True)
    assert "VoiceRouteId" in await send("/numbers/update", Number=number, VoiceEnabled=True)
    await send("/numbers/update", 404, Number=number, AssignedSubscriberId="TSUID-no")
    await send("/numbers/update", 404, Number="+13855550199", VoiceEnabled=False)


async def test_webhook_needs_https_and_known_events(caller: SimulatorClient) -> None:
    await create_account(caller)
    await caller.post_rejected("/webhook/create", WebhookUrl="http://x.example/")
    await caller.post_rejected("/webhook/create", SubscribedEvents="Order_Update,Message_Status")
    await caller.post_rejected("/webhook/create", AuthenticationType="Bearer")
    assert caller.sim.ledger.count("webhook.created") == 0
