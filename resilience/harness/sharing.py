"""Customers who share what real customers share."""

from dataclasses import replace
from datetime import timedelta

from resilience.harness.customer import BOUGHT, CHILD, Customer, create_customer
from simulator.engine.state import Number, SimulatorState
from simulator.examples import (
    ACCOUNT_ID,
    MESSAGE_ROUTE_ID,
    SUBSCRIBER_ID,
    VOICE_ROUTE_ID,
    add_examples,
)
from telegent_orchestrator.onboarding import OnboardingRequest

INVENTORY = 2000
"""Numbers that the vendor has before the first onboarding, on SIMs of their own."""
WEBHOOK = {
    "TELEGENT_WEBHOOK_URL": "https://mvno.example.com/telegent/order-update",
    "TELEGENT_WEBHOOK_TOKEN": "a token of the resilience tests",
}
"""Settings of the workers with which onboardings register a webhook for their account."""


def add_shared(state: SimulatorState) -> None:
    """Add what customers share: an account with subscriber and routes, and a large inventory."""
    add_examples(state)
    for index in range(INVENTORY):
        number = f"+1385{2_000_000 + index:07d}"
        state.numbers[number] = Number(
            number=number,
            id=state.new_id("NID"),
            order_id=state.new_id("JNUOID"),
            account_id=ACCOUNT_ID,
            classification="MVNO",
            purchased=state.clock.now() - timedelta(days=365),
            subscriber_id=SUBSCRIBER_ID if index % 100 == 0 else None,
            iccid=f"8901261{index:012d}",
        )


def sharing_customer(index: int, name: str) -> Customer:
    """One customer. All share the catalogue; every second also account, webhook and a subscriber.

    The shared subscriber's new number is on a SIM of its own, which tells it from the others.
    """
    customer = create_customer(index, name, shared_catalogue=name)
    if index % 2 == 0:
        return customer
    request = customer.request.model_dump(mode="json", exclude_none=True)
    request |= {
        "account": {"account_id": ACCOUNT_ID},
        "routes": {
            "message": {"message_route_id": MESSAGE_ROUTE_ID},
            "voice": {"voice_route_id": VOICE_ROUTE_ID},
        },
        "relations": [],
    }
    request["subscribers"] = [
        {"key": CHILD, "subscriber_id": SUBSCRIBER_ID} if subscriber["key"] == CHILD else subscriber
        for subscriber in request["subscribers"]
    ]
    for line in request["lines"]:
        if line["key"] == BOUGHT:
            line["number"]["iccid"] = f"8901260{index:012d}"
            del line["call_filter"], line["message_filter"]
    return replace(customer, request=OnboardingRequest.model_validate(request))
