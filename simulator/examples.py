"""The resources that README and examples refer to by id."""

from simulator.engine.state import SimulatorState, Subscriber
from simulator.resources import catalogue, routes

ACCOUNT_ID = "AID-11111111"
SUBSCRIBER_ID = "TSUID-11111111"
MESSAGE_ROUTE_ID = "MRID-11111111"
VOICE_ROUTE_ID = "CRID-11111111"
PRODUCT_ID = "PRID-11111111"
PACKAGE_ID = "PID-11111111"


def add_examples(state: SimulatorState) -> None:
    """Add the resources to an empty state. They are not in the ledger."""
    address = dict.fromkeys(("Street1", "Street2", "City", "State", "Zip", "Country"))
    state.accounts[ACCOUNT_ID] = {
        "AccountId": ACCOUNT_ID,
        "AccountName": "Example MVNO",
        "BillingAddress": address,
        "MailingAddress": address,
    }
    state.subscribers[SUBSCRIBER_ID] = Subscriber(
        SUBSCRIBER_ID, "Jane Doe", "jane.doe@mvno.example", "Subscriber", ACCOUNT_ID
    )
    message_route = routes.CreateMessageRoute(
        RouteName="Example messages",
        MessageUrl="https://mvno.example/messages",
        MessageUrlMethod="POST",
        MessageRouteEnabled=True,
        AccountId=ACCOUNT_ID,
    )
    state.message_routes[MESSAGE_ROUTE_ID] = {
        "MessageRouteId": MESSAGE_ROUTE_ID,
        **message_route.model_dump(),
    }
    voice_route = routes.CreateVoiceRoute(
        RouteName="Example calls",
        RouteType="URL",
        VoiceUrl="https://mvno.example/calls",
        VoiceUrlMethod="POST",
        AccountId=ACCOUNT_ID,
    )
    state.voice_routes[VOICE_ROUTE_ID] = {
        "CallRouteId": VOICE_ROUTE_ID,
        **voice_route.model_dump(),
    }
    product = catalogue.CreateProduct(
        SKU="EXAMPLE-ESIM",
        Description="Example eSIM",
        Type="esim",
        Cost=1,
        BillingFrequency="MRC",
    )
    state.products[PRODUCT_ID] = catalogue.new_product(state, PRODUCT_ID, product)
    package = catalogue.CreatePackage(
        PackageName="Example plan", Type="esim", Price=25, Monthly=True
    )
    state.packages[PACKAGE_ID] = catalogue.new_package(state, PACKAGE_ID, package)
    state.snapshot_initial()
