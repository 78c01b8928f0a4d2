"""The simulator: state, carrier, faults, logs, and an HTTP server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from simulator.engine.carrier import Carrier
from simulator.engine.clock import Clock, ManualClock, RealClock
from simulator.engine.faults import FaultInjector
from simulator.engine.gates import GateRegistry
from simulator.engine.ledger import Ledger
from simulator.engine.state import SimulatorState
from simulator.examples import add_examples
from simulator.http.control import ControlApi
from simulator.http.request_log import RateLimit, RequestEntry
from simulator.http.server import listen
from simulator.http.tokens import TokenIssuer
from simulator.http.vendor_api import VendorApi
from simulator.options import SimulatorOptions
from simulator.resources.data_usage import MEGABYTE


class Simulator:
    """A simulated Telegent. Use `serve()` to make it available over HTTP.

    Args:
        options: How it behaves.
        clock: Replaces the clock that the options choose, for tests that control time.
    """

    def __init__(self, options: SimulatorOptions | None = None, clock: Clock | None = None) -> None:
        self.options = options or SimulatorOptions()
        self._injected_clock = clock
        self._issued_tokens: dict[str, tuple[str, datetime]] = {}
        self.reset()

    def reset(self) -> None:
        """Discard everything, including faults and gates, and start as configured.

        Tokens stay valid: a client that works on would otherwise meet a 401 first, and a fault that
        is injected next would hit that request.
        """
        options = self.options
        fresh: Clock = ManualClock() if options.manual_clock else RealClock()
        self.clock: Clock = self._injected_clock or fresh
        vocabulary = options.carrier.vocabulary or options.vocabulary
        carrier = Carrier(options.carrier.timings, vocabulary)
        for number, record in options.carrier.records.items():
            carrier.set_record(number, record)
        self.state = SimulatorState(options, self.clock, carrier, Ledger(options.ledger_file))
        if options.examples:
            add_examples(self.state)
        self.tokens = TokenIssuer(options, self.clock, self._issued_tokens)
        self.faults = FaultInjector()
        self.gates = GateRegistry()
        self.requests: list[RequestEntry] = []
        self.rate_limit = (
            RateLimit(options.rate_limit, options.retry_after) if options.rate_limit else None
        )

    @property
    def ledger(self) -> Ledger:
        """The committed effects, including those that are due by now."""
        self.state.process_due_events()
        return self.state.ledger

    @property
    def carrier(self) -> Carrier:
        """The losing carriers, after all events that are due by now."""
        self.state.process_due_events()
        return self.state.carrier

    @property
    def api_calls(self) -> int:
        """Number of API requests received, without token requests."""
        return len(self.requests) - self.token_calls

    @property
    def token_calls(self) -> int:
        """Number of token requests received."""
        return sum(entry.is_token for entry in self.requests)

    def complete_port_out(self, number: str, pin: str) -> None:
        """Port a number out to a gaining carrier that quotes this PIN.

        Raises:
            ValueError: The number is not in service here, or it has another port-out PIN.
        """
        self.state.process_due_events()
        held = self.state.numbers.get(number)
        if held is None or held.status != "Active" or held.port_out_pin != pin:
            raise ValueError("the number is not in service here, or it has another port-out PIN")
        del self.state.numbers[number]
        self.state.commit("portout.completed", {"number": number, "number_id": held.id})

    def use_data(self, number: str, megabytes: float) -> None:
        """Set how much data a number has used in its billing period.

        Raises:
            ValueError: The number is not in service here.
        """
        self.state.process_due_events()
        held = self.state.numbers.get(number)
        if held is None or held.status != "Active":
            raise ValueError("the number is not in service here")
        held.data_used = round(megabytes * MEGABYTE)

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serve in this event loop while the block runs.

        Args:
            host: Address to listen on.
            port: Port to listen on; 0 for a free one.

        Yields:
            The base URL.

        Raises:
            OSError: The address is not available.
        """
        async with listen(VendorApi(self), ControlApi(self).routes(), host, port) as url:
            yield url
