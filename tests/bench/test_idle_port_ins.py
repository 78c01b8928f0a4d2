"""The benchmark of idle port-ins, with few of them."""

import pytest

from bench.idle_port_ins import measure


@pytest.mark.resilience
async def test_idle_port_ins_are_small_and_respond_after_restarts() -> None:
    found = await measure(5)

    assert max(found.events) < 60
    assert max(found.kilobytes) < 20
    asked = (found.latency, found.latency_after_stop, found.latency_after_kill)
    assert [len(answers.milliseconds) for answers in asked if answers] == [5, 5, 5]
