"""A scenario that calls every operation of the simulator at least once."""

from collections.abc import Awaitable, Callable
from typing import Any

Json = dict[str, Any]
Request = Callable[[str, str, Json], Awaitable[Any]]
"""Sends a method, a path without /v1.0, and a body or query; returns the JSON of the response."""

PORT: Json = {
    "PortInNumber": "+13135550100",
    "CurrentCarrierName": "Example Carrier",
    "CurrentAccountNumber": "123456",
    "CurrentAccountPassword": "4321",
    "CurrentBillingAddress": {"Street1": "1", "City": "Lehi", "State": "UT", "Zip": "84043"},
    "TargetPortinClassification": "mvno",
}


class Scenario:
    """Calls the operations in an order that succeeds.

    Args:
        request: Sends a request.
        classification: `TargetClassification` of the eligibility check.
        port_in_date: `PortInDate` of the correction.
    """

    def __init__(self, request: Request, classification: str, port_in_date: str) -> None:
        self._request = request
        self._classification = classification
        self._port_in_date = port_in_date
        self._account = self._subscriber = self._number = ""

    async def run(self) -> None:
        """Call every operation."""
        await self._accounts()
        await self._routes_and_purchase()
        await self._catalogue()
        await self._number_settings()
        await self._guardian()
        await self._filters("call-filter", "CallFilterId", "numbers", "BLACKLIST")
        await self._filters("message-filter", "MessageFilterId", "contacts", "ACTIVE")
        await self._ports()
        await self._webhooks()
        await self._statuses()

    async def _post(self, path: str, **body: Any) -> Any:
        return await self._request("POST", path, body)

    async def _get(self, path: str, **query: Any) -> Any:
        return await self._request("GET", path, query)

    async def _accounts(self) -> None:
        created = await self._post(
            "/account/create", AccountName="Acme", BillingAddress={"Street1": "1", "Zip": "84043"}
        )
        self._account = created["AccountId"]
        await self._get("/account", AccountId=self._account)
        await self._post("/account/update", AccountName="Acme 2")
        await self._get("/distributor/accounts")
        other = (await self._post("/account/create", AccountName="Other"))["AccountId"]
        created = await self._post(
            "/subscribers/create",
            Name="Jane",
            Email="jane@x.example",
            PhoneNumbers=[],
            Role="Subscriber",
            Password="temporary",
            AccountId=self._account,
        )
        self._subscriber = created["SubscriberId"]
        await self._get("/subscribers/get", SubscriberId=self._subscriber)
        await self._post("/subscribers/update", SubscriberId=self._subscriber, Name="Jane D")
        for source, target in ((self._account, other), (other, self._account)):
            await self._post(
                "/subscribers/transfer",
                SubscriberId=self._subscriber,
                FromAccountId=source,
                ToAccountId=target,
            )
        await self._get("/distributor/subscribers", PageNumber=1)

    async def _routes_and_purchase(self) -> None:
        route = {
            "RouteName": "sms",
            "MessageUrl": "https://x.example/in",
            "MessageUrlMethod": "POST",
            "AccountId": self._account,
        }
        message = (await self._post("/message/routes", **route))["MessageRouteId"]
        spare = (await self._post("/message/routes", **route))["MessageRouteId"]
        await self._get("/message/routes", MessageRouteId=message)
        await self._post("/message/routes/update", MessageRouteId=message, MessageUsername="u")
        await self._get("/account/message/routes", AccountId=self._account)
        await self._post("/message/routes/delete", MessageRouteId=spare)
        trunk: Json = {
            "RouteName": "voice",
            "RouteType": "Trunk",
            "TrunkIp1": "192.0.2.1",
            "IpWhitelist": [{"IpAddress": "192.0.2.1"}],
            "AccountId": self._account,
        }
        voice = (await self._post("/voice/routes", **trunk))["CallRouteId"]
        spare = (await self._post("/voice/routes", **trunk))["CallRouteId"]
        await self._get("/voice/routes", CallRouteID=voice)
        await self._post("/voice/routes/update", CallRouteId=voice, CnamLookup=True)
        await self._get("/account/voice/routes", AccountId=self._account)
        await self._post("/voice/routes/delete", CallRouteId=spare)
        await self._post(
            "/numbers/availability", NumberType="mobile", MessageEnabled=True, VoiceEnabled=True
        )
        bought = await self._post(
            "/numbers/provision",
            NumberType="mvno",
            MessageType="p2p",
            MessageEnabled=True,
            VoiceEnabled=True,
            ProductType="Sms+Data+Voice",
            MessageRouteId=message,
            VoiceRouteId=voice,
            AssignedSubscriberId=self._subscriber,
            AccountId=self._account,
        )
        self._number = bought["PhoneNumberAssigned"]
        await self._get("/numbers/order", OrderId=bought["OrderId"])
        await self._get("/numbers/inventory", PageNumber=1)

    async def _catalogue(self) -> None:
        product = {
            "SKU": "S",
            "Description": "d",
            "Type": "esim",
            "Cost": 1,
            "BillingFrequency": "MRC",
        }
        kept = (await self._post("/products", **product))["ProductId"]
        spare = (await self._post("/products", **product))["ProductId"]
        await self._get("/products", ProductId=kept)
        await self._post("/products/update", ProductId=kept, Cost=2.5)
        await self._post("/products/delete", ProductId=spare)
        package = {"PackageName": "P", "Type": "esim", "Price": 25, "Monthly": True}
        item = {"ProductId": kept, "Price": "0.00", "Monthly": False, "Type": "esim"}
        plan = (await self._post("/packages", **package, PackageItems=[item]))["PackageId"]
        spare = (await self._post("/packages", **package))["PackageId"]
        await self._get("/packages", PackageId=plan)
        await self._post("/packages/update", PackageId=plan, Price=30)
        await self._post("/packages/delete", PackageId=spare)
        await self._get("/packages/items", PackageId=plan)
        added = await self._post("/packages/items/add", PackageId=plan, **item)
        ids = {"PackageId": plan, "PackageItemId": added["PackageItemId"]}
        await self._post("/packages/items/update", **ids, Price="1.12")
        await self._post("/packages/items/delete", **ids)
        details = await self._get("/numbers", PhoneNumber=self._number)
        created = await self._post(
            "/subscriptions",
            SubscriberId=self._subscriber,
            PackageId=plan,
            Type="mvno",
            TNID=details["TNID"],
            ICCID=details["Iccid"],
        )
        key = {"SubscriptionId": created["SubscriptionId"]}
        await self._get("/subscriptions", **key)
        await self._post("/subscriptions/update", **key, PackageId=plan)
        await self._get("/packages/subscriptions", PackageId=plan)
        for owner in ("account", "distributor"):
            for name in ("products", "packages", "subscriptions"):
                await self._get(f"/{owner}/{name}", Filter="All")
        await self._post("/subscriptions/delete", **key)

    async def _number_settings(self) -> None:
        await self._post("/numbers/update", Number=self._number, CnamFirstName="Jane")
        numbers = [{"Number": self._number}]
        await self._post(
            "/numbers/data-usage",
            ValueUnit="MB",
            NotifyValue=5,
            ThrottleValue=10,
            ThrottleSpeed="1-mbps",
            LimitValue=20,
            PhoneNumbers=numbers,
        )
        await self._post("/numbers/data-usage/settings", PhoneNumbers=numbers)
        await self._post("/numbers/data-usage/info", PhoneNumbers=numbers)
        await self._post(
            "/numbers/data-usage/update-renewal-info",
            PhoneNumbers=numbers,
            AutoRenew=True,
            PeriodType="M",
            RenewalDay=1,
        )
        await self._post(
            "/numbers/e911address/update",
            PhoneNumber=self._number,
            Street1="1",
            City="Lehi",
            State="UT",
            Zip="84043",
            AccountId=self._account,
        )
        await self._get("/numbers/e911address", PhoneNumber=self._number, AccountId=self._account)

    async def _guardian(self) -> None:
        created = await self._post(
            "/subscribers/create",
            Name="Child",
            Email="child@x.example",
            PhoneNumbers=[],
            Role="Subscriber",
            Password="temporary",
            AccountId=self._account,
        )
        pair = {
            "ParentSubscriberId": self._subscriber,
            "ChildSubscriberId": created["SubscriberId"],
        }
        for subscriber_id in pair.values():
            await self._post(
                "/subscribers/guardian-features",
                SubscriberId=subscriber_id,
                EnableIntelligentGuardianCalls=True,
                EnableIntelligentGuardianMessages=True,
            )
        await self._get("/subscribers/guardian-features", SubscriberId=self._subscriber)
        path = "/subscribers/guardians/relation"
        await self._post(path, **pair, Relation="Guardian")
        await self._get(f"{path}/parent", ParentSubscriberId=pair["ParentSubscriberId"])
        await self._get(f"{path}/child", ChildSubscriberId=pair["ChildSubscriberId"])
        await self._post(f"{path}/delete", **pair)

    async def _filters(self, kind: str, id_name: str, entries: str, mode: str) -> None:
        path = f"/subscribers/{kind}"
        key = {"SubscriberId": self._subscriber, "Phone": self._number}
        keywords = '{"CustomKeywords": ["a"], "SystemKeywords": {}, "SeverityMap": {"a": "HIGH"}}'
        created = await self._post(path, **key, FilterMode=mode, KeywordFilter=keywords)
        await self._get(path, **key)
        ids = {"SubscriberId": self._subscriber, id_name: created["FilterId"]}
        await self._get(f"{path}/keywords", **ids)
        for which in ("allowed", "blocked"):
            listed = f"{path}/{which}-{entries}"
            edit = {**ids, entries.capitalize(): ["+13855550101"]}
            await self._post(f"{listed}/add", **edit)
            await self._get(listed, **ids)
            await self._post(f"{listed}/remove", **edit)
        await self._post(f"{path}/update", FilterId=created["FilterId"], **key, FilterMode=mode)
        await self._post(f"{path}/delete", **{id_name: created["FilterId"]})

    async def _ports(self) -> None:
        await self._post(
            "/numbers/portin/eligibility",
            PhoneNumber=PORT["PortInNumber"],
            TargetClassification=self._classification,
        )
        order_id = (await self._post("/numbers/portin", **PORT))["OrderId"]
        await self._post("/numbers/portin/update", OrderId=order_id, PortInDate=self._port_in_date)
        await self._get("/numbers/order", OrderId=order_id)
        await self._post("/numbers/portin/cancel", OrderId=order_id)
        await self._post("/numbers/portout", PortOutNumber=self._number, PortOutPIN="4711")
        await self._get("/numbers/inventory")

    async def _webhooks(self) -> None:
        created = await self._post(
            "/webhook/create",
            AccountId=self._account,
            WebhookUrl="https://x.example/events",
            SubscribedEvents="Order_Update",
        )
        key = {"WebhookId": created["WebhookId"], "AccountId": self._account}
        await self._get("/webhook", **key)
        await self._post("/webhook/update", **key, Method="POST")
        await self._get("/account/webhooks", AccountId=self._account)
        await self._post("/webhook/delete", **key)

    async def _statuses(self) -> None:
        for change in ("park", "activate", "swap-sim", "swap", "replace", "cancel"):
            changed = await self._post(
                "/numbers/status",
                StatusChange=change,
                EffectiveDate="06/01/2026",
                PhoneNumbers=[{"Number": self._number}],
            )
            rows = changed["Numbers"] if changed else []
            self._number = rows[0].get("NewNumber", self._number)
        await self._post("/sims/clear-status", ICCID="8901240397190195850")
        await self._post("/numbers/reactivate", PhoneNumber=self._number, AccountId=self._account)
