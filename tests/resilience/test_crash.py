"""A handful of crashes, side by side: most of their time is one wait for a time-out."""

import random
from pathlib import Path

import pytest

from resilience.crash.cases import CrashCase, CrashKind, all_crashes
from resilience.crash.sweep import sweep
from resilience.oracle.invariants import InvariantReport

pytestmark = pytest.mark.resilience

SEED = 4
HANDFUL = {CrashKind.WORKER_KILLED: 2, CrashKind.WORKER_SUSPENDED: 1, CrashKind.SERVER_KILLED: 2}


@pytest.mark.timeout(1200)
async def test_crashes_lose_and_duplicate_nothing(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    chosen = [
        crash
        for kind, count in HANDFUL.items()
        for crash in rng.sample([c for c in all_crashes() if c.kind is kind], count)
    ]
    reports: dict[CrashCase, InvariantReport] = {}
    await sweep(
        chosen, directory=tmp_path, seed=SEED, lanes=len(chosen), on_result=reports.__setitem__
    )
    assert len(reports) == len(chosen)
    assert {
        str(crash): v.violations for crash, v in reports.items() if v.state == "violation"
    } == {}
