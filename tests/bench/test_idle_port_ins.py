"""The benchmark of idle port-ins, with few of them."""

import pytest

from bench.idle_port_ins import measure


@pytest.mark.resilience
async def test_idle_port_ins_are_small_and_respond_after_restarts() -> None:
    found = await measure(5)

    assert max(found.events) < 60
    assert max(found.kilobytes) < 20
    measured = (found.latency, found.latency_after_stop, found.latency_after_kill)
    assert [len(latencies.milliseconds) for latencies in measured if latencies] == [5, 5, 5]
