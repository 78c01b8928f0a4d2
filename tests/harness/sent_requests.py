"""What was sent to the vendor, as docs/reference/api-budget.md counts it."""

from tests.harness import Harness

NOT_COUNTED = ("/oauth2/tokens", "/numbers/order")


def counted_requests(harness: Harness) -> list[str]:
    """Method and path of each request so far, without tokens and polls of orders."""
    calls = [f"{entry.method} {entry.path}" for entry in harness.telegent.requests]
    return [call for call in calls if not call.lower().endswith(NOT_COUNTED)]
