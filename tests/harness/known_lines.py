"""A line as our workflows know it."""

from typing import Any

from activities.known.lines import KnownLine
from telegent_orchestrator.lines import ProductType

NUMBER = "+18015550142"


def known_line(number: str = NUMBER, **changes: Any) -> KnownLine:
    values: dict[str, Any] = {
        "label": "family-2041:first",
        "number_id": f"NID-{number[1:]}",
        "subscription_id": f"SUB-{number[1:]}",
        "subscriber_id": "TSUID-1",
        "package_id": "PID-1",
        "product_type": ProductType.SMS_DATA,
        "message_route_id": "MRID-1",
        "iccid": "8901240000000000001",
    }
    return KnownLine(number, "onboarding-family-2041:line-first", **(values | changes))
