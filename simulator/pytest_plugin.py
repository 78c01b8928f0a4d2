"""Fixtures for the tests of other projects: `pytest_plugins = ["simulator.pytest_plugin"]`.

Override `telegent_simulator_options` in a conftest to choose how the simulator behaves.
"""

from collections.abc import Iterator

import pytest

from simulator.options import SimulatorOptions
from simulator.testing import RunningSimulator, running_simulator


@pytest.fixture(scope="session")
def telegent_simulator_options() -> SimulatorOptions:
    """How the simulator behaves; by default with the resources of the examples."""
    return SimulatorOptions(examples=True)


@pytest.fixture(scope="session")
def telegent_simulator_server(
    telegent_simulator_options: SimulatorOptions,
) -> Iterator[RunningSimulator]:
    """The simulator of the session."""
    with running_simulator(telegent_simulator_options) as running:
        yield running


@pytest.fixture
def telegent_simulator(telegent_simulator_server: RunningSimulator) -> RunningSimulator:
    """A simulator as it starts, on a free port of this machine."""
    telegent_simulator_server.control.reset()
    return telegent_simulator_server
