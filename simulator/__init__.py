"""A stateful simulator of the Telegent mPaaS API, with losing carriers and fault injection."""

from simulator.engine.carrier import (
    Carrier as Carrier,
    CarrierRecord as CarrierRecord,
    CarrierTimings as CarrierTimings,
)
from simulator.engine.clock import (
    Clock as Clock,
    ManualClock as ManualClock,
    RealClock as RealClock,
)
from simulator.engine.faults import Fault as Fault
from simulator.engine.gates import Gate as Gate
from simulator.engine.ledger import Ledger as Ledger, LedgerRow as LedgerRow
from simulator.http.request_log import RequestEntry as RequestEntry
from simulator.options import (
    DIALECTS as DIALECTS,
    CarrierSetup as CarrierSetup,
    SimulatorOptions as SimulatorOptions,
)
from simulator.simulator import Simulator as Simulator
