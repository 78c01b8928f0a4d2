"""The benchmark of throughput, with one onboarding of each system."""

from pathlib import Path

import pytest

from bench.throughput.measuring import measure
from bench.throughput.systems import SYSTEMS, SystemUnderTest


@pytest.mark.resilience
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
async def test_each_system_completes_an_onboarding_with_the_same_requests(
    system: SystemUnderTest, tmp_path: Path
) -> None:
    found = await measure(system, tmp_path, count=1, in_flight=1)

    assert found.requests == 26
    assert found.worker_cpu > 0
    assert found.memory > 0
