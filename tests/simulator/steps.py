"""The usual steps of an onboarding, each as one call that succeeds."""

from dataclasses import dataclass

from tests.simulator.client import Json, SimulatorClient

PROVISION: Json = {
    "NumberType": "mvno",
    "MessageType": "p2p",
    "MessageEnabled": True,
    "VoiceEnabled": True,
    "DataEnabled": True,
    "ProductType": "Sms+Data+Voice",
}
PORT_IN: Json = {
    "PortInNumber": "+13135550100",
    "CurrentCarrierName": "Example Carrier",
    "CurrentAccountNumber": "123456",
    "CurrentAccountPassword": "4321",
    "CurrentBillingAddress": {
        "Street1": "1 Main St",
        "City": "Lehi",
        "State": "UT",
        "Zip": "84043",
    },
    "SubscriberName": "Jane Doe",
}


@dataclass
class Prerequisites:
    """What a number needs before it can be bought."""

    account: str
    subscriber: str
    message_route: str
    voice_route: str

    def provision(self, **changes: object) -> Json:
        return {
            **PROVISION,
            "AccountId": self.account,
            "AssignedSubscriberId": self.subscriber,
            "MessageRouteId": self.message_route,
            "VoiceRouteId": self.voice_route,
            **changes,
        }


async def create_account(caller: SimulatorClient, name: str = "Acme") -> str:
    created = await caller.post("/account/create", AccountName=name)
    account_id: str = created["AccountId"]
    return account_id


async def create_subscriber(
    caller: SimulatorClient, account_id: str, email: str = "jane@example.com"
) -> str:
    created = await caller.post(
        "/subscribers/create",
        Name="Jane Doe",
        Email=email,
        PhoneNumbers=[],
        Role="Subscriber",
        Password="temporary",
        AccountId=account_id,
    )
    subscriber_id: str = created["SubscriberId"]
    return subscriber_id


async def create_prerequisites(caller: SimulatorClient) -> Prerequisites:
    account_id = await create_account(caller)
    message = await caller.post(
        "/message/routes",
        RouteName="sms",
        MessageUrl="https://mvno.example/in",
        MessageUrlMethod="POST",
        AccountId=account_id,
    )
    voice = await caller.post(
        "/voice/routes",
        RouteName="voice",
        RouteType="Trunk",
        TrunkIp1="192.0.2.1",
        Trunk1Priortiy=10,
        IpWhitelist=[{"IpAddress": "192.0.2.1"}],
        AccountId=account_id,
    )
    return Prerequisites(
        account_id,
        await create_subscriber(caller, account_id),
        message["MessageRouteId"],
        voice["CallRouteId"],
    )
