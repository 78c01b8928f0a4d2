"""Port-outs: a subscriber moves to another carrier and keeps the number."""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from telegent_orchestrator._models import (
    E164,
    OperatorMessage,
    StrictModel,
    Text,
    WireModel,
    matching,
)
from telegent_orchestrator.progress import Step

PORT_OUT_WORKFLOW = "PortOutWorkflow"
REVEAL_PIN_UPDATE = "reveal_pin"
CONFIRM_DEPARTURE_UPDATE = "confirm_departure"
"""A port-out also accepts the signal or update `cancel`, and the query `status`."""

AuthenticationReference = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$",
        description="your own id of the proof that the subscriber was authenticated: "
        "no personal data",
    ),
]
Pin = Annotated[str, matching(r"^[0-9]{4,15}$", "must be 4 to 15 digits")]
"""The vendor documents no rule for PINs; its examples have 4 digits, carriers accept 4 to 15."""


class PortOutRequest(StrictModel):
    """The request that starts a PortOutWorkflow.

    Attributes:
        authentication_reference: Carriers and resellers must authenticate the subscriber before
            they let a number go (47 CFR 52.37).
        pin: What the gaining carrier must quote; by default a random one.
        pin_issue_timeout: If the PIN is not set at the vendor this long after the start, the
            port-out asks for attention and continues.
        after_port_out: What happens to `subscription_id`, if given: by default it is closed.
        by: Who requests it, for the timeline.
    """

    phone_number: E164
    authentication_reference: AuthenticationReference
    pin: Pin | None = Field(None, repr=False)
    pin_issue_timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=30))] = (
        timedelta(hours=1)
    )
    subscription_id: Text | None = None
    after_port_out: Literal["close_subscription", "keep"] | None = None
    by: Text

    @model_validator(mode="after")
    def _validate_combination(self) -> "PortOutRequest":
        if self.pin and is_weak_pin(self.pin, self.phone_number):
            raise ValueError("the pin is too easy to guess; leave it out to get a random one")
        if self.after_port_out == "close_subscription" and self.subscription_id is None:
            raise ValueError("after_port_out 'close_subscription' needs subscription_id")
        return self

    @property
    def subscription_to_close(self) -> str | None:
        """Id of the subscription to close after the number was ported out; None to close none."""
        return None if self.after_port_out == "keep" else self.subscription_id


class PortOutCancel(StrictModel):
    """A request to keep the number. `by` and `reason` appear in the timeline."""

    by: Text
    reason: Text


class RevealPin(StrictModel):
    """A request to see the PIN. `by` and `reason` appear in the timeline."""

    by: Text
    reason: Text


class ConfirmDeparture(OperatorMessage):
    """An operator's word that the number has left. `by` and `reason` appear in the timeline."""

    by: Text
    reason: Text


class PortOutPin(WireModel):
    """The PIN that the gaining carrier must quote. Secret."""

    pin: str = Field(repr=False)


class PortOutState(StrEnum):
    """State of a port-out; the search attribute `PortState` has it with the prefix `PORT_OUT_`."""

    CHECKING = "CHECKING"
    ISSUING = "ISSUING"
    ISSUE_OVERDUE = "ISSUE_OVERDUE"
    PIN_ISSUED = "PIN_ISSUED"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    CANCELLED = "CANCELLED"
    PORTED_OUT = "PORTED_OUT"
    COMPLETED = "COMPLETED"

    @property
    def search_attribute_value(self) -> str:
        """The value in the search attribute, which it shares with port-ins."""
        return f"PORT_OUT_{self.value}"


class PortOutTimelineEntry(WireModel):
    """Who did what and when, without secrets. `vendor_message`: the message from the vendor."""

    at: datetime
    by: str
    event: str
    state: PortOutState
    vendor_message: str = ""


class PortOutResult(WireModel):
    """How a port-out ended: COMPLETED or CANCELLED.

    Attributes:
        order_id: The vendor's order that set the PIN; None if its response was lost.
        ported_out_at: When a poll saw it, up to one poll interval after it happened, or an operator
            confirmed it.
    """

    phone_number: str
    state: PortOutState
    authentication_reference: str
    order_id: str | None = None
    issued_at: datetime | None = None
    ported_out_at: datetime | None = None
    closed_subscription_id: str | None = None
    reason: str = ""
    timeline: list[PortOutTimelineEntry] = []


class PortOutStatus(PortOutResult):
    """The state of a port-out, without its PIN. `attention`: what an operator should check."""

    attention: str = ""
    steps: list[Step] = []


def port_out_id(phone_number: str, id_key: str) -> str:
    """Workflow id of the port-out of a number (E.164), hashed as in `names.port_in_id`."""
    digest = hmac.new(id_key.encode(), phone_number.encode(), hashlib.sha256).hexdigest()
    return f"port-out-{digest[:24]}"


def is_weak_pin(pin: str, phone_number: str) -> bool:
    """Whether a PIN is easy to guess.

    True for fewer than three different digits, for a run (123456, 654321), for a repeated block
    (123123) and for digits of the phone number.
    """
    run = "01234567890123456789"
    repeated = pin in (pin + pin)[1:-1]
    return len(set(pin)) < 3 or pin in run or pin in run[::-1] or repeated or pin in phone_number
