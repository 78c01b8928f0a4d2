"""An adversarial vendor: its words flicker, its lists are shuffled, its orders contradict."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from copy import copy
from datetime import datetime
from typing import Any

from resilience.harness.customer import Customer
from simulator import DIALECTS, CarrierTimings, Simulator
from simulator.engine.carrier import ORDER_STATUSES, Carrier, Phase
from simulator.engine.clock import Clock
from simulator.engine.ledger import Ledger
from simulator.engine.state import SimulatorState
from simulator.examples import add_examples
from simulator.options import SimulatorOptions

LAG = 5.0
"""Seconds that lists and references lag at the most."""
MOOD_SECONDS = (3.0, 20.0)
"""How long the vendor speaks one dialect."""
TIMINGS = CarrierTimings(acknowledge_after=10, decide_after=40, complete_after=90)
MAX_CARRIER_DELAY = 60.0
SHAPES = (
    "error_body",
    "relations_envelope",
    "filter_list_envelope",
    "empty_success",
    "report_routes_disabled",
    "purchase_statuses",
    "reference_status",
    "scope_status",
)
"""Options that change at any time. The others of a dialect need a setting of the client, or would
hide accounts."""
PURCHASE_OUTCOMES = {"complete": 20, "failed": 1, "cancelled": 1, "no_number": 1, "other_number": 1}
UNKNOWN_WORDS = ("Reviewing", "PENDING_PARTNER", "In progress (2)")


class FickleCarrier(Carrier):
    """Shows another word, phase and message at every read, as long as an order is open.

    Attributes:
        reads: When orders of port-ins were read.
        shown: What was shown although it was not so, by kind.
    """

    def __init__(self, rng: random.Random, clock: Clock) -> None:
        super().__init__(TIMINGS, "kb")
        self.reads: list[datetime] = []
        self.shown: Counter[str] = Counter()
        self._rng = rng
        self._clock = clock
        self._last: dict[str, Phase] = {}
        self.quiescent = False

    def shown_phase(self, number: str, phase: Phase, polls: int) -> tuple[Phase, str | None]:
        """Record the read, and show the phase or something else."""
        self.reads.append(self._clock.now())
        if self.quiescent or phase in ("complete", "cancelled"):
            return phase, None
        shown = self._contradiction(number, phase)
        if shown != phase:
            self.shown[f"{phase} shown as {shown}"] += 1
        self._last[number] = shown
        return shown, None if shown == "rejected" else f"Attempt {polls} of {polls + 7}"

    def order_status(self, phase: Phase) -> str:
        """A word of any vocabulary, or while the order is open an unknown one."""
        if (
            not self.quiescent
            and phase in ("submitted", "acknowledged")
            and self._rng.random() < 0.1
        ):
            self.shown["unknown status"] += 1
            return self._rng.choice(UNKNOWN_WORDS)
        vocabulary = "kb" if self.quiescent else self._rng.choice(list(ORDER_STATUSES))
        return ORDER_STATUSES[vocabulary][phase]

    def _contradiction(self, number: str, phase: Phase) -> Phase:
        """A phase that may not be the order's. An end that is none is never shown twice running."""
        draw = self._rng.random()
        if phase == "rejected":
            return "acknowledged" if draw < 0.2 else phase
        may_end = self._last.get(number) not in ("cancelled", "complete")
        if draw < 0.1 and may_end:
            return "cancelled"
        if draw < 0.15 and may_end and phase == "scheduled":
            return "complete"
        return self._rng.choice(("submitted", "acknowledged", "scheduled"))


class FickleState(SimulatorState):
    """Lists that are late or not, in another order each time."""

    rng: random.Random

    def lagged_view(self) -> SimulatorState:
        """The present or the past, shuffled."""
        view = copy(super().lagged_view() if self.rng.random() < 0.5 else self)
        for name in self._tables:
            rows = list(getattr(view, name).items())
            self.rng.shuffle(rows)
            setattr(view, name, dict(rows))
        return view


class AdversarialVendor:
    """A simulator whose behaviour changes every few seconds, with its own random sequence.

    Attributes:
        simulator: Serves the API.
        carrier: The losing carriers.
        moods: How often the dialect has changed.
    """

    def __init__(self, seed: int, rate_limit: int) -> None:
        self._rng = random.Random(f"{seed} vendor")  # noqa: S311 - the same seed, the same deeds
        self._options = SimulatorOptions(
            rate_limit=rate_limit, list_lag=LAG, reference_lag=LAG, id_spelling="mixed"
        )
        self.moods = 0
        self.simulator = Simulator(self._options)
        self.carrier = FickleCarrier(self._rng, self.simulator.clock)
        state = FickleState(self._options, self.simulator.clock, self.carrier, Ledger())
        state.rng = self._rng
        self.simulator.state = state
        add_examples(state)

    def add(self, customer: Customer) -> None:
        """Let the losing carrier know a customer, and take its time."""
        delay = self._rng.uniform(0, MAX_CARRIER_DELAY)
        record = customer.record.model_copy(update={"delay": delay})
        self.carrier.set_record(customer.number, record)

    async def change_moods(self) -> None:
        """Speak another dialect every few seconds, until cancelled; then speak one."""
        try:
            while True:
                self._behave(_mood(self._rng))
                self.moods += 1
                await asyncio.sleep(self._rng.uniform(*MOOD_SECONDS))
        finally:
            self.carrier.quiescent = True
            self._behave({})

    def _behave(self, changes: Mapping[str, Any]) -> None:
        options = self._options.model_copy(update=dict(changes))
        self.simulator.options = self.simulator.state.options = options


def _mood(rng: random.Random) -> dict[str, Any]:
    dialect = DIALECTS[rng.choice(list(DIALECTS))]
    (outcome,) = rng.choices(list(PURCHASE_OUTCOMES), list(PURCHASE_OUTCOMES.values()))
    return {
        **{name: value for name, value in dialect.items() if name in SHAPES},
        "repeat_rows": rng.random() < 0.5,
        "early_number": rng.random() < 0.5,
        "async_provisioning": rng.choice([None, 2.0, 20.0]),
        "reference_lag": rng.choice([0.0, LAG]),
        "purchase_outcome": outcome,
    }
