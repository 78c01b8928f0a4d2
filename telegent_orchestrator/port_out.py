"""Port-outs: a subscriber leaves to another carrier and takes the number along."""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from telegent_orchestrator._models import E164, StrictModel, Text, WireModel
from telegent_orchestrator.progress import Step

PORT_OUT_WORKFLOW = "PortOutWorkflow"
REVEAL_PIN_UPDATE = "reveal_pin"
"""Beside it a port-out takes the messages `cancel`, `request_cancel` and the query `status`."""

AuthenticationReference = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$",
        description="id, in your own records, of the proof that the subscriber was authenticated: "
        "no personal data",
    ),
]
Pin = Annotated[str, Field(pattern=r"^[0-9]{4,15}$")]
"""The vendor documents no rule for a PIN; its examples have four digits, carriers take 4 to 15."""


class PortOutRequest(StrictModel):
    """What a PortOutWorkflow starts from.

    `authentication_reference`: a carrier, a reseller too, must have authenticated the subscriber
    before it lets a number go (47 CFR 52.37). `pin`: what the gaining carrier will have to quote;
    chosen at random when it is left out. `pin_issue_timeout`: when the PIN is not set at the vendor
    that long after the start, the port-out asks for attention, and goes on. `after_port_out`: what
    becomes of `subscription_id`; when that is given, it is closed unless told otherwise.
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
            raise ValueError("the pin is too easy to guess; leave it out, and one is chosen")
        if self.after_port_out == "close_subscription" and self.subscription_id is None:
            raise ValueError("after_port_out 'close_subscription' needs subscription_id")
        return self

    @property
    def subscription_to_close(self) -> str | None:
        """Id of the subscription that ends when the number has left, None to end none."""
        return None if self.after_port_out == "keep" else self.subscription_id


class PortOutCancel(StrictModel):
    """A wish to keep the number: `by` and `reason` stay in the timeline."""

    by: Text
    reason: Text


class RevealPin(StrictModel):
    """Who wants to see the PIN, and why: both stay in the timeline."""

    by: Text
    reason: Text


class PortOutPin(WireModel):
    """The PIN that the gaining carrier must quote: a secret."""

    pin: str = Field(repr=False)


class PortOutState(StrEnum):
    """Where a port-out is; in the search attribute `PortState` with `PORT_OUT_` before it."""

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
        """The value in the search attribute, which port-ins use too."""
        return f"PORT_OUT_{self.value}"


class PortOutTimelineEntry(WireModel):
    """Who did what, when: no secrets. `vendor_message` are quoted as the vendor sent them."""

    at: datetime
    by: str
    event: str
    state: PortOutState
    vendor_message: str = ""


class PortOutResult(WireModel):
    """How a port-out ended: COMPLETED or CANCELLED.

    `order_id`: the vendor's order that set the PIN, None when its answer was lost. `ported_out_at`:
    when that was seen, which is up to one poll interval after it happened.
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
    """How far a port-out is, without its PIN; `attention` says what a person should look at."""

    attention: str = ""
    steps: list[Step] = []


def port_out_id(phone_number: str, id_key: str) -> str:
    """Workflow id of the port-out of a number (E.164), unreadable as in `names.port_in_id`."""
    digest = hmac.new(id_key.encode(), phone_number.encode(), hashlib.sha256).hexdigest()
    return f"port-out-{digest[:24]}"


def is_weak_pin(pin: str, phone_number: str) -> bool:
    """Whether a thief would try this PIN early.

    True for fewer than three different digits, for a run (123456, 654321), for a repeated block
    (123123) and for digits of the phone number itself.
    """
    run = "01234567890123456789"
    repeated = pin in (pin + pin)[1:-1]
    return len(set(pin)) < 3 or pin in run or pin in run[::-1] or repeated or pin in phone_number
