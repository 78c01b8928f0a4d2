"""A Telegent mPaaS that runs on a laptop: stateful, with a slow carrier and lost answers."""

from simulator.carrier import Carrier, CarrierRecord, CarrierTimings
from simulator.clock import Clock, ManualClock, RealClock
from simulator.faults import Fault
from simulator.gates import Gate
from simulator.ledger import Ledger, LedgerRow
from simulator.options import CarrierSetup, SimulatorOptions
from simulator.requests import RequestEntry
from simulator.simulator import Simulator

__all__ = [
    "Carrier",
    "CarrierRecord",
    "CarrierSetup",
    "CarrierTimings",
    "Clock",
    "Fault",
    "Gate",
    "Ledger",
    "LedgerRow",
    "ManualClock",
    "RealClock",
    "RequestEntry",
    "Simulator",
    "SimulatorOptions",
]
