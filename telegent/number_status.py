"""Requests and responses of `Numbers.change_status` and `Numbers.reactivate`."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from telegent._models import (
    E164,
    AreaCode,
    Iccid,
    Id,
    RequestModel,
    ResponseModel,
    Text,
    UsDate,
    WireNames,
    ZipCode,
)

StatusChangeKind = Literal["activate", "cancel", "swap", "swap-sim", "replace", "park"]


class StatusChangeNumber(RequestModel):
    """A number whose status changes; `iccid` is the new SIM of a swap-sim."""

    number: E164
    iccid: Annotated[Iccid | None, Field(alias="ICCID")] = None


class StatusChange(RequestModel):
    """A status change. ``park`` suspends and is undone by ``activate``; ``cancel`` is final.

    ``swap``, ``replace`` and ``swap-sim`` each use one of the number's swaps, also when repeated.

    Attributes:
        effective_date: The operator's date; the vendor documents no time zone.
    """

    status_change: StatusChangeKind
    effective_date: UsDate
    phone_numbers: Annotated[list[StatusChangeNumber], Field(min_length=1)]
    area_code: AreaCode | None = None
    zip_code: ZipCode | None = None

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        errors = []
        kind = self.status_change
        if kind not in ("swap", "replace") and (self.area_code or self.zip_code):
            errors.append(f"area_code and zip_code are for swap and replace, not for {kind}")
        if kind != "swap-sim" and any(number.iccid for number in self.phone_numbers):
            errors.append(f"iccid is for swap-sim, not for {kind}")
        if errors:
            raise ValueError("; ".join(errors))
        return self


class NumberReactivate(RequestModel):
    """Reactivation of a number that was cancelled at most 30 days ago."""

    phone_number: E164
    account_id: Annotated[
        Text | None, Field(description="needed when the key has several accounts")
    ] = None


class ChangedNumber(ResponseModel):
    """A number after its status change; `new_number` after a swap or a replacement."""

    number: Annotated[str | None, WireNames("OriginalNumber")] = None
    new_number: str | None = None
    qr_code: Annotated[str | None, WireNames("QrActivationLink")] = None
    charge_fee: Annotated[Decimal | None, WireNames("ChangeFee")] = None


class StatusChangeResponse(ResponseModel):
    """The order of a status change. Only the response to ``activate`` is documented."""

    order_id: Id
    order_date: str | None = None
    order_status: str | None = None
    change_type: str | None = None
    effective_date: str | None = None
    numbers: Annotated[list[ChangedNumber] | None, WireNames("NumbersChange", "NumbersChanged")] = (
        None
    )


class NumberReactivateResponse(ResponseModel):
    """The state of a reactivation; the values of `status` are not documented."""

    phone_number: str | None = None
    account_id: str | None = None
    status: str | None = None
    status_message: str | None = None
