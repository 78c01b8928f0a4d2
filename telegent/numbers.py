"""Numbers: search, provision, orders, inventory, updates and E911 addresses."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, model_validator

from telegent._models import (
    E164,
    ActiveFilter,
    AddressResponse,
    AreaCode,
    Iccid,
    Id,
    MessageType,
    NullAsEmpty,
    OptionalText,
    ProductType,
    RequestModel,
    ResponseModel,
    Text,
    WireNames,
    ZipCode,
)
from telegent._pages import paginate
from telegent._requester import Resource
from telegent._responses import raise_if_failed
from telegent.number_status import (
    NumberReactivate,
    NumberReactivateResponse,
    StatusChange,
    StatusChangeResponse,
)

NumberType = Literal["mvno", "iot"]

_PATH = "/v1.0/numbers"
_INVENTORY = f"{_PATH}/inventory"
_ACTIVATION_CODE_MARK = "LPA:"
_IOT_IS_P2P = "iot numbers are p2p only (the vendor rejects message_type a2p)"
_IOT_HAS_NO_VOICE = "iot numbers have no voice"


class AvailabilitySearch(RequestModel):
    """A search for areas with available numbers.

    The area code is tried first, then the ZIP code; without both the vendor chooses areas.
    """

    number_type: Literal["mobile"] = "mobile"
    message_type: MessageType | None = None
    message_enabled: bool
    voice_enabled: bool
    page_number: Annotated[int, Field(ge=1)] = 1
    area_code: AreaCode | None = None
    zip_code: ZipCode | None = None


class NumberProvision(RequestModel):
    """The purchase of one number, which the vendor chooses. A repeat buys a second number.

    An IoT number needs `iccid`, and has neither A2P messages nor voice (knowledge bank).

    Attributes:
        iccid: A physical SIM; without it the vendor creates an eSIM.
        assigned_subscriber_id: The only value by which a purchase can be looked up after a lost
            response.
    """

    number_type: NumberType
    message_type: MessageType
    message_enabled: bool
    voice_enabled: bool
    product_type: ProductType
    data_enabled: bool | None = None
    message_route_id: Text | None = None
    voice_route_id: Text | None = None
    area_code: AreaCode | None = None
    zip_code: ZipCode | None = None
    iccid: Annotated[Iccid | None, Field(alias="ICCID")] = None
    assigned_subscriber_id: Text | None = None
    account_id: Annotated[
        Text | None, Field(description="needed when the key has several accounts")
    ] = None

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        errors = []
        if self.number_type == "iot":
            if self.message_type == "a2p":
                errors.append(_IOT_IS_P2P)
            if self.voice_enabled or self.product_type == "Sms+Data+Voice":
                errors.append(_IOT_HAS_NO_VOICE)
            if self.iccid is None:
                errors.append("iot numbers need iccid")
        if self.message_enabled and self.message_route_id is None:
            errors.append("message_enabled needs message_route_id")
        if self.voice_enabled and self.voice_route_id is None:
            errors.append("voice_enabled needs voice_route_id")
        if errors:
            raise ValueError("; ".join(errors))
        return self


class NumberUpdate(RequestModel):
    """New values of one number. Only given fields change; voice routes take up to ten minutes."""

    number: E164
    message_enabled: bool | None = None
    voice_enabled: bool | None = None
    message_type: MessageType | None = None
    classification: Literal["MVNO", "IoT"] | None = None
    message_route_id: Text | None = None
    voice_route_id: Text | None = None
    assigned_subscriber_id: Text | None = None
    iccid: Iccid | None = None
    cnam_first_name: OptionalText | None = None
    cnam_last_name: OptionalText | None = None
    product_type: ProductType | None = None

    @model_validator(mode="after")
    def _check_iot(self) -> Self:
        if self.classification == "IoT" and self.message_type == "a2p":
            raise ValueError(_IOT_IS_P2P)
        if self.classification == "IoT" and (
            self.voice_enabled or self.product_type == "Sms+Data+Voice"
        ):
            raise ValueError(_IOT_HAS_NO_VOICE)
        return self


class E911AddressUpdate(RequestModel):
    """The address that emergency calls of a number report. It must be a valid MSAG location."""

    phone_number: E164
    street1: Text
    street2: OptionalText | None = None
    city: Text
    state: Text
    zip: ZipCode
    account_id: Annotated[
        Text | None, Field(description="needed when the key has several accounts")
    ] = None


class E911AddressUpdateResponse(ResponseModel):
    """Outcome of an update of the E911 address."""

    phone_number: str | None = None
    status: str | None = None
    status_message: str | None = None


class E911AddressResponse(ResponseModel):
    """The E911 address of a number."""

    phone_number: str | None = None
    account_id: str | None = None
    address: Annotated[AddressResponse | None, WireNames("E911Address")] = None


class AvailableArea(ResponseModel):
    """An area with stock; `ngp` is the gateway provider."""

    ngp: str | None = None
    area_code: str | None = None
    zipcode: str | None = None


class Availability(ResponseModel):
    """Result of a search: a total and areas, not numbers."""

    results_total: int | None = None
    page_number: int | None = None
    available_number_areas: list[AvailableArea] | None = None


class ProvisionedNumber(ResponseModel):
    """The order that a purchase made, and mostly the number; poll the order while it is pending.

    `qr_code` is the address of a picture; see `activation_code`.
    """

    order_id: Id
    order_date: str | None = None
    order_status: str | None = None
    phone_number: Annotated[str | None, WireNames("PhoneNumberAssigned")] = None
    number_id: Annotated[str | None, WireNames("PhoneNumberId", "Tnid")] = None
    iccid: str | None = None
    qr_code: Annotated[str | None, WireNames("QrActivationLink")] = None
    zip_code: str | None = None
    subscriber_id: str | None = None
    error_message: str | None = None


class OrderedNumber(ResponseModel):
    """A number of an order."""

    number: Id


class Order(ResponseModel):
    """An order. The vendor uses several vocabularies for `order_status`."""

    order_id: Id
    order_date: str | None = None
    order_status: str | None = None
    order_status_message: Annotated[str | None, WireNames("ErrorMessage")] = None
    order_type: str | None = None
    phone_numbers_ordered: list[OrderedNumber] | None = None

    @property
    def numbers(self) -> list[str]:
        """The ordered numbers."""
        return [ordered.number for ordered in self.phone_numbers_ordered or ()]


class Number(ResponseModel):
    """A number of the inventory."""

    number: Annotated[Id, WireNames("PhoneNumber")]
    number_id: Annotated[str | None, WireNames("Tnid", "PhoneNumberId")] = None
    order_id: str | None = None
    number_type: str | None = None
    message_enabled: bool | None = None
    message_type: str | None = None
    voice_enabled: bool | None = None
    classification: str | None = None
    message_route_id: str | None = None
    voice_route_id: str | None = None
    status: str | None = None
    original_date_purchased: str | None = None
    assigned_subscriber_id: str | None = None
    iccid: str | None = None
    cnam: str | None = None
    qr_code: Annotated[str | None, WireNames("QrActivationLink")] = None
    swaps_remaining: int | None = None
    next_swap_reset_date: str | None = None
    product_type: str | None = None
    port_out_pin: Annotated[str | None, Field(repr=False)] = None


class InventoryPage(ResponseModel):
    """One page of the inventory."""

    account_id: str | None = None
    total_results: int | None = None
    page_number: int | None = None
    phone_numbers: Annotated[list[Number], NullAsEmpty]


class NumberUpdateResponse(ResponseModel):
    """The order of an update. It does not contain the subscriber: read the number again."""

    number: str | None = None
    update_order_id: str | None = None
    update_order_date: str | None = None
    update_order_status: str | None = None
    message_route_id: str | None = None
    voice_route_id: str | None = None
    iccid: str | None = None
    product_type: str | None = None


class Numbers(Resource):
    """Search, provision, read and update numbers."""

    async def availability(self, request: AvailabilitySearch) -> Availability:
        """Search for areas with available numbers."""
        return await self._requester.post(f"{_PATH}/availability", Availability, request)

    async def provision(self, request: NumberProvision) -> ProvisionedNumber:
        """Buy one number."""
        return await self._requester.post(f"{_PATH}/provision", ProvisionedNumber, request)

    async def order(self, order_id: str) -> Order:
        """Read an order of any kind."""
        return await self._requester.get(f"{_PATH}/order", Order, {"OrderId": order_id})

    async def inventory_page(
        self,
        page_number: int = 1,
        total_numbers_requested: int | None = None,
        filter: ActiveFilter = "All",
    ) -> InventoryPage:
        """Read one page of the inventory.

        Args:
            page_number: Counted from 1.
            total_numbers_requested: Numbers per page; the vendor's default if None.
            filter: Status of the numbers.
        """
        query = {
            "PageNumber": page_number,
            "Filter": filter,
            "TotalNumbersRequested": total_numbers_requested,
        }
        return await self._requester.get(_INVENTORY, InventoryPage, query)

    def inventory(
        self,
        filter: ActiveFilter = "All",
        *,
        before_page: Callable[[], Awaitable[None]] | None = None,
    ) -> AsyncIterator[Number]:
        """Yield every number, one request per hundred.

        Args:
            filter: Status of the numbers.
            before_page: Awaited before each request, for example to send them slowly.

        Raises:
            OutcomeUnknownError: At the end, if there are fewer numbers than the stated total.
        """

        async def fetch(page: int) -> tuple[list[Number], int | None]:
            if before_page:
                await before_page()
            found = await self.inventory_page(page, 100, filter)
            return found.phone_numbers, found.total_results

        return paginate(f"GET {_INVENTORY}", fetch, lambda row: row.number)

    async def details(self, *, phone_number: str | None = None, iccid: str | None = None) -> Number:
        """Read one number, by number (E.164) or by ICCID."""
        if (phone_number is None) == (iccid is None):
            raise ValueError("expected either phone_number or iccid")
        # The OAS also has "Number"; all of the vendor's documents have "PhoneNumber".
        return await self._requester.get(
            _PATH, Number, {"PhoneNumber": phone_number, "ICCID": iccid}
        )

    async def update(self, request: NumberUpdate) -> NumberUpdateResponse:
        """Update one number."""
        return await self._requester.post_set(f"{_PATH}/update", NumberUpdateResponse, request)

    async def change_status(self, request: StatusChange) -> StatusChangeResponse:
        """Activate, park, cancel, swap or replace numbers, or swap SIMs."""
        return await self._requester.post(f"{_PATH}/status", StatusChangeResponse, request)

    async def reactivate(self, request: NumberReactivate) -> NumberReactivateResponse:
        """Reactivate a number within 30 days of its cancellation.

        Raises:
            RequestRejectedError: Also for a success whose status is a failure.
        """
        path = f"{_PATH}/reactivate"
        result = await self._requester.post(path, NumberReactivateResponse, request)
        raise_if_failed(f"POST {path}", result.status, result.status_message)
        return result

    async def e911_address(
        self, phone_number: str, account_id: str | None = None
    ) -> E911AddressResponse:
        """Read the E911 address of a number (E.164)."""
        query = {"PhoneNumber": phone_number, "AccountId": account_id}
        return await self._requester.get(f"{_PATH}/e911address", E911AddressResponse, query)

    async def set_e911_address(self, request: E911AddressUpdate) -> E911AddressUpdateResponse:
        """Set the E911 address of a number; a repeat sets the same.

        Raises:
            RequestRejectedError: Also for a success whose status is a failure.
        """
        path = f"{_PATH}/e911address/update"
        result = await self._requester.post_set(path, E911AddressUpdateResponse, request)
        raise_if_failed(f"POST {path}", result.status, result.status_message)
        return result


def parse_activation_code(qr_url: str | None) -> str | None:
    """Extract the activation code ``LPA:1$<server>$<matching id>`` from the vendor's QR URL.

    The vendor documents no field for the code: it is the ``text=`` parameter of the URL of the QR
    image. A value that is the code itself is returned unchanged.

    Returns:
        The activation code; None if `qr_url` contains none.
    """
    if not qr_url:
        return None
    if qr_url.upper().startswith(_ACTIVATION_CODE_MARK):
        return qr_url
    try:
        texts = parse_qs(urlsplit(qr_url).query).get("text", [])
    except ValueError:
        return None
    return next((text for text in texts if text.upper().startswith(_ACTIVATION_CODE_MARK)), None)
