"""For all tests: nothing that Hypothesis tries is judged by how long it takes, Ctrl-C works, and
the files that take longest come first, so that nobody waits for them in the end."""

import signal

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("any pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any pace")

# Shells let what they run in the background ignore Ctrl-C, and so would every process of a test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = (
    "fault_matrix/test_fault_matrix.py",
    "resilience/test_crash.py",
    "port_in/test_races.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        where = (at for at, name in enumerate(LONGEST) if item.path.as_posix().endswith(name))
        return next(where, len(LONGEST))

    items.sort(key=place)
