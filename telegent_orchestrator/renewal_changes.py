"""Changes of a line's plan that wait for the next renewal of the line."""

import hashlib
import hmac
from typing import Annotated

from pydantic import Field

from telegent_orchestrator._models import E164, OperatorMessage, Text
from telegent_orchestrator.line_changes import ChangePlan

RENEWAL_CHANGE_WORKFLOW = "RenewalChangeWorkflow"


class RenewalChangeRequest(OperatorMessage):
    """The request that starts a RenewalChangeWorkflow.

    Attributes:
        phone_number: The number of the line.
        change: The new plan.
        renewal_day: The day of the month on which the line renews, which Telegent does not show. In
            a shorter month it is the last day.
        by: Who requests it.
        reason: Why.
    """

    phone_number: E164
    change: ChangePlan
    renewal_day: Annotated[int, Field(ge=1, le=31)]
    by: Text
    reason: Text


def renewal_change_id(phone_number: str, id_key: str) -> str:
    """Workflow id of the waiting change of a number (E.164), hashed as in `names.port_in_id`."""
    digest = hmac.new(id_key.encode(), phone_number.encode(), hashlib.sha256).hexdigest()
    return f"renewal-change-{digest[:24]}"
