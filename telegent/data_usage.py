"""Mobile data of a number: limits, usage and renewal."""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from telegent._models import Id, NullAsEmpty, NumberObjects, RequestModel, ResponseModel
from telegent._requester import Resource
from telegent._responses import raise_if_failed

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
_AMOUNT = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ?(B|KB|MB|GB|TB)", re.IGNORECASE | re.ASCII)
_BYTES = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}


class DataUsageLimits(RequestModel):
    """Limits in `value_unit`, the same for all numbers: notify < throttle < limit.

    The OAS knows only ``MB``; older pages and the knowledge bank have the other units.
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
    """When usage is reset: monthly (day 1-31) or weekly (day 1-7).

    Attributes:
        reset_usage: Also reset usage now. A repeat resets it again.
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
    """One number of a response.

    Attributes:
        throttle_speed: In the carrier's spelling, e.g. ``thr1024kbps`` for ``1-mbps``.
        used: With a unit, e.g. ``20 MB``.
        remaining: With a unit.
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

    @property
    def used_bytes(self) -> int | None:
        """`used` in bytes; None if it is missing, or not an amount as in the documents."""
        return _to_bytes(self.used)

    @property
    def remaining_bytes(self) -> int | None:
        """`remaining` in bytes; None as for `used_bytes`."""
        return _to_bytes(self.remaining)


def _to_bytes(amount: str | None) -> int | None:
    """The documents show ``0 B`` and ``20 MB``, and name KB, GB and TB; their base is 1,024."""
    found = _AMOUNT.fullmatch(amount.strip()) if amount else None
    if found is None:
        return None
    return round(Decimal(found[1]) * _BYTES[found[2].upper()])


class DataUsageResult(ResponseModel):
    """Outcome of a change, for all numbers together and for each."""

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
    """Set and read data limits; read usage."""

    async def set_limits(self, request: DataUsageLimits) -> DataUsageResult:
        """Set the limits of numbers; a repeat sets the same."""
        return await self._set(_PATH, request)

    async def settings(self, numbers: Sequence[str]) -> list[DataUsageNumber]:
        """Read the limits of numbers (E.164)."""
        return await self._read(f"{_PATH}/settings", numbers)

    async def info(self, numbers: Sequence[str]) -> list[DataUsageNumber]:
        """Read the usage of numbers (E.164)."""
        return await self._read(f"{_PATH}/info", numbers)

    async def set_renewal(self, request: DataRenewal) -> DataUsageResult:
        """Set when usage is reset."""
        return await self._set(f"{_PATH}/update-renewal-info", request)

    async def _set(self, path: str, request: DataUsageLimits | DataRenewal) -> DataUsageResult:
        """Raises RequestRejectedError for a success whose status is a failure."""
        result = await self._requester.post_set(path, DataUsageResult, request)
        for part in (result, *(result.phone_numbers or ())):
            raise_if_failed(f"POST {path}", part.status, part.status_message)
        return result

    async def _read(self, path: str, numbers: Sequence[str]) -> list[DataUsageNumber]:
        request = _DataUsageQuery(phone_numbers=list(numbers))
        return (await self._requester.post(path, _DataUsageList, request)).phone_numbers
