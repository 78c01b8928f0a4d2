"""Random faults, as on a bad day at the vendor."""

import random
from collections import Counter

from simulator import Fault
from simulator.engine.faults import FaultInjector

READ_TIMEOUT = 2.0
"""Seconds that the workers of a soak wait for a response."""
LATE_DELAY = READ_TIMEOUT + 0.5

FAULT_RATES = (
    (0.025, Fault(match="*", kind="error_before", status=503)),
    (0.0125, Fault(match="*", kind="error_after", status=500)),
    (0.0125, Fault(match="*", kind="error_after", status=504)),
    (0.02, Fault(match="*", kind="429", retry_after=1)),
    (0.01, Fault(match="*", kind="delay_response", seconds=LATE_DELAY)),
    (0.01, Fault(match="*", kind="delay_effect", seconds=LATE_DELAY)),
    (0.02, Fault(match="*", kind="drop_response")),
    (0.01, Fault(match="*", kind="refuse_connection")),
    (0.005, Fault(match="*", kind="broken_json")),
    (0.0025, Fault(match="*", kind="html")),
    (0.0025, Fault(match="*", kind="empty")),
    (0.005, Fault(match="*", kind="401")),
)
"""The share of calls that each fault hits, token calls included."""


class RandomFaults(FaultInjector):
    """Injects faults at random until it is cleared.

    The same seed hits the same calls, identified by endpoint and number of earlier calls to it.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.hits: Counter[str] = Counter()
        self._seed = seed
        self._call_counts: Counter[str] = Counter()
        self._active = True

    def clear(self) -> None:
        """Inject no more faults."""
        super().clear()
        self._active = False

    def next(self, method: str, path: str) -> Fault | None:
        """The fault that hits this call, if any."""
        call = f"{method} {path}"
        self._call_counts[call] += 1
        if not self._active:
            return None
        draw = random.Random(f"{self._seed} {call} {self._call_counts[call]}").random()  # noqa: S311
        for share, fault in FAULT_RATES:
            if draw < share:
                self.hits[fault.kind] += 1
                return fault
            draw -= share
        return None
