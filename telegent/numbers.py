"""Numbers: search the stock, buy, follow the order, read the inventory, change, reactivate."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from telegent._models import (
    E164,
    ActiveFilter,
    AreaCode,
    Iccid,
    Id,
    MessageType,
    NullAsEmpty,
    ProductType,
    RequestModel,
    ResponseModel,
    Text,
    WireNames,
    ZipCode,
)
from telegent._requester import Resource, paginate
from telegent.number_status import (
    NumberReactivate,
    NumberReactivateResponse,
    StatusChange,
    StatusChangeResponse,
)

NumberType = Literal["mvno", "iot"]

_PATH = "/v1.0/numbers"
_INVENTORY = f"{_PATH}/inventory"
_IOT_IS_P2P = "iot numbers are p2p only (message_type a2p is refused by the vendor)"


class AvailabilitySearch(RequestModel):
    """A search for areas with stock. The area code is tried first; neither means anywhere."""

    number_type: Literal["mobile"] = "mobile"
    message_type: MessageType | None = None
    message_enabled: bool
    voice_enabled: bool
    page_number: Annotated[int, Field(ge=1)] = 1
    area_code: AreaCode | None = None
    zip_code: ZipCode | None = None


class NumberProvision(RequestModel):
    """The purchase of one number, which the vendor picks. A repeat buys a second number.

    `iccid` names a physical SIM; without it the vendor makes an eSIM. `assigned_subscriber_id`
    is the only value by which a purchase whose answer was lost can be found again.
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
        if self.number_type == "iot" and self.message_type == "a2p":
            errors.append(_IOT_IS_P2P)
        if self.message_enabled and self.message_route_id is None:
            errors.append("message_enabled needs message_route_id")
        if self.voice_enabled and self.voice_route_id is None:
            errors.append("voice_enabled needs voice_route_id")
        if errors:
            raise ValueError("; ".join(errors))
        return self


class NumberUpdate(RequestModel):
    """New values for one number; only what is given changes. Voice routes take ten minutes."""

    number: E164
    message_enabled: bool | None = None
    voice_enabled: bool | None = None
    message_type: MessageType | None = None
    classification: Literal["MVNO", "IoT"] | None = None
    message_route_id: Text | None = None
    voice_route_id: Text | None = None
    assigned_subscriber_id: Text | None = None
    iccid: Iccid | None = None
    cnam_first_name: str | None = None
    cnam_last_name: str | None = None
    product_type: ProductType | None = None

    @model_validator(mode="after")
    def _check_iot_is_p2p(self) -> Self:
        if self.classification == "IoT" and self.message_type == "a2p":
            raise ValueError(_IOT_IS_P2P)
        return self


class AvailableArea(ResponseModel):
    """An area with stock; `ngp` is the gateway provider."""

    ngp: str | None = None
    area_code: str | None = None
    zipcode: str | None = None


class Availability(ResponseModel):
    """What a search found: a total and areas, not numbers."""

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
    """An order's state. The vendor uses several vocabularies for `order_status`."""

    order_id: Id
    order_date: str | None = None
    order_status: str | None = None
    order_status_message: str | None = None
    order_type: str | None = None
    phone_numbers_ordered: list[OrderedNumber] | None = None

    @property
    def numbers(self) -> list[str]:
        """The numbers ordered."""
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
    """The order that a change made. The subscriber is not echoed: read the number again."""

    number: str | None = None
    update_order_id: str | None = None
    update_order_date: str | None = None
    update_order_status: str | None = None
    message_route_id: str | None = None
    voice_route_id: str | None = None
    iccid: str | None = None
    product_type: str | None = None


class Numbers(Resource):
    """Search, buy, read and change numbers."""

    async def availability(self, request: AvailabilitySearch) -> Availability:
        """Search the stock."""
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
        """One page of the inventory, counted from 1; without a size, the vendor's own."""
        query = {
            "PageNumber": page_number,
            "Filter": filter,
            "TotalNumbersRequested": total_numbers_requested,
        }
        return await self._requester.get(_INVENTORY, InventoryPage, query)

    def inventory(self, filter: ActiveFilter = "All") -> AsyncIterator[Number]:
        """Every number, page by page; one request for each hundred.

        Raises `OutcomeUnknownError` at the end when fewer came than the vendor counts.
        """

        async def fetch(page: int) -> tuple[list[Number], int | None]:
            found = await self.inventory_page(page, 100, filter)
            return found.phone_numbers, found.total_results

        return paginate(f"GET {_INVENTORY}", fetch, lambda row: row.number)

    async def details(self, *, phone_number: str | None = None, iccid: str | None = None) -> Number:
        """Read one number, by the number (E.164) or by its SIM."""
        if (phone_number is None) == (iccid is None):
            raise ValueError("give either phone_number or iccid")
        # OAS also has "Number"; "PhoneNumber" is the name that every one of its documents has.
        return await self._requester.get(
            _PATH, Number, {"PhoneNumber": phone_number, "ICCID": iccid}
        )

    async def update(self, request: NumberUpdate) -> NumberUpdateResponse:
        """Change one number."""
        return await self._requester.post(f"{_PATH}/update", NumberUpdateResponse, request)

    async def change_status(self, request: StatusChange) -> StatusChangeResponse:
        """Activate, park, cancel, swap or replace numbers."""
        return await self._requester.post(f"{_PATH}/status", StatusChangeResponse, request)

    async def reactivate(self, request: NumberReactivate) -> NumberReactivateResponse:
        """Bring back a number within 30 days of its cancellation."""
        return await self._requester.post(f"{_PATH}/reactivate", NumberReactivateResponse, request)
