"""A number's mobile data: thresholds, what is used, when the count starts anew."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from telegent._models import Id, NullAsEmpty, NumberObjects, RequestModel, ResponseModel
from telegent._requester import Resource

ValueUnit = Literal["KB", "MB", "GB", "TB"]
ThrottleSpeed = Literal[
    "64-kbps",
    "128-kbps",
    "256-kbps",
    "512-kbps",
    "1-mbps",
    "5-mbps",
    "20-mbps",
    "50-mbps",
    "100-mbps",
]

_PATH = "/v1.0/numbers/data-usage"


class DataUsageLimits(RequestModel):
    """Thresholds in `value_unit`, the same for all numbers: notify < throttle < limit.

    The vendor's specification knows only ``MB``; older pages have the other units.
    """

    value_unit: ValueUnit
    limit_value: Annotated[int, Field(gt=0)]
    notify_value: Annotated[int | None, Field(gt=0)] = None
    throttle_value: Annotated[int | None, Field(gt=0)] = None
    throttle_speed: ThrottleSpeed | None = None
    phone_numbers: NumberObjects

    @model_validator(mode="after")
    def _check_thresholds_increase(self) -> Self:
        steps = [
            (name, value)
            for name, value in (
                ("notify_value", self.notify_value),
                ("throttle_value", self.throttle_value),
                ("limit_value", self.limit_value),
            )
            if value is not None
        ]
        errors = [
            f"{low} ({low_value}) must be less than {high} ({high_value})"
            for (low, low_value), (high, high_value) in pairwise(steps)
            if low_value >= high_value
        ]
        if errors:
            raise ValueError("; ".join(errors))
        return self


class DataRenewal(RequestModel):
    """When the count of used data starts anew: monthly (day 1-31) or weekly (day 1-7).

    `reset_usage` sets the count to zero now, and again when the call is repeated.
    """

    phone_numbers: NumberObjects
    auto_renew: bool
    period_type: Literal["M", "W"]
    renewal_day: Annotated[int, Field(ge=1, le=31)]
    reset_usage: bool | None = None
    period_value: Annotated[int | None, Field(ge=1)] = None

    @model_validator(mode="after")
    def _check_weekday(self) -> Self:
        if self.period_type == "W" and self.renewal_day > 7:
            raise ValueError("renewal_day must be 1 to 7 when period_type is W")
        return self


class _DataUsageQuery(RequestModel):
    phone_numbers: NumberObjects


class DataUsageNumber(ResponseModel):
    """One number in an answer; `throttle_speed` reads back in the carrier's words.

    `used` and `remaining` are text with a unit, e.g. ``20 MB``.
    """

    number: Id
    status: str | None = None
    status_message: str | None = None
    value_unit: str | None = None
    limit_value: int | None = None
    notify_value: int | None = None
    throttle_value: int | None = None
    throttle_speed: str | None = None
    used: str | None = None
    remaining: str | None = None
    current_behavior: str | None = None


class DataUsageResult(ResponseModel):
    """The outcome of a change, for all numbers and for each."""

    status: str | None = None
    status_message: str | None = None
    value_unit: str | None = None
    limit_value: int | None = None
    notify_value: int | None = None
    throttle_value: int | None = None
    throttle_speed: str | None = None
    phone_numbers: list[DataUsageNumber] | None = None


class _DataUsageList(ResponseModel):
    phone_numbers: Annotated[list[DataUsageNumber], NullAsEmpty]


class DataUsage(Resource):
    """Set and read data thresholds; read what is used."""

    async def set_limits(self, request: DataUsageLimits) -> DataUsageResult:
        """Set the thresholds of some numbers; a repeat sets the same."""
        return await self._requester.post(_PATH, DataUsageResult, request)

    async def settings(self, numbers: Sequence[str]) -> list[DataUsageNumber]:
        """The thresholds of some numbers (E.164)."""
        return await self._read(f"{_PATH}/settings", numbers)

    async def info(self, numbers: Sequence[str]) -> list[DataUsageNumber]:
        """What some numbers (E.164) have used and have left."""
        return await self._read(f"{_PATH}/info", numbers)

    async def set_renewal(self, request: DataRenewal) -> DataUsageResult:
        """Set when the count starts anew."""
        return await self._requester.post(f"{_PATH}/update-renewal-info", DataUsageResult, request)

    async def _read(self, path: str, numbers: Sequence[str]) -> list[DataUsageNumber]:
        request = _DataUsageQuery(phone_numbers=list(numbers))
        return (await self._requester.post(path, _DataUsageList, request)).phone_numbers
