"""The simulator of port-ins: with any vocabulary, and a clock that a test may turn."""

import pytest

from simulator import CarrierSetup, SimulatorOptions
from simulator.engine.carrier import Vocabulary
from tests.harness import FAST_TIMINGS


@pytest.fixture
def vocabulary() -> Vocabulary:
    return "kb"


@pytest.fixture
def manual_clock() -> bool:
    return False


@pytest.fixture
def options(vocabulary: Vocabulary, manual_clock: bool) -> SimulatorOptions:
    carrier = CarrierSetup(timings=FAST_TIMINGS, vocabulary=vocabulary)
    return SimulatorOptions(carrier=carrier, manual_clock=manual_clock)
