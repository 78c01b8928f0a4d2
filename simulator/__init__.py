"""A Telegent mPaaS that runs on a laptop: stateful, with a slow carrier and lost answers."""

from simulator.engine.carrier import Carrier, CarrierRecord, CarrierTimings
from simulator.engine.clock import Clock, ManualClock, RealClock
from simulator.engine.faults import Fault
from simulator.engine.gates import Gate
from simulator.engine.ledger import Ledger, LedgerRow
from simulator.http.request_log import RequestEntry
from simulator.options import CarrierSetup, SimulatorOptions
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
