"""Small requests that start from the example family."""

from typing import Any

from telegent_orchestrator.onboarding import OnboardingRequest

ACCOUNT = {
    "name": "Example",
    "billing_address": {
        "street1": "1 Main Street",
        "city": "Lehi",
        "state": "Utah",
        "zip": "84043",
    },
}


def single(reference: str = "single-1", **changes: Any) -> OnboardingRequest:
    """One person with one new eSIM; `changes` replace top-level parts."""
    request: dict[str, Any] = {
        "reference": reference,
        "account": ACCOUNT,
        "subscribers": [new_subscriber("one")],
        "routes": {
            "message": {"name": "Messages", "url": "https://mvno.example.com/messages"},
            "voice": {"name": "Calls", "type": "URL", "url": "https://mvno.example.com/calls"},
        },
        "products": [
            {"key": "talk", "sku": "TALK", "description": "Talk", "type": "esim", "cost": "1.00"}
        ],
        "packages": [
            {
                "key": "plan",
                "name": "Plan",
                "price": "2.00",
                "items": [{"product": "talk", "price": "2.00"}],
            }
        ],
        "lines": [line("first", "one")],
    }
    return OnboardingRequest.model_validate(request | changes)


def new_subscriber(key: str, **changes: Any) -> dict[str, Any]:
    """A subscriber to create."""
    return {
        "key": key,
        "name": f"Example {key}",
        "email": f"{key}@example.com",
        "password": "change-me-first",
    } | changes


def line(key: str, subscriber: str, **changes: Any) -> dict[str, Any]:
    """A line with a new eSIM."""
    return {
        "key": key,
        "subscriber": subscriber,
        "package": "plan",
        "number": {"kind": "new"},
    } | changes


def port_in(number: str = "+18015550142", **changes: Any) -> dict[str, Any]:
    """The losing carrier's records of a number."""
    return {
        "phone_number": number,
        "losing_carrier": "Verizon",
        "account_number": "100200300",
        "account_pin": "482913",
        "billing_address": {
            "street1": "100 Main Street",
            "city": "Lehi",
            "state": "UT",
            "zip": "84043",
        },
        "authorization": {
            "reference": "loa-1",
            "attested_by": "operator",
            "attested_at": "2026-11-20T15:00:00Z",
        },
        "old_service_stays_active": True,
    } | changes
