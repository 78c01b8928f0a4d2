"""Numbers that move in from another carrier, and out to one."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from telegent._models import E164, Iccid, Id, RequestModel, ResponseModel, Text, ZipCode
from telegent._requester import Resource

_PATH = "/v1.0/numbers/portin"

AccountNumber = Annotated[str, Field(min_length=1, repr=False)]
AccountPassword = Annotated[str, Field(min_length=1, repr=False)]


class PortEligibilityQuery(RequestModel):
    """Can this number come? `target_classification`: e.g. ``Mobile``, ``Landline``, ``mvno``."""

    phone_number: E164
    target_classification: Text


class PortBillingAddress(RequestModel):
    """The billing address as the losing carrier has it."""

    street1: Text
    street2: str | None = None
    city: Text
    state: Text
    zip: ZipCode


class PortIn(RequestModel):
    """A port-in order. Only one may be open for a number (knowledge bank).

    `current_account_password` is the account or transfer PIN. `port_in_date` is for wirelines
    (best practices, section 8.2: five to ten business days ahead). `iccid` is for a physical SIM.
    """

    port_in_number: E164
    current_carrier_name: Text
    current_account_number: AccountNumber
    current_account_password: AccountPassword
    current_billing_address: PortBillingAddress
    iccid: Annotated[Iccid | None, Field(alias="ICCID")] = None
    target_portin_classification: Literal["mvno", "iot"] | None = None
    subscriber_name: Text | None = None
    port_in_date: date | None = None


class PortInUpdate(RequestModel):
    """A correction, which sends the order to the losing carrier again."""

    order_id: Text
    current_carrier_name: Text | None = None
    current_account_number: Annotated[str | None, Field(min_length=1, repr=False)] = None
    current_account_password: Annotated[str | None, Field(min_length=1, repr=False)] = None
    current_billing_address: PortBillingAddress | None = None
    port_in_date: date | None = None
    target_portin_classification: Literal["mvno", "iot", "Mobile", "Landline"] | None = None
    subscriber_name: Text | None = None
    iccid: Annotated[Iccid | None, Field(alias="ICCID")] = None


class PortOut(RequestModel):
    """The PIN, of your own choice, that the gaining carrier must quote."""

    port_out_number: E164
    port_out_pin: Annotated[str, Field(min_length=1, repr=False, alias="PortOutPIN")]


class PortEligibility(ResponseModel):
    """Whether the number can come; `message` says why when it cannot."""

    phone_number: str | None = None
    eligible: bool
    current_carrier: str | None = None
    number_type: str | None = None
    message: str | None = None


class PortInOrder(ResponseModel):
    """The new order. Update, cancel and status go by its id, and no call finds a lost one."""

    order_id: Id
    order_date: str | None = None
    status: str | None = None
    phone_number: str | None = None
    iccid: str | None = None


class PortInUpdateResponse(ResponseModel):
    """The answer to a correction."""

    order_id: str | None = None
    status: str | None = None
    message: str | None = None


class PortInCancelResponse(ResponseModel):
    """The answer to a cancellation."""

    order_id: str | None = None
    status: str | None = None


class PortOutOrder(ResponseModel):
    """The order that stored the PIN."""

    order_id: Id
    order_date: str | None = None
    status: str | None = None
    phone_number: str | None = None


class Ports(Resource):
    """Port numbers in and out. An order is followed with `Numbers.order`."""

    async def eligibility(self, request: PortEligibilityQuery) -> PortEligibility:
        """Ask whether a number can be ported in."""
        return await self._requester.post(f"{_PATH}/eligibility", PortEligibility, request)

    async def submit(self, request: PortIn) -> PortInOrder:
        """Order a port-in."""
        return await self._requester.post(_PATH, PortInOrder, request)

    async def update(self, request: PortInUpdate) -> PortInUpdateResponse:
        """Correct an open port-in."""
        return await self._requester.post(f"{_PATH}/update", PortInUpdateResponse, request)

    async def cancel(self, order_id: str) -> PortInCancelResponse:
        """Cancel an open port-in for good."""
        return await self._requester.post(
            f"{_PATH}/cancel", PortInCancelResponse, {"OrderId": order_id}
        )

    async def port_out(self, request: PortOut) -> PortOutOrder:
        """Set the PIN for a number that will leave; a repeat sets it again."""
        return await self._requester.post("/v1.0/numbers/portout", PortOutOrder, request)
