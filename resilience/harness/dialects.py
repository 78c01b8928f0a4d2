"""The vendor's dialects: what the simulator plays, and the client's settings that match it."""

from typing import Any

from simulator import DIALECTS, CarrierSetup, SimulatorOptions
from telegent import PortDialect

ROTATION = tuple(name for name in DIALECTS if name != "default")
"""The dialects that cases take in turns: one for each of the vendor's documents."""

_ORDERS: dict[str, dict[str, Any]] = {
    "oas": {"async_provisioning": 1.0, "early_number": True},
    "knowledge-bank": {"async_provisioning": 1.0},
}
"""How orders of purchases live: named at once and complete later, or both later. In the other
dialects they are complete at once."""


def simulator_options(
    dialect: str, carrier: CarrierSetup, *, list_lag: float = 0.0, reference_lag: float = 0.0
) -> SimulatorOptions:
    """A simulator in a dialect of `DIALECTS`, whose lists and references lag by these seconds."""
    return SimulatorOptions.in_dialect(
        dialect,
        carrier=carrier,
        list_lag=list_lag,
        reference_lag=reference_lag,
        **_ORDERS.get(dialect, {}),
    )


def port_dialect(options: SimulatorOptions) -> PortDialect:
    """The client's dialect for what this simulator accepts."""
    is_us = options.port_in_date_format == "us"
    if options.target_classification == "bp":
        return PortDialect("mvno", "mvno", "iot", date_format="us" if is_us else "iso")
    return PortDialect(date_format="us" if is_us else "iso")
