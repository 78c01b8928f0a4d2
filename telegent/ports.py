"""Numbers that move in from another carrier, and out to one."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from telegent._models import (
    E164,
    Iccid,
    Id,
    OptionalText,
    RequestModel,
    ResponseModel,
    Text,
    ZipCode,
    canonical_text,
)
from telegent._requester import Requester, Resource

_PATH = "/v1.0/numbers/portin"

PortKind = Literal["wireless", "wireline", "iot"]
"""Kind of line that is ported: each has a word of its own in each call."""

AccountNumber = Annotated[str, Field(min_length=1, repr=False)]
AccountPassword = Annotated[str | None, Field(min_length=1, repr=False)]


@dataclass(frozen=True)
class PortDialect:
    """How port-in calls are worded, where the vendor's documents contradict each other.

    Attributes:
        wireless: `TargetClassification` of a mobile number in an eligibility check: ``Mobile``
            (OAS, changelog 1.0.1.1) or ``mvno`` (best practices).
        wireline: The same for a landline: ``Landline`` or ``mvno``.
        iot: The same for an IoT line, which no example shows.
        update_vocabulary: Whether `TargetPortinClassification` of a correction is worded as in the
            submit (``mvno``, ``iot``) or as in the eligibility check (example of the OAS).
        date_format: `PortInDate` as ``2026-06-01`` (OAS) or ``06/01/2026`` (best practices).
    """

    wireless: str = "Mobile"
    wireline: str = "Landline"
    iot: str = "iot"
    update_vocabulary: Literal["submit", "eligibility"] = "submit"
    date_format: Literal["iso", "us"] = "iso"

    def __post_init__(self) -> None:
        for name in ("wireless", "wireline", "iot"):
            canonical_text(getattr(self, name))

    def eligibility_word(self, kind: PortKind) -> str:
        """Return `TargetClassification` of an eligibility check."""
        return {"wireless": self.wireless, "wireline": self.wireline, "iot": self.iot}[kind]

    def update_word(self, kind: PortKind) -> str:
        """Return `TargetPortinClassification` of a correction."""
        return (
            submit_word(kind)
            if self.update_vocabulary == "submit"
            else (self.eligibility_word(kind))
        )

    def date(self, value: date | None) -> str | None:
        """Return `PortInDate`."""
        if value is None:
            return None
        return value.isoformat() if self.date_format == "iso" else value.strftime("%m/%d/%Y")


def submit_word(kind: PortKind) -> str:
    """Return `TargetPortinClassification` of a submit, an enumeration in the OAS."""
    return "iot" if kind == "iot" else "mvno"


class PortEligibilityQuery(RequestModel):
    """An eligibility check of one number."""

    phone_number: E164
    kind: PortKind


class PortBillingAddress(RequestModel):
    """The billing address on record at the losing carrier."""

    street1: Text
    street2: OptionalText | None = None
    city: Text
    state: Text
    zip: ZipCode


class PortIn(RequestModel):
    """A port-in order. Only one may be open per number (knowledge bank).

    Attributes:
        current_account_password: Account PIN or transfer PIN. The OAS requires the field, the
            vendor's server model allows null in it, which is sent for None.
        iccid: For a physical SIM; required for IoT lines.
        port_in_date: For wirelines, five to ten business days ahead (best practices, section 8.2).
    """

    port_in_number: E164
    kind: PortKind
    current_carrier_name: Text
    current_account_number: AccountNumber
    current_account_password: AccountPassword = None
    current_billing_address: PortBillingAddress
    iccid: Annotated[Iccid | None, Field(alias="ICCID")] = None
    subscriber_name: Text | None = None
    port_in_date: date | None = None

    @model_validator(mode="after")
    def _check_iot_has_sim(self) -> Self:
        if self.kind == "iot" and self.iccid is None:
            raise ValueError("iot lines need iccid")
        return self


class PortInUpdate(RequestModel):
    """A correction, with which the order is sent to the losing carrier again."""

    order_id: Text
    kind: PortKind
    current_carrier_name: Text | None = None
    current_account_number: Annotated[str | None, Field(min_length=1, repr=False)] = None
    current_account_password: AccountPassword = None
    current_billing_address: PortBillingAddress | None = None
    port_in_date: date | None = None
    subscriber_name: Text | None = None
    iccid: Annotated[Iccid | None, Field(alias="ICCID")] = None


class PortOut(RequestModel):
    """The port-out PIN of a number, which we choose and the gaining carrier must quote."""

    port_out_number: E164
    port_out_pin: Annotated[str, Field(min_length=1, repr=False, alias="PortOutPIN")]


class PortEligibility(ResponseModel):
    """Whether a number can be ported in; `message` gives the reason if it cannot."""

    phone_number: str | None = None
    eligible: bool
    current_carrier: str | None = None
    number_type: str | None = None
    message: str | None = None


class PortInOrder(ResponseModel):
    """A new order. Update, cancel and status need its id, which no call can look up."""

    order_id: Id
    order_date: str | None = None
    status: str | None = None
    phone_number: str | None = None
    iccid: str | None = None


class PortInUpdateResponse(ResponseModel):
    """Response to a correction."""

    order_id: str | None = None
    status: str | None = None
    message: str | None = None


class PortInCancelResponse(ResponseModel):
    """Response to a cancel."""

    order_id: str | None = None
    status: str | None = None


class PortOutOrder(ResponseModel):
    """The order that stores a port-out PIN."""

    order_id: str | None = None
    order_date: str | None = None
    status: str | None = None
    phone_number: str | None = None


class Ports(Resource):
    """Port numbers in and out. `Numbers.order` reads the status of an order."""

    def __init__(self, requester: Requester, dialect: PortDialect) -> None:
        super().__init__(requester)
        self._dialect = dialect

    async def eligibility(self, request: PortEligibilityQuery) -> PortEligibility:
        """Check whether a number can be ported in."""
        body = {
            "PhoneNumber": request.phone_number,
            "TargetClassification": self._dialect.eligibility_word(request.kind),
        }
        return await self._requester.post(f"{_PATH}/eligibility", PortEligibility, body)

    async def submit(self, request: PortIn) -> PortInOrder:
        """Submit a port-in."""
        body = {"CurrentAccountPassword": None, **self._body(request)}
        body["TargetPortinClassification"] = submit_word(request.kind)
        return await self._requester.post(_PATH, PortInOrder, body, secrets=request.secrets())

    async def update(self, request: PortInUpdate) -> PortInUpdateResponse:
        """Correct an open port-in. The order shows what comes of it."""
        body = self._body(request)
        body["TargetPortinClassification"] = self._dialect.update_word(request.kind)
        return await self._requester.post_set(
            f"{_PATH}/update", PortInUpdateResponse, body, secrets=request.secrets()
        )

    async def cancel(self, order_id: str) -> PortInCancelResponse:
        """Cancel an open port-in permanently. The order shows what comes of it."""
        return await self._requester.post_set(
            f"{_PATH}/cancel", PortInCancelResponse, {"OrderId": order_id}
        )

    async def port_out(self, request: PortOut) -> PortOutOrder:
        """Set the port-out PIN of a number; a repeat sets it again."""
        return await self._requester.post_set("/v1.0/numbers/portout", PortOutOrder, request)

    def _body(self, request: PortIn | PortInUpdate) -> dict[str, object]:
        body = request.body()
        del body["Kind"]
        if request.port_in_date:
            body["PortInDate"] = self._dialect.date(request.port_in_date)
        return body
