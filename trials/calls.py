"""The vendor calls that a family's onboarding makes when nothing goes wrong."""

TOKEN = "POST /v1.0/OAuth2/tokens"  # noqa: S105 - a path
ORDER = "GET /v1.0/numbers/order"

CALLS = (
    TOKEN,
    "POST /v1.0/account/create",
    "POST /v1.0/subscribers/create",
    "POST /v1.0/message/routes",
    "POST /v1.0/voice/routes",
    "GET /v1.0/account/products",
    "POST /v1.0/products",
    "GET /v1.0/account/packages",
    "POST /v1.0/packages",
    "POST /v1.0/subscribers/guardian-features",
    "POST /v1.0/subscribers/guardians/relation",
    "POST /v1.0/numbers/provision",
    "POST /v1.0/numbers/portin/eligibility",
    "POST /v1.0/numbers/portin",
    ORDER,
    "POST /v1.0/numbers/portin/update",
    "GET /v1.0/numbers",
    "POST /v1.0/numbers/update",
    "POST /v1.0/subscriptions",
    "POST /v1.0/numbers/data-usage",
    "POST /v1.0/numbers/data-usage/update-renewal-info",
    "POST /v1.0/subscribers/call-filter",
    "POST /v1.0/subscribers/message-filter",
)
"""Each distinct call once, as "METHOD path", in about the order in which they are made."""
