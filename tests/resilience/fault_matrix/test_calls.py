from collections import Counter

from resilience.fault_matrix.calls import CALLS, ORDER
from tests.resilience.completed_run import CompletedRun


async def test_fault_free_onboarding_sends_the_listed_calls(completed_run: CompletedRun) -> None:
    sent = Counter(f"{entry.method} {entry.path}" for entry in completed_run.requests)
    assert sent.keys() == CALLS.keys()
    assert sent.pop(ORDER) >= CALLS[ORDER]
    assert sent == {call: times for call, times in CALLS.items() if call != ORDER}
