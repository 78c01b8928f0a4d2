"""Changes of a line that is in service, such as suspend, plan, SIM and filters."""

import hashlib
import hmac
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from telegent_orchestrator._models import (
    E164,
    Iccid,
    OperatorMessage,
    StrictModel,
    Text,
    WireModel,
    ZipCode,
    secret_text,
)
from telegent_orchestrator.filter_changes import CallFilterChange, MessageFilterChange
from telegent_orchestrator.lines import AreaCode, DataLimits, ProductType, Renewal
from telegent_orchestrator.port_out import AuthenticationReference
from telegent_orchestrator.progress import Escalation, Step, StepState

LINE_CHANGE_WORKFLOW = "LineChangeWorkflow"


class Suspend(StrictModel):
    """Take the line out of service. It keeps its number, SIM and subscription."""

    kind: Literal["suspend"]


class Restore(StrictModel):
    """Put a suspended line back into service."""

    kind: Literal["restore"]


class End(StrictModel):
    """End the line: its subscription, its filters, and then its number.

    Attributes:
        number: `cancel` releases the number, which can be won back within 30 days; `park` keeps it,
            and Telegent may charge for it.
        remove_relations: Also end the AI Guardian relations of the subscriber, who may have other
            lines.
        free_sim: Also release the SIM, so that it can be used for another number; the line then
            cannot be won back with it.
    """

    kind: Literal["end"]
    number: Literal["cancel", "park"] = "cancel"
    remove_relations: bool = False
    free_sim: bool = False

    @model_validator(mode="after")
    def _keep_sim_of_parked_number(self) -> "End":
        if self.free_sim and self.number == "park":
            raise ValueError("free_sim needs number 'cancel': a parked number keeps its SIM")
        return self


class WinBack(StrictModel):
    """Bring an ended line back: its number, and with `package_id` a subscription.

    Filters, relations and data limits are not restored.

    Attributes:
        number: What ending the line has done with the number: cancelled, at most 30 days ago, or
            parked.
        package_id: The package of the new subscription, which starts charges.
        account_id: The account of the number; needed when the key has several accounts.
    """

    kind: Literal["win_back"]
    number: Literal["cancelled", "parked"] = "cancelled"
    package_id: Text | None = None
    account_id: Text | None = None


class CloseSubscription(StrictModel):
    """End one subscription: of a number that has several, or that is not in service any more.

    Attributes:
        subscription_id: The one to close. The only one of a number in service is rejected: end the
            line.
    """

    kind: Literal["close_subscription"]
    subscription_id: Text


class ChangeLimits(StrictModel):
    """Set other data limits, another renewal, or both. The line needs data."""

    kind: Literal["limits"]
    data_limits: DataLimits | None = None
    renewal: Renewal | None = None

    @model_validator(mode="after")
    def _require_change(self) -> "ChangeLimits":
        if not (self.data_limits or self.renewal):
            raise ValueError("needs data_limits, renewal, or both")
        return self


class ChangePlan(StrictModel):
    """Give the line another package now; what else is given follows.

    Attributes:
        package_id: The new package.
        subscription_id: The line's subscription; needed only if the number has several.
        product_type: What the number can do from now on.
        message_route_id: For a product type with messages, if the number has no route yet.
        voice_route_id: For a product type with voice, if the number has no route yet.
    """

    kind: Literal["plan"]
    package_id: Text
    subscription_id: Text | None = None
    product_type: ProductType | None = None
    message_route_id: Text | None = None
    voice_route_id: Text | None = None
    data_limits: DataLimits | None = None
    renewal: Renewal | None = None


class SwapSim(StrictModel):
    """Put the line on another SIM. The old one stops working at once, and is released.

    Attributes:
        iccid: The new physical SIM; without it Telegent issues an eSIM.
        authentication_reference: Who swaps a SIM without authenticating the subscriber lets a
            fraudster take over the number (47 CFR 64.2010).
    """

    kind: Literal["swap_sim"]
    iccid: Iccid | None = None
    authentication_reference: AuthenticationReference


class ChangeNumber(StrictModel):
    """Give the line another number, which Telegent chooses. It keeps its SIM.

    Subscriber, subscription and filters follow to the new number.

    Attributes:
        method: `swap`: a number of the same area; `replace`: of any area, or of the one that is
            named.
        area_code: Where the new number is to be from, for `replace`.
        zip_code: The same, if the area code has no number.
        authentication_reference: As for a SIM swap.
    """

    kind: Literal["number"]
    method: Literal["swap", "replace"] = "swap"
    area_code: AreaCode | None = None
    zip_code: ZipCode | None = None
    authentication_reference: AuthenticationReference

    @model_validator(mode="after")
    def _place_only_for_replace(self) -> Self:
        if self.method == "swap" and (self.area_code or self.zip_code):
            raise ValueError("area_code and zip_code need method 'replace'")
        return self


class ChangeFilters(StrictModel):
    """Change the AI Guardian filters of the number."""

    kind: Literal["filters"]
    call_filter: CallFilterChange | None = None
    message_filter: MessageFilterChange | None = None

    @model_validator(mode="after")
    def _require_change(self) -> Self:
        if not (self.call_filter or self.message_filter):
            raise ValueError("needs call_filter, message_filter, or both")
        return self


class GuardianRelationChange(StrictModel):
    """The relation of the line's subscriber, the child, to a guardian.

    Attributes:
        guardian_id: Telegent's id of the subscriber who guards, or shall no longer.
        relation: Free text. A relation that exists keeps the text that it has.
        end: End the relation. Filters stay.
    """

    guardian_id: Text
    relation: Text = "Guardian"
    end: bool = False


class ChangeGuardian(StrictModel):
    """Change AI Guardian for the subscriber of the line, and so for all lines of the subscriber.

    Attributes:
        calls: Whether filters of calls have an effect.
        messages: Whether filters of messages have an effect.
        relation: A relation to start or to end.
    """

    kind: Literal["guardian"]
    calls: bool | None = None
    messages: bool | None = None
    relation: GuardianRelationChange | None = None

    @model_validator(mode="after")
    def _require_change(self) -> Self:
        if self.relation is None and not self.changes_features:
            raise ValueError("needs calls, messages, or relation")
        return self

    @property
    def changes_features(self) -> bool:
        """Whether a feature is turned on or off."""
        return self.calls is not None or self.messages is not None


REDACTED = "[redacted]"


class ChangeSubscriber(StrictModel):
    """Change the subscriber of the line, and so for all lines of the subscriber.

    Attributes:
        password: Secret; results and statuses show `[redacted]`.
    """

    kind: Literal["subscriber"]
    name: Text | None = None
    role: Literal["Subscriber", "Manager", "Account Admin"] | None = None
    password: Annotated[str, AfterValidator(secret_text)] | None = Field(
        None, min_length=8, max_length=128, repr=False
    )

    @model_validator(mode="after")
    def _require_change(self) -> Self:
        if not (self.name or self.role or self.password):
            raise ValueError("needs name, role, or password")
        return self


class TransferSubscriber(StrictModel):
    """Move the subscriber of the line, with all lines of the subscriber, to another account."""

    kind: Literal["transfer"]
    to_account_id: Text


LineChange = Annotated[
    Suspend
    | Restore
    | End
    | WinBack
    | CloseSubscription
    | ChangeLimits
    | ChangePlan
    | SwapSim
    | ChangeNumber
    | ChangeFilters
    | ChangeGuardian
    | ChangeSubscriber
    | TransferSubscriber,
    Field(discriminator="kind"),
]


class LineChangeRequest(OperatorMessage):
    """The request that starts a LineChangeWorkflow.

    Attributes:
        phone_number: The number of the line.
        change: What changes; `kind` names it.
        by: Who requests it.
        reason: Why.
    """

    phone_number: E164
    change: LineChange
    by: Text
    reason: Text


def without_secrets(change: LineChange) -> LineChange:
    """The change as it may be shown."""
    if isinstance(change, ChangeSubscriber) and change.password:
        return change.model_copy(update={"password": REDACTED})
    return change


class LineState(StrEnum):
    """Whether a line is in service."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class LineChangeResult(WireModel):
    """What a line change has done.

    Attributes:
        state: `running`, `needs operator`, `done` or `failed`.
        detail: Why it failed.
        changed: Whether something was sent, or may have been; False if the line was already as
            requested.
        line_state: Whether the line is in service, as far as is known.
        vendor_status: The vendor's status of the number, as last read.
        order_id: The vendor's order; None if its response was lost, or there was none.
        removed: What ending the line has removed, such as `subscription SUB-…`.
        subscription_id: The subscription that a win back has started, whose plan was changed, or
            that was to be closed.
        warnings: What Telegent does not show yet.
        iccid: The new SIM after a swap.
        swaps_remaining: How many swaps the number has left after a swap of its SIM or of itself.
        new_phone_number: The number of the line after a change of the number.
        account_id: The account of the subscriber, before or after a transfer.
        call_filter_id: The call filter that was changed or created.
        message_filter_id: The message filter that was changed or created.
    """

    phone_number: str
    change: LineChange
    by: str
    reason: str
    state: StepState = StepState.RUNNING
    detail: str = ""
    changed: bool = False
    line_state: LineState | None = None
    vendor_status: str = ""
    order_id: str | None = None
    removed: list[str] = []
    warnings: list[str] = []
    iccid: str | None = None
    activation_code: str | None = Field(None, description="eSIM activation string, LPA:1$…")
    swaps_remaining: int | None = None
    new_phone_number: str | None = None
    subscription_id: str | None = None
    account_id: str | None = None
    call_filter_id: str | None = None
    message_filter_id: str | None = None
    ended_at: datetime | None = None


class LineChangeStatus(LineChangeResult):
    """A line change with its steps and open escalations. `due_at`: when it is sent if it waits."""

    steps: list[Step] = []
    escalations: list[Escalation] = []
    due_at: datetime | None = None


def line_change_id(phone_number: str, id_key: str) -> str:
    """Workflow id of the changes of a number (E.164), hashed as in `names.port_in_id`."""
    digest = hmac.new(id_key.encode(), phone_number.encode(), hashlib.sha256).hexdigest()
    return f"line-change-{digest[:24]}"
