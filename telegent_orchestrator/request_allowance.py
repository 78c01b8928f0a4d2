"""The vendor's request limit, which all workers of a namespace share."""

from pydantic import Field

from telegent_orchestrator._models import OperatorMessage, WireModel

ALLOWANCE_WORKFLOW = "AllowanceWorkflow"
ALLOWANCE_ID = "telegent-allowance"
LEASE_UPDATE = "lease"
SET_LIMIT_UPDATE = "set_limit"


class LimitCommand(OperatorMessage):
    """An operator sets the request limit of all workers, or returns to their own setting.

    Attributes:
        requests_per_minute: None: that of the workers, `TELEGENT_REQUESTS_PER_MINUTE`.
        by: Who sets it.
    """

    requests_per_minute: int | None = Field(default=None, ge=1, le=60_000)
    by: str = Field(min_length=1, max_length=100)


class AllowanceStatus(WireModel):
    """What may be sent to Telegent, and what was.

    Attributes:
        requests_per_minute: The limit as set.
        set_by: The operator who has set it; None: it is the workers' setting.
        permitted_per_minute: What is sent at most; less than the limit after a 429 (too many
            requests).
        used: Requests in the last window.
        leased: Of the limit, what workers have been permitted and have not reported yet.
        window_seconds: Length of the window.
        paused_seconds: Seconds for which Telegent has asked to wait; 0: none.
    """

    requests_per_minute: float
    set_by: str | None
    permitted_per_minute: float
    used: int
    leased: int
    window_seconds: float
    paused_seconds: float
