"""A small onboarding as JSON, and what is said about the errors in a request."""

from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from telegent_orchestrator._validation import format_errors
from telegent_orchestrator.onboarding import OnboardingRequest

LINE: dict[str, Any] = {
    "key": "phone",
    "subscriber": "owner",
    "package": "basic",
    "number": {"kind": "new", "zip_code": "84043"},
}


def request(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "reference": "order-7",
        "account": {"account_id": "AID-1"},
        "routes": {
            "message": {"message_route_id": "MRID-1"},
            "voice": {"voice_route_id": "CRID-1"},
        },
        "packages": [{"key": "basic", "package_id": "PID-1"}],
        "subscribers": [{"key": "owner", "subscriber_id": "TSUID-1"}],
        "lines": deepcopy(list(lines) or [LINE]),
    } | changes


def errors(raw: dict[str, Any], model: Any = OnboardingRequest) -> list[str]:
    try:
        model.model_validate(raw)
    except ValidationError as error:
        return format_errors(error, model)
    return []
