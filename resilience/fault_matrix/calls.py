"""The vendor calls of an onboarding without faults."""

TOKEN = "POST /v1.0/OAuth2/tokens"  # noqa: S105 - a path
ORDER = "GET /v1.0/numbers/order"

CALLS = {
    TOKEN: 23,
    "POST /v1.0/account/create": 1,
    "POST /v1.0/subscribers/create": 2,
    "POST /v1.0/message/routes": 1,
    "POST /v1.0/voice/routes": 1,
    "GET /v1.0/account/products": 1,
    "POST /v1.0/products": 1,
    "GET /v1.0/account/packages": 1,
    "POST /v1.0/packages": 1,
    "POST /v1.0/subscribers/guardian-features": 2,
    "POST /v1.0/subscribers/guardians/relation": 1,
    "POST /v1.0/numbers/provision": 1,
    "POST /v1.0/numbers/portin/eligibility": 1,
    "POST /v1.0/numbers/portin": 1,
    ORDER: 2,
    "POST /v1.0/numbers/portin/update": 1,
    "GET /v1.0/numbers": 2,
    "POST /v1.0/numbers/update": 1,
    "POST /v1.0/subscriptions": 2,
    "POST /v1.0/numbers/e911address/update": 1,
    "POST /v1.0/numbers/data-usage": 1,
    "POST /v1.0/numbers/data-usage/update-renewal-info": 1,
    "POST /v1.0/subscribers/call-filter": 1,
    "POST /v1.0/subscribers/message-filter": 1,
}
"""Each distinct call as "METHOD path", in about the order in which they are made, and how often it
is made. The order is polled at least as often as this says."""
