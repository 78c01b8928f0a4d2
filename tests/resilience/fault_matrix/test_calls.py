from collections import Counter

from resilience.fault_matrix.calls import CALLS, ORDER
from tests.resilience.completed_run import Played


async def test_a_clean_run_makes_exactly_these_calls(clean: Played) -> None:
    made = Counter(f"{entry.method} {entry.path}" for entry in clean.requests)
    assert made.keys() == CALLS.keys()
    assert made.pop(ORDER) >= CALLS[ORDER]
    assert made == {call: times for call, times in CALLS.items() if call != ORDER}
