"""Plans: what a start of an onboarding would do, against what exists. A plan sends only reads."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from telegent_orchestrator._models import VendorText, WireModel
from telegent_orchestrator.line_changes import LineChange

PLAN_WORKFLOW = "PlanWorkflow"


def plan_id(reference: str) -> str:
    """Workflow id of the plan of the onboarding with this reference."""
    return f"plan-{reference}"


class PlanOutcome(StrEnum):
    """What a start of the request would do."""

    START = "start"
    """No onboarding has the reference: one starts."""

    START_AGAIN = "start again"
    """The onboarding with the reference failed or was cancelled: a second run uses what exists."""

    JOIN = "join"
    """The onboarding is open or has completed, with the same request: nothing is sent."""

    REFUSE = "refuse"
    """The request is rejected, or the onboarding was started with another one: nothing is sent."""


class PlanAction(StrEnum):
    """What a start would do about one resource."""

    CREATE = "create"
    USE = "use"
    CHANGE = "change"
    REFUSE = "refuse"
    ESCALATE = "escalate"
    """An operator would have to decide."""

    UNKNOWN = "unknown"
    """Telegent did not say whether it exists."""


class ResourceKind(StrEnum):
    """The kind of a planned resource."""

    ACCOUNT = "account"
    SUBSCRIBER = "subscriber"
    GUARDIAN = "AI Guardian"
    RELATION = "relation"
    MESSAGE_ROUTE = "message route"
    VOICE_ROUTE = "voice route"
    PRODUCT = "product"
    PACKAGE = "package"
    ORDER_WEBHOOK = "order webhook"
    NUMBER = "number"
    PORT_IN = "port-in"
    SUBSCRIPTION = "subscription"
    E911_ADDRESS = "E911 address"
    DATA_LIMITS = "data limits"
    RENEWAL = "renewal"
    CALL_FILTER = "call filter"
    MESSAGE_FILTER = "message filter"


class PlannedResource(WireModel):
    """One resource of the request.

    Attributes:
        name: As Telegent will show it, or the key in the request.
        line: The key of the line that it belongs to; empty if lines share it.
        id: Telegent's id of what exists.
        detail: Why.
        requests: Requests to Telegent, without polls of an order and without tokens.
        monthly_price: Of a subscription: the price of its package, if that is monthly.
    """

    kind: ResourceKind
    name: str
    line: str = ""
    action: PlanAction
    id: str | None = None
    detail: VendorText = ""
    requests: int = 0
    monthly_price: Decimal | None = None


class LineChangeOffer(WireModel):
    """What a changed request means for a line that is in service. A line may have two.

    Attributes:
        change: For the `change` of a LineChangeRequest; None if no line change sets what differs.
        not_covered: Fields of the line that differ, and that no line change sets.
    """

    line: str
    phone_number: str
    change: LineChange | None
    not_covered: list[str] = []


class RequestCapacity(WireModel):
    """How soon requests can be sent to Telegent.

    Attributes:
        requests_per_minute: What all workers together may send at present.
        available: Requests that may be sent at once.
        waiting: Calls that wait in the queue and go first.
        paused_seconds: Seconds for which Telegent has asked to wait.
    """

    requests_per_minute: float
    available: int
    waiting: int
    paused_seconds: float = 0


class OnboardingPlan(WireModel):
    """What a start of a request would do.

    Attributes:
        errors: Why the request is refused.
        differences: Fields that differ from the request of the existing onboarding.
        line_changes: What the differences mean for lines that are in service.
        requests: The sum of `requests` of all resources.
        monthly_price: The sum of the monthly prices; None if no price is known.
        capacity: None if no worker has sent a request yet.
        earliest_at: When the last of the requests can be sent at the earliest. A port-in then still
            takes days.
    """

    reference: str
    outcome: PlanOutcome
    resources: list[PlannedResource]
    errors: list[str] = []
    warnings: list[str] = []
    differences: list[str] = []
    line_changes: list[LineChangeOffer] = []
    requests: int = 0
    monthly_price: Decimal | None = None
    capacity: RequestCapacity | None = None
    earliest_at: datetime | None = None

    @property
    def acceptable(self) -> bool:
        """Whether a start would do all that the request describes, as far as can be told."""
        return self.outcome is not PlanOutcome.REFUSE and all(
            resource.action in (PlanAction.CREATE, PlanAction.USE, PlanAction.CHANGE)
            for resource in self.resources
        )


class PlanStatus(WireModel):
    """A plan that is being made. `responses`: reads to which Telegent has responded."""

    responses: int
