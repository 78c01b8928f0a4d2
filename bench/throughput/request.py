"""The onboarding that every system runs."""

from resilience.harness.customer import catalogue
from telegent_orchestrator.onboarding import OnboardingRequest

_ADDRESS = {"street1": "100 Main Street", "city": "Lehi", "state": "UT", "zip": "84043"}
_PARENT, _CHILD = "parent", "child"


def two_new_lines(reference: str, *, catalogue_of: str = "") -> OnboardingRequest:
    """A parent and a child, each with a new line, and all that an onboarding can create for them.

    Args:
        reference: Of the onboarding.
        catalogue_of: The reference with the same product and package; by default none has them.
    """
    return OnboardingRequest.model_validate(
        {
            "reference": reference,
            "account": {"name": "Family", "billing_address": _ADDRESS},
            "subscribers": [_subscriber(_PARENT, reference), _subscriber(_CHILD, reference)],
            "routes": {
                "message": {"name": "Messages", "url": "https://mvno.example.com/messages"},
                "voice": {"name": "Calls", "type": "URL", "url": "https://mvno.example.com/calls"},
            },
            **catalogue(catalogue_of or reference),
            "relations": [{"parent": _PARENT, "child": _CHILD}],
            # Different limits and renewals: lines with the same ones would share a request.
            "lines": [_line(_PARENT, 2000, renewal_day=1), _line(_CHILD, 1000, renewal_day=2)],
        }
    )


def _subscriber(key: str, reference: str) -> dict[str, object]:
    return {
        "key": key,
        "name": f"Example {key}",
        "email": f"{key}.{reference}@example.com",
        "password": "change-me-first",
        "guardian": True,
    }


def _line(subscriber: str, limit_mb: int, *, renewal_day: int) -> dict[str, object]:
    return {
        "key": f"{subscriber}-line",
        "subscriber": subscriber,
        "package": "plan",
        "number": {"kind": "new", "area_code": "801"},
        "e911_address": _ADDRESS,
        "data_limits": {"notify_mb": limit_mb // 2, "limit_mb": limit_mb},
        "renewal": {"every": "week", "day": renewal_day},
        "call_filter": {"mode": "WHITELIST", "allowed_numbers": ["+18015550142"]},
        "message_filter": {"mode": "ACTIVE", "block_links": True},
    }
