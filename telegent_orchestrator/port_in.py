"""Port-ins: bringing a number from the carrier that loses it, over days."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from telegent_orchestrator._payload import E164, Iccid, Payload, Request, Text, ZipCode
from telegent_orchestrator.progress import Step

MessageType = Literal["a2p", "p2p"]
"""Application-to-person (business messaging) or person-to-person."""


class LosingAddress(Request):
    """The billing address on the losing carrier's account, spelled as on its bill."""

    street1: Text
    street2: Text | None = None
    city: Text
    state: Text
    zip: ZipCode


AccountNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,30}$")]
TransferPin = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{4,15}$")]


class PortInDetails(Request):
    """The number and what the losing carrier has on record about it.

    `account_number` and `account_pin` are secrets: they are shown nowhere and, when the worker
    has a key, stored encrypted. `iccid` only for a physical SIM. `port_in_date` only for
    wirelines.
    """

    phone_number: E164
    losing_carrier: Text
    account_number: AccountNumber = Field(repr=False)
    account_pin: TransferPin = Field(repr=False)
    billing_address: LosingAddress
    subscriber_name: Text | None = None
    iccid: Iccid | None = None
    classification: Literal["mvno", "iot"] = "mvno"
    port_in_date: date | None = None


class PortInCorrection(Request):
    """New values for what the losing carrier refused; fields left out keep their last value."""

    losing_carrier: Text | None = None
    account_number: AccountNumber | None = Field(None, repr=False)
    account_pin: TransferPin | None = Field(None, repr=False)
    billing_address: LosingAddress | None = None
    subscriber_name: Text | None = None
    iccid: Iccid | None = None
    port_in_date: date | None = None
    by: Text = Field(description="who sends this: stays in the timeline")

    @model_validator(mode="after")
    def _something_changes(self) -> "PortInCorrection":
        if not self.fields:
            raise ValueError(
                "a correction needs at least one of: " + ", ".join(sorted(CORRECTABLE))
            )
        return self

    @property
    def fields(self) -> set[str]:
        """Names of the fields that this correction gives a value."""
        return {name for name in CORRECTABLE if getattr(self, name) is not None}


CORRECTABLE = frozenset(PortInCorrection.model_fields) - {"by"}


class PortInCancel(Request):
    """A wish to cancel: `by` and `reason` stay in the timeline."""

    by: Text
    reason: Text


class AttachOrder(Request):
    """The vendor's order id of a port-in whose submit was never answered."""

    order_id: Text
    by: Text
    reason: Text


class NumberBinding(Payload):
    """What a ported number is bound to when it arrives."""

    account_id: str
    subscriber_id: str
    product_type: str
    message_type: MessageType
    message_route_id: str | None = None
    voice_route_id: str | None = None


class PortInRequest(Request):
    """What a PortInWorkflow starts from.

    With `bind`, the number is put into service as soon as it has arrived. `look_first`: an
    earlier run may have completed, so look whether the number is here already.
    """

    details: PortInDetails
    bind: NumberBinding | None = None
    look_first: bool = False


class PortState(StrEnum):
    """Where a port-in is. Our words; the vendor's three vocabularies are mapped onto them."""

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

    @property
    def final(self) -> bool:
        """Whether the port-in never leaves this state."""
        return self in (PortState.INELIGIBLE, PortState.CANCELLED, PortState.COMPLETED)


class TimelineEntry(Payload):
    """Who did what, when: no secrets. `vendor_words` are quoted as the vendor sent them."""

    at: datetime
    by: str
    what: str
    state: PortState
    vendor_words: str = ""


class PortInStatus(Payload):
    """How far a port-in is; when a person must act, what and with which fields."""

    phone_number: str
    state: PortState
    order_id: str | None = None
    vendor_words: str = ""
    reason: str = ""
    remedy: str = ""
    fields_to_correct: list[str] = []
    steps: list[Step] = []
    timeline: list[TimelineEntry] = []


class PortInResult(Payload):
    """How a port-in ended."""

    phone_number: str
    state: PortState
    order_id: str | None = None
    number_id: str | None = None
    iccid: str | None = None
    reason: str = ""
    timeline: list[TimelineEntry] = []
