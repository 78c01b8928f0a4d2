"""Port-ins: bringing a number from the carrier that loses it, over days."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from telegent_orchestrator._models import (
    E164,
    CalendarDate,
    Iccid,
    OperatorMessage,
    StrictModel,
    Text,
    Timestamp,
    WireModel,
    ZipCode,
)
from telegent_orchestrator.progress import Step

MessageType = Literal["a2p", "p2p"]
"""Application-to-person (business messaging) or person-to-person."""


class LosingCarrierAddress(StrictModel):
    """The billing address on the losing carrier's account, spelled as on its bill."""

    street1: Text
    street2: Text | None = None
    city: Text
    state: Text
    zip: ZipCode


AccountNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,30}$")]
TransferPin = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{4,15}$")]


class Authorization(StrictModel):
    """The subscriber's letter of authorization (LOA), which you keep: the vendor takes no upload.

    `reference` is your own id of the document; `attested_by` says who checked it.
    """

    reference: Text
    attested_by: Text
    attested_at: Timestamp


class PortInDetails(StrictModel):
    """The number and what the losing carrier has on record about it.

    Only the number is needed to start: a port-in waits for what is missing and names it.
    `account_number` and `account_pin` are secrets: they are shown nowhere and, when the worker
    has a key, stored encrypted. `pin_obtained_at`: transfer PINs expire within days. `iccid` only
    for a physical SIM, `port_in_date` only for wirelines. `old_service_stays_active`: the
    subscriber knows that cancelling the old service first would lose the number.
    """

    phone_number: E164
    losing_carrier: Text | None = None
    account_number: AccountNumber | None = Field(None, repr=False)
    account_pin: TransferPin | None = Field(None, repr=False)
    pin_obtained_at: Timestamp | None = None
    billing_address: LosingCarrierAddress | None = None
    subscriber_name: Text | None = None
    iccid: Iccid | None = None
    classification: Literal["mvno", "iot"] = "mvno"
    port_in_date: CalendarDate | None = None
    authorization: Authorization | None = None
    old_service_stays_active: bool = False


class PortInCorrection(OperatorMessage):
    """New or missing values; fields left out keep their last value.

    `lock_removed`: the subscriber confirms that the number lock at the losing carrier is off.
    """

    losing_carrier: Text | None = None
    account_number: AccountNumber | None = Field(None, repr=False)
    account_pin: TransferPin | None = Field(None, repr=False)
    pin_obtained_at: Timestamp | None = None
    billing_address: LosingCarrierAddress | None = None
    subscriber_name: Text | None = None
    iccid: Iccid | None = None
    port_in_date: CalendarDate | None = None
    authorization: Authorization | None = None
    old_service_stays_active: Literal[True] | None = None
    lock_removed: Literal[True] | None = None
    by: Text = Field(description="who sends this: stays in the timeline")

    @model_validator(mode="after")
    def _require_change(self) -> "PortInCorrection":
        if not self.fields:
            raise ValueError(
                "a correction needs at least one of: " + ", ".join(sorted(CORRECTABLE))
            )
        return self

    @property
    def fields(self) -> set[str]:
        """Names of the fields that this correction gives a value."""
        return {name for name in CORRECTABLE if getattr(self, name) is not None}

    def changes(self) -> dict[str, object]:
        """The new values of the details."""
        return {name: getattr(self, name) for name in self.fields - {"lock_removed"}}


CORRECTABLE = frozenset(PortInCorrection.model_fields) - {"by"}


class PortInCancel(OperatorMessage):
    """A wish to cancel: `by` and `reason` stay in the timeline."""

    by: Text
    reason: Text


class OperatorAction(StrEnum):
    """What an operator can do about a port-in.

    `mark_done`: the number has arrived, whatever the order shows. `retry_now`: send the same data
    again, submit again, or look again, whichever the state calls for. `replace_data`: a correction
    beyond the cap on rejections. `restart`: cancel, wait for it, and submit a new order.
    `abandon`: end here, and leave the order at the vendor as it is.
    """

    MARK_DONE = "mark_done"
    RETRY_NOW = "retry_now"
    REPLACE_DATA = "replace_data"
    ATTACH_ORDER = "attach_order"
    RESTART = "restart"
    ABANDON = "abandon"


class OperatorDecision(OperatorMessage):
    """An operator's decision. `order_id` goes with attach_order, `correction` with replace_data."""

    action: OperatorAction
    by: Text
    reason: Text
    order_id: Text | None = None
    correction: PortInCorrection | None = None

    @model_validator(mode="after")
    def _require_action_fields(self) -> "OperatorDecision":
        if self.action is OperatorAction.ATTACH_ORDER and self.order_id is None:
            raise ValueError("attach_order needs order_id")
        if self.action is OperatorAction.REPLACE_DATA and self.correction is None:
            raise ValueError("replace_data needs correction")
        return self


class AttachOrder(OperatorMessage):
    """The vendor's order id of a port-in whose submit was never answered."""

    order_id: Text
    by: Text
    reason: Text


class NumberBinding(WireModel):
    """What a ported number is bound to when it arrives."""

    account_id: Text
    subscriber_id: Text
    product_type: Text
    message_type: MessageType
    message_route_id: Text | None = None
    voice_route_id: Text | None = None


class PortInRequest(StrictModel):
    """What a PortInWorkflow starts from.

    With `bind`, the number is put into service as soon as it has arrived. `check_existing`: an
    earlier run may have completed, so look whether the number is here already.
    """

    details: PortInDetails
    bind: NumberBinding | None = None
    check_existing: bool = False


class PortState(StrEnum):
    """Where a port-in is. Our words; the vendor's three vocabularies are mapped onto them."""

    INFO_REQUIRED = "INFO_REQUIRED"
    CHECKING_ELIGIBILITY = "CHECKING_ELIGIBILITY"
    INELIGIBLE = "INELIGIBLE"
    SUBMITTING = "SUBMITTING"
    SUBMIT_UNKNOWN = "SUBMIT_UNKNOWN"
    SUBMITTED = "SUBMITTED"
    AT_CARRIER = "AT_CARRIER"
    SCHEDULED = "SCHEDULED"
    ACTION_REQUIRED = "ACTION_REQUIRED"
    UPDATE_REQUESTED = "UPDATE_REQUESTED"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    CANCELLED = "CANCELLED"
    PORTED = "PORTED"
    CONFIGURING = "CONFIGURING"
    COMPLETED = "COMPLETED"
    ABANDONED = "ABANDONED"

    @property
    def final(self) -> bool:
        """Whether the port-in never leaves this state."""
        return self in FINAL_STATES


FINAL_STATES = frozenset(
    {PortState.INELIGIBLE, PortState.CANCELLED, PortState.COMPLETED, PortState.ABANDONED}
)


class TimelineEntry(WireModel):
    """Who did what, when: no secrets. `vendor_message` are quoted as the vendor sent them."""

    at: datetime
    by: str
    event: str
    state: PortState
    vendor_message: str = ""


class PortInStatus(WireModel):
    """How far a port-in is; when a person must act, why, how, and with which fields.

    `attention`: why a person should look although nothing is asked of anybody. `unknown_statuses`:
    how often the vendor used a status that is not mapped.
    """

    phone_number: str
    state: PortState
    order_id: str | None = None
    vendor_message: str = ""
    reason: str = ""
    remedy: str = ""
    fields_to_correct: list[str] = []
    attention: str = ""
    warnings: list[str] = []
    next_deadline: datetime | None = None
    next_deadline_name: str = ""
    rejections: int = 0
    unknown_statuses: int = 0
    steps: list[Step] = []
    timeline: list[TimelineEntry] = []


class PortInResult(WireModel):
    """How a port-in ended. `subscriber_id`: whom the number was bound to, if the port-in did."""

    phone_number: str
    state: PortState
    order_id: str | None = None
    number_id: str | None = None
    iccid: str | None = None
    subscriber_id: str | None = None
    reason: str = ""
    warnings: list[str] = []
    timeline: list[TimelineEntry] = []
