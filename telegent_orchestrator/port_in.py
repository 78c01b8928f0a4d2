"""Port-ins: a number moves here from another carrier, which takes days."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, model_validator
from pydantic.json_schema import SkipJsonSchema

from telegent_orchestrator._models import (
    CalendarDate,
    Iccid,
    OperatorMessage,
    PortableNumber,
    StrictModel,
    Text,
    Timestamp,
    WireModel,
    ZipCode,
    matching,
)
from telegent_orchestrator._validation import NUMBER_IS_FIXED
from telegent_orchestrator.progress import Step

MessageType = Literal["a2p", "p2p"]
"""Application-to-person (business messaging) or person-to-person."""
Classification = Literal["mvno", "iot"]
"""The kind of number: a phone or a device. An IoT number has neither voice nor A2P messages."""


class LosingCarrierAddress(StrictModel):
    """The billing address on the losing carrier's account, spelled as on its bill."""

    street1: Text
    street2: Text | None = None
    city: Text
    state: Text
    zip: ZipCode


def _without_separators(value: object) -> object:
    return re.sub(r"[\s./\u2010-\u2015\u2212-]", "", value) if isinstance(value, str) else value


AccountNumber = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9]{1,20}$",
        "must be 1 to 20 letters and digits, as printed on the bill",
        "as printed on the bill; spaces, dots, slashes and hyphens are removed before it is sent",
    ),
    BeforeValidator(_without_separators),
]
TransferPin = Annotated[
    str,
    matching(
        r"^[0-9]{4,15}$",
        "must be 4 to 15 digits, with leading zeros: the losing carrier's transfer or account PIN",
    ),
    BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value),
]


class Authorization(StrictModel):
    """The subscriber's letter of authorization (LOA). You keep it: the vendor takes no upload.

    Attributes:
        reference: Your own id of the document.
        attested_by: Who checked it.
        attested_at: When it was checked.
    """

    reference: Text
    attested_by: Text
    attested_at: Timestamp


class PortInDetails(StrictModel):
    """The number and the losing carrier's records of it.

    Only the number is needed to start: a port-in waits for missing fields and names them.

    Attributes:
        account_number: The subscriber's account at the losing carrier. Secret.
        account_pin: The transfer PIN. Secret.
        pin_obtained_at: When the PIN was obtained; transfer PINs expire within days.
        iccid: For a physical SIM; required for an IoT number.
        port_in_date: The requested date, for landline numbers only.
        old_service_stays_active: Must be true: the subscriber knows that cancelling the old
            service before the port completes loses the number.
    """

    phone_number: PortableNumber
    losing_carrier: Text | None = None
    account_number: AccountNumber | None = Field(None, repr=False)
    account_pin: TransferPin | None = Field(None, repr=False)
    pin_obtained_at: Timestamp | None = None
    billing_address: LosingCarrierAddress | None = None
    subscriber_name: Text | None = None
    iccid: Iccid | None = None
    classification: Classification = "mvno"
    port_in_date: CalendarDate | None = None
    authorization: Authorization | None = None
    old_service_stays_active: bool | None = None


class AddressCorrection(StrictModel):
    """Parts of a billing address; parts that are left out keep their values."""

    street1: Text | None = None
    street2: Text | None = None
    city: Text | None = None
    state: Text | None = None
    zip: ZipCode | None = None


class AuthorizationCorrection(StrictModel):
    """Parts of an authorization; parts that are left out keep their values."""

    reference: Text | None = None
    attested_by: Text | None = None
    attested_at: Timestamp | None = None


class PortInCorrection(OperatorMessage):
    """New or missing values; fields that are left out keep their values.

    Attributes:
        lock_removed: The subscriber confirms that the number lock at the losing carrier is off.
        by: Who sends this, for the timeline.
    """

    UNKNOWN_FIELDS: ClassVar = {"phone_number": NUMBER_IS_FIXED}

    losing_carrier: Text | None = None
    account_number: AccountNumber | None = Field(None, repr=False)
    account_pin: TransferPin | None = Field(None, repr=False)
    pin_obtained_at: Timestamp | None = None
    billing_address: AddressCorrection | None = None
    subscriber_name: Text | None = None
    iccid: Iccid | None = None
    port_in_date: CalendarDate | None = None
    authorization: AuthorizationCorrection | None = None
    old_service_stays_active: Literal[True] | None = None
    lock_removed: Literal[True] | None = None
    by: Text = Field(description="who sends this, for the timeline")

    @model_validator(mode="after")
    def _require_change(self) -> Self:
        if not self.fields:
            raise ValueError(
                "a correction needs at least one of: " + ", ".join(sorted(CORRECTABLE))
            )
        return self

    @property
    def fields(self) -> set[str]:
        """Names of the fields that this correction sets."""
        return {name for name in CORRECTABLE if getattr(self, name) is not None}

    def missing_parts(self, details: PortInDetails) -> list[str]:
        """Parts of an object that neither this correction nor the details have."""
        return [
            f"{name}.{part}"
            for name, (part_model, parts) in self._objects(details).items()
            for part, field in part_model.model_fields.items()
            if field.is_required() and parts.get(part) is None
        ]

    def changes(self, details: PortInDetails) -> dict[str, object]:
        """The values to set in the details, with objects merged.

        Raises:
            ValueError: An object is incomplete: see `missing_parts`.
        """
        values = {name: getattr(self, name) for name in self.fields - {"lock_removed"}}
        objects = self._objects(details)
        return values | {name: model(**parts) for name, (model, parts) in objects.items()}

    def _objects(
        self, details: PortInDetails
    ) -> dict[str, tuple[type[StrictModel], dict[str, object]]]:
        """The model and the merged parts of each object that this correction sets."""
        models: dict[str, type[StrictModel]] = {
            "billing_address": LosingCarrierAddress,
            "authorization": Authorization,
        }
        return {
            name: (
                model,
                {
                    **dict(getattr(details, name) or {}),
                    **getattr(self, name).model_dump(exclude_none=True),
                },
            )
            for name, model in models.items()
            if getattr(self, name) is not None
        }


CORRECTABLE = frozenset(PortInCorrection.model_fields) - {"by"}


class PortInCancel(OperatorMessage):
    """A cancel. `by` and `reason` appear in the timeline."""

    by: Text
    reason: Text


class PortInNote(OperatorMessage):
    """A note for the timeline, such as a ticket id. No secrets and no personal data."""

    by: Text
    note: Text


class OperatorAction(StrEnum):
    """What an operator can do about a port-in.

    Attributes:
        MARK_DONE: The number has arrived, whatever the order shows.
        RETRY_NOW: Resend the same data, submit again or poll again, depending on the state.
        REPLACE_DATA: Send a correction beyond the limit of rejections.
        ATTACH_ORDER: Follow an order that the port-in does not know, such as that of a lost submit.
        RESTART: Cancel, wait for the cancel, and submit a new order.
        ABANDON: End here, and leave the order at the vendor as it is.
    """

    MARK_DONE = "mark_done"
    RETRY_NOW = "retry_now"
    REPLACE_DATA = "replace_data"
    ATTACH_ORDER = "attach_order"
    RESTART = "restart"
    ABANDON = "abandon"


class OperatorDecision(OperatorMessage):
    """An operator's decision. attach_order needs `order_id`, replace_data needs `correction`."""

    action: OperatorAction
    by: Text
    reason: Text
    order_id: Text | None = None
    correction: PortInCorrection | None = None

    @model_validator(mode="after")
    def _require_action_fields(self) -> Self:
        needed = {
            OperatorAction.ATTACH_ORDER: "order_id",
            OperatorAction.REPLACE_DATA: "correction",
        }
        if (field := needed.get(self.action)) and getattr(self, field) is None:
            raise ValueError(f"{self.action.value} needs {field}")
        return self


class NumberBinding(WireModel):
    """What a ported number is bound to when it has arrived."""

    account_id: Text
    subscriber_id: Text
    product_type: Text
    message_type: MessageType
    message_route_id: Text | None = None
    voice_route_id: Text | None = None


class PortInRequest(StrictModel):
    """The request that starts a PortInWorkflow.

    Attributes:
        bind: Bind the number to a subscriber and routes as soon as it has arrived.
        check_existing: Check first whether the number is here: a previous run may have completed.
            Set by the client.
        order_id: The order that a previous run has submitted and left open: it is followed, and
            none is submitted.
        checkpoint: Set by the workflow itself when its history has grown long.
    """

    details: PortInDetails
    bind: NumberBinding | None = None
    check_existing: bool = False
    order_id: Text | None = None
    checkpoint: SkipJsonSchema[dict[str, JsonValue] | None] = None

    @model_validator(mode="after")
    def _check_iot(self) -> Self:
        bind = self.bind
        if bind and self.details.classification == "iot":
            if bind.message_type == "a2p":
                raise ValueError("an IoT number has no A2P messages: bind.message_type must be p2p")
            if "Voice" in bind.product_type:
                raise ValueError("an IoT number has no voice: bind.product_type must not have it")
        return self


class PortState(StrEnum):
    """State of a port-in. The vendor's three status vocabularies are mapped to it."""

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
    BINDING = "BINDING"
    COMPLETED = "COMPLETED"
    ABANDONED = "ABANDONED"

    @property
    def final(self) -> bool:
        """Whether the port-in has ended."""
        return self in FINAL_STATES


FINAL_STATES = frozenset(
    {PortState.INELIGIBLE, PortState.CANCELLED, PortState.COMPLETED, PortState.ABANDONED}
)
NEEDS_OPERATOR_STATES = frozenset(
    {PortState.INFO_REQUIRED, PortState.SUBMIT_UNKNOWN, PortState.ACTION_REQUIRED}
)
"""States in which a port-in stops until an operator or a service sends a message."""


class TimelineEntry(WireModel):
    """Who did what and when, without secrets. `vendor_message`: the message from the vendor."""

    at: datetime
    by: str
    event: str
    state: PortState
    vendor_message: str = ""


class PortInStatus(WireModel):
    """The state of a port-in, and what an operator must do.

    Attributes:
        reason: Why an operator must act: a reason code.
        remedy: What resolves it.
        fields_to_correct: The fields that a correction must set.
        needs_decision: Whether it takes an operator's decision instead of a correction.
        attention: Why an operator should check it although it waits for none.
        next_deadline: When a timer acts next (UTC); None after the end.
        unknown_statuses: How often the vendor used a status that is not mapped.
    """

    phone_number: str
    state: PortState
    order_id: str | None = None
    vendor_message: str = ""
    reason: str = ""
    remedy: str = ""
    fields_to_correct: list[str] = []
    needs_decision: bool = False
    attention: str = ""
    warnings: list[str] = []
    next_deadline: datetime | None = None
    next_deadline_name: str = ""
    rejections: int = 0
    unknown_statuses: int = 0
    activation_code: str | None = Field(None, description="eSIM activation string, LPA:1$…")
    steps: list[Step] = []
    timeline: list[TimelineEntry] = []

    @model_validator(mode="after")
    def _drop_deadline_after_end(self) -> Self:
        if self.state.final:
            self.next_deadline, self.next_deadline_name = None, ""
        return self


class PortInResult(WireModel):
    """How a port-in ended. `subscriber_id`: the subscriber to whom it has bound the number."""

    phone_number: str
    state: PortState
    order_id: str | None = None
    number_id: str | None = None
    iccid: str | None = None
    activation_code: str | None = Field(None, description="eSIM activation string, LPA:1$…")
    subscriber_id: str | None = None
    reason: str = ""
    warnings: list[str] = []
    timeline: list[TimelineEntry] = []
