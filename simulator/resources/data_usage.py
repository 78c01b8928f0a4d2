"""Data usage of numbers: limits, usage and renewal."""

from itertools import pairwise
from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid
from simulator.engine.fields import Body, Json, NumberItem, ResponseBody
from simulator.engine.state import Number, SimulatorState

# MB, until limits are set (changelog 1.0.1.1).
DEFAULT_LIMIT = 20
MEGABYTE = 1024**2
UNITS = ("B", "KB", "MB", "GB", "TB")
# Only 1-mbps is published in the carrier's spelling; the others follow its pattern.
CARRIER_SPEED = {
    **{f"{n}-mbps": f"thr{n * 1024}kbps" for n in (1, 5, 20, 50, 100)},
    **{f"{n}-kbps": f"thr{n}kbps" for n in (64, 128, 256, 512)},
}


class SetDataUsage(Body):
    """POST numbers/data-usage."""

    ValueUnit: Literal["MB"]
    LimitValue: int = Field(ge=1)
    NotifyValue: int | None = Field(default=None, ge=1)
    ThrottleValue: int | None = Field(default=None, ge=1)
    ThrottleSpeed: (
        Literal[
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
        | None
    ) = None
    PhoneNumbers: list[NumberItem] = Field(min_length=1)


class NumberList(Body):
    """POST numbers/data-usage/settings and numbers/data-usage/info."""

    PhoneNumbers: list[NumberItem] = Field(min_length=1)


class UpdateRenewal(Body):
    """POST numbers/data-usage/update-renewal-info."""

    PhoneNumbers: list[NumberItem] = Field(min_length=1)
    AutoRenew: bool
    PeriodType: Literal["M", "W"]
    RenewalDay: int
    ResetUsage: bool | None = None
    PeriodValue: int | None = Field(default=None, ge=1)


def set_limits(state: SimulatorState, body: SetDataUsage) -> ResponseBody:
    """Set the same limits on all numbers; Notify < Throttle < Limit, strictly."""
    _check_order(body)
    numbers = _numbers(state, body.PhoneNumbers)
    limits = body.model_dump(exclude={"PhoneNumbers"})
    for number in numbers:
        number.data_limits = limits
        state.commit("data_limits.set", {"number": number.number, **limits})
    return {
        "Status": "Complete",
        "StatusMessage": "",
        **limits,
        "PhoneNumbers": [{"Number": number.number} for number in numbers],
    }


def read_limits(state: SimulatorState, body: NumberList) -> ResponseBody:
    """Return the limits, with ThrottleSpeed in the carrier's spelling."""
    rows = []
    for number in _numbers(state, body.PhoneNumbers):
        limits = number.data_limits
        rows.append(
            {
                "Number": number.number,
                "Status": "Success",
                "StatusMessage": "",
                "NotifyValue": limits.get("NotifyValue"),
                "LimitValue": _limit(number),
                "ThrottleValue": limits.get("ThrottleValue"),
                "ThrottleSpeed": CARRIER_SPEED.get(limits.get("ThrottleSpeed") or ""),
                "ValueUnit": "MB",
            }
        )
    return {"PhoneNumbers": rows, "Status": "Complete"}


def read_usage(state: SimulatorState, body: NumberList) -> ResponseBody:
    """Return the usage, as the control API has set it."""
    rows: list[Json] = [
        {
            "Number": number.number,
            "Status": "ACTIVE",
            "StatusMessage": "",
            "Used": _amount(number.data_used),
            "Remaining": _amount(max(_limit(number) * MEGABYTE - number.data_used, 0)),
            "CurrentBehavior": _behavior(number),
        }
        for number in _numbers(state, body.PhoneNumbers)
    ]
    return {"PhoneNumbers": rows, "Status": "Complete"}


def _limit(number: Number) -> int:
    limit: int = number.data_limits.get("LimitValue", DEFAULT_LIMIT)
    return limit


def _behavior(number: Number) -> str:
    """The OAS shows Active, and calls another one "throttled"."""
    throttle = number.data_limits.get("ThrottleValue")
    throttled = throttle is not None and number.data_used >= throttle * MEGABYTE
    return "Throttled" if throttled else "Active"


def _amount(size: int) -> str:
    """The largest unit of which there is one, with at most two decimals."""
    unit = max(index for index in range(len(UNITS)) if index == 0 or size >= 1024**index)
    return f"{round(size / 1024**unit, 2):g} {UNITS[unit]}"


def set_renewal(state: SimulatorState, body: UpdateRenewal) -> ResponseBody:
    """Set when usage is reset."""
    last_day = 31 if body.PeriodType == "M" else 7
    if not 1 <= body.RenewalDay <= last_day:
        raise invalid("RenewalDay", f"RenewalDay must be from 1 to {last_day}")
    numbers = _numbers(state, body.PhoneNumbers)
    renewal = body.model_dump(exclude={"PhoneNumbers"})
    for number in numbers:
        number.renewal = renewal
        if body.ResetUsage:
            number.data_used = 0
        state.commit("renewal.set", {"number": number.number, **renewal})
    rows = [{"Number": n.number, "Status": "Success", "StatusMessage": ""} for n in numbers]
    return {"Status": "Complete", "StatusMessage": "", "PhoneNumbers": rows}


def _numbers(state: SimulatorState, items: list[NumberItem]) -> list[Number]:
    numbers = [state.active_number(item.Number) for item in items]
    for number in numbers:
        if not number.data_enabled:
            raise invalid("PhoneNumbers", f"{number.number} does not have data enabled")
    return numbers


def _check_order(body: SetDataUsage) -> None:
    steps = [
        (name, value)
        for name in ("NotifyValue", "ThrottleValue", "LimitValue")
        if (value := getattr(body, name)) is not None
    ]
    for (low_name, low), (high_name, high) in pairwise(steps):
        if low >= high:
            raise invalid(low_name, f"{low_name} must be less than {high_name}")
