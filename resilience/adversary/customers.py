"""Customers who share what real customers share."""

from dataclasses import replace

from resilience.harness.customer import BOUGHT, CHILD, Customer, create_customer
from simulator.examples import ACCOUNT_ID, MESSAGE_ROUTE_ID, SUBSCRIBER_ID, VOICE_ROUTE_ID
from telegent_orchestrator.onboarding import OnboardingRequest

NAME = "adversary"


def customer_number(index: int) -> Customer:
    """One customer. All share the catalogue; every second also account, webhook and a subscriber.

    The shared subscriber's new number is on a SIM of its own, which tells it from the others.
    """
    customer = create_customer(index, NAME, shared_catalogue=NAME)
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
