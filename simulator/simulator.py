"""The simulator as one object: state, carrier, faults, logs, and a server to reach it by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulator.engine.carrier import Carrier
from simulator.engine.clock import Clock, ManualClock, RealClock
from simulator.engine.faults import FaultInjector
from simulator.engine.gates import GateRegistry
from simulator.engine.ledger import Ledger
from simulator.engine.state import SimulatorState
from simulator.http.control import control_routes
from simulator.http.request_log import RateLimit, RequestEntry
from simulator.http.server import listen
from simulator.http.tokens import TokenIssuer
from simulator.http.vendor_api import VendorApi
from simulator.options import SimulatorOptions


class Simulator:
    """A Telegent that runs here.

    `options` choose its manners; `clock` replaces the clock the options would pick, for tests
    that own the time. Use `serve()` to reach it over HTTP.
    """

    def __init__(self, options: SimulatorOptions | None = None, clock: Clock | None = None) -> None:
        self.options = options or SimulatorOptions()
        self._injected_clock = clock
        self.reset()

    def reset(self) -> None:
        """Forgets everything, tokens, faults and gates too; the carrier starts as configured."""
        options = self.options
        fresh: Clock = ManualClock() if options.manual_clock else RealClock()
        self.clock: Clock = self._injected_clock or fresh
        carrier = Carrier(options.carrier.timings, options.carrier.vocabulary)
        for number, record in options.carrier.records.items():
            carrier.set_record(number, record)
        self.state = SimulatorState(options, self.clock, carrier, Ledger(options.ledger_file))
        self.tokens = TokenIssuer(options, self.clock)
        self.faults = FaultInjector()
        self.gates = GateRegistry()
        self.requests: list[RequestEntry] = []
        self.rate_limit = (
            RateLimit(options.rate_limit, options.retry_after) if options.rate_limit else None
        )

    @property
    def ledger(self) -> Ledger:
        """The committed effects, including what became due since the last call."""
        self.state.process_due_events()
        return self.state.ledger

    @property
    def carrier(self) -> Carrier:
        """The losing carrier. What was due before a record is changed has happened already."""
        self.state.process_due_events()
        return self.state.carrier

    @property
    def api_calls(self) -> int:
        """Vendor calls received, token calls left out."""
        return len(self.requests) - self.token_calls

    @property
    def token_calls(self) -> int:
        """Token calls received."""
        return sum(entry.is_token for entry in self.requests)

    def complete_port_out(self, number: str, pin: str) -> None:
        """Lets a gaining carrier that quotes this PIN take a number away.

        Raises ValueError when the number is not in service here, or its port-out PIN is another.
        """
        self.state.process_due_events()
        held = self.state.numbers.get(number)
        if held is None or held.status != "Active" or held.port_out_pin != pin:
            raise ValueError("the number is not in service here, or its port-out PIN is another")
        del self.state.numbers[number]
        self.state.commit("portout.completed", {"number": number, "number_id": held.id})

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serves in this event loop while the block runs and gives the base URL.

        Port 0 takes a free one. Raises OSError when the address cannot be listened on.
        """
        async with listen(VendorApi(self), control_routes(self), host, port) as url:
            yield url
